import type { Counts } from './traffic.ts';

export interface ProgressLine {
  say: (text: string) => void;
  start: () => void;
  end: (how: string) => void;
}

/** One line that keeps itself up to date in a terminal; elsewhere a new line every ten seconds. */
export function progress(output: NodeJS.WriteStream, leads: number, counts: Counts): ProgressLine {
  const terminal = output.isTTY;
  let timer: NodeJS.Timeout | undefined;
  const text = (): string =>
    `demo: ${counts.submitted}/${leads} leads, ${counts.confirmed} confirmed, ${counts.approved} approved, ` +
    `${counts.read} read, ${counts.accepted} accepted, ${counts.reported} reported, ${counts.refunded} refunded`;
  const write = (line: string): void => {
    output.write(terminal ? `\r\u001b[K${line}` : `${line}\n`);
  };
  return {
    say: (what) => write(`demo: ${what}`),
    start: () => {
      write(text());
      timer = setInterval(() => write(text()), terminal ? 500 : 10_000);
      timer.unref();
    },
    end: (how) => {
      clearInterval(timer);
      write(`${text()}, ${how}`);
      if (terminal) output.write('\n');
    },
  };
}
