import { logLine, type LogEvent, type LogLine } from '../../contract/log.ts';
import { createLogger, type Logger } from '../../src/platform/logging/logger.ts';

export interface CapturedLog {
  logger: Logger;
  /** All lines so far, each checked against the schema of log lines. */
  lines: () => LogLine[];
  /** The lines of one event. */
  find: (event: LogEvent) => LogLine[];
  /** Everything as it was written, to look for what must not be in it. */
  text: () => string;
}

/** A real logger whose lines are kept. A line that does not fit the schema fails the test. */
export function captureLog(level: 'debug' | 'info' = 'debug'): CapturedLog {
  const written: string[] = [];
  const logger = createLogger({
    level,
    role: 'api',
    version: '0.0.0-test',
    destination: {
      write: (line: string) => {
        logLine.parse(JSON.parse(line));
        written.push(line);
      },
    },
  });
  const lines = (): LogLine[] => written.map((line) => logLine.parse(JSON.parse(line)));
  return {
    logger,
    lines,
    find: (event) => lines().filter((line) => line.event === event),
    text: () => written.join(''),
  };
}
