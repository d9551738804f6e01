import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  /** By lower-case name. */
  headers: ReadonlyMap<string, string>;
  body: string;
}

/**
 * Sends bytes as they are, and reads until the server closes the connection (or `patienceMs` are over).
 * @returns everything that came back, and the HTTP answers in it
 */
export async function sendRaw(
  port: number,
  bytes: string | Uint8Array,
  { end = false, patienceMs = 5_000 }: { end?: boolean; patienceMs?: number } = {},
): Promise<{ text: string; answers: RawAnswer[]; closed: boolean }> {
  const chunks: Buffer[] = [];
  const closed = await new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const impatience = setTimeout(() => {
      socket.destroy();
      resolve(false);
    }, patienceMs);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // The server may close while we still write; what it said before counts.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(impatience);
      resolve(true);
    });
    if (end) socket.end(bytes);
    else socket.write(bytes);
  });
  const text = Buffer.concat(chunks).toString('latin1');
  return { text, answers: parseAnswers(text), closed };
}

/** Splits a stream of answers that all say their length. */
export function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  while (rest.startsWith('HTTP/')) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) break;
    const [statusLine = '', ...lines] = rest.slice(0, headEnd).split('\r\n');
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const length = Number(headers.get('content-length') ?? 0);
    const body = rest.slice(headEnd + 4, headEnd + 4 + length);
    answers.push({ status: Number(statusLine.split(' ')[1]), headers, body });
    rest = rest.slice(headEnd + 4 + length);
  }
  return answers;
}

/** A request as text, with `Host` and `Connection: close` unless `headers` say otherwise. */
export function rawRequest(
  line: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {},
): string {
  const all: Record<string, string> = { Host: 'test', Connection: 'close', ...headers };
  if (body !== undefined) all['Content-Length'] ??= String(Buffer.byteLength(body));
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`;
}
