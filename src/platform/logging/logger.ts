/** Structured JSON logs (Epic 12, "Logging"): one line per event, in the shape of `contract/log.ts`. */
import { pino, stdTimeFunctions, type DestinationStream, type Logger as Pino } from 'pino';
import type { CorrelationId } from '../../../contract/ids.ts';
import type { LogEvent, LogLevel, ProcessRole } from '../../../contract/log.ts';
import { describeError, type ErrorDescription } from './describe-error.ts';
import { redact } from './redact.ts';

export type Metadata = Record<string, unknown>;

/**
 * Tells events. `metadata` is redacted before it is written; `error` becomes the line's `error` object
 * with class, message and stack. A logger never throws.
 */
export interface Logger {
  debug: (event: LogEvent, metadata?: Metadata, error?: unknown) => void;
  info: (event: LogEvent, metadata?: Metadata, error?: unknown) => void;
  warn: (event: LogEvent, metadata?: Metadata, error?: unknown) => void;
  error: (event: LogEvent, metadata?: Metadata, error?: unknown) => void;
  fatal: (event: LogEvent, metadata?: Metadata, error?: unknown) => void;
  /** The same logger for what one request caused. */
  withCorrelation: (id: CorrelationId | null) => Logger;
  /** Lets a hot path skip building metadata that nobody will read. */
  isEnabled: (level: LogLevel) => boolean;
}

export interface LoggerOptions {
  level: LogLevel;
  role: ProcessRole;
  version: string;
  /** Where lines go. Default: standard output, written synchronously so that none is lost at exit. */
  destination?: DestinationStream;
}

export function createLogger(options: LoggerOptions): Logger {
  const base = pino(
    {
      level: options.level,
      base: { role: options.role, version: options.version, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.destination ?? standardOutput(),
  );
  return wrap(base, null);
}

/** Lines kept for a full disk to take them later; beyond it they are dropped. */
const MAX_PENDING_BYTES = 1_048_576;

function standardOutput(): DestinationStream {
  const destination = pino.destination({ dest: 1, sync: true, maxLength: MAX_PENDING_BYTES });
  // Without a listener a full disk or a closed pipe would throw at whoever logs.
  destination.on('error', () => undefined);
  return destination;
}

function wrap(base: Pino, correlationId: CorrelationId | null): Logger {
  // The level is never changed, and hot paths ask for it at every job.
  const { values } = base.levels;
  const least = base.levelVal;
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error' | 'fatal') =>
    (event: LogEvent, metadata: Metadata = {}, error?: unknown): void => {
      if (!base.isLevelEnabled(level)) return;
      base[level]({ event, correlation_id: correlationId, ...facts(metadata, error) });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    withCorrelation: (id) => wrap(base, id),
    isEnabled: (level) => (values[level] ?? 0) >= least,
  };
}

/** What the line says beside its event. Objects exist that throw at the lightest touch; the event is told all the same. */
function facts(metadata: Metadata, error: unknown): { metadata: Metadata; error?: ErrorDescription } {
  try {
    const copy = redact(metadata);
    const isRecord = typeof copy === 'object' && copy !== null && !Array.isArray(copy);
    return {
      metadata: isRecord ? (copy as Metadata) : { unreadable: copy },
      ...(error === undefined ? {} : { error: describeError(error) }),
    };
  } catch {
    return { metadata: { unreadable: true } };
  }
}
