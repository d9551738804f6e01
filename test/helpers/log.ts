import { logLine, type LogEvent, type LogLine } from '../../contract/log.ts';
import { createLogger, type Logger } from '../../src/platform/logging/logger.ts';

export interface CapturedLog {
  logger: Logger;
  /** All lines so far. */
  lines: () => LogLine[];
  /** The lines of one event. */
  find: (event: LogEvent) => LogLine[];
  /** Everything as it was written, to look for what must not be in it. */
  text: () => string;
}

/**
 * A real logger whose lines are kept. Each is checked against the schema of log lines: one that does not fit
 * throws at whoever logs it and at whoever reads the log, and fails the test file if both kept silent.
 */
export function captureLog(level: 'debug' | 'info' = 'debug'): CapturedLog {
  const written: string[] = [];
  const lines: LogLine[] = [];
  let misfit: Error | undefined;
  let toldMisfit = false;

  const write = (line: string): void => {
    written.push(line);
    try {
      lines.push(logLine.parse(JSON.parse(line)));
    } catch (cause) {
      misfit ??= new Error(`This log line is not as contract/log.ts says: ${line}`, { cause });
      process.once('exit', () => {
        if (toldMisfit) return;
        process.stderr.write(`${String(misfit)}\n`);
        process.exitCode = 1;
      });
      throw misfit;
    }
  };
  const checked = (): LogLine[] => {
    if (misfit === undefined) return [...lines];
    toldMisfit = true;
    throw misfit;
  };
  return {
    logger: createLogger({ level, role: 'api', version: '0.0.0-test', destination: { write } }),
    lines: checked,
    find: (event) => checked().filter((line) => line.event === event),
    text: () => written.join(''),
  };
}
