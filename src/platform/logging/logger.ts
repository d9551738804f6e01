/** Structured JSON logs (Epic 12, "Logging"): one line per event, in the shape of `contract/log.ts`. */
import { pino, stdTimeFunctions, type DestinationStream, type Logger as Pino } from 'pino';
import type { CorrelationId } from '../../../contract/ids.ts';
import type { LogEvent, LogLevel, ProcessRole } from '../../../contract/log.ts';
import { redact, redactText } from './redact.ts';

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
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  );
  return wrap(base, null);
}

function wrap(base: Pino, correlationId: CorrelationId | null): Logger {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error' | 'fatal') =>
    (event: LogEvent, metadata: Metadata = {}, error?: unknown): void => {
      if (!base.isLevelEnabled(level)) return;
      base[level]({
        event,
        correlation_id: correlationId,
        metadata: redact(metadata),
        ...(error === undefined ? {} : { error: describeError(error) }),
      });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    withCorrelation: (id) => wrap(base, id),
    isEnabled: (level) => base.isLevelEnabled(level),
  };
}

function describeError(error: unknown): { type: string; message: string; stack?: string; code?: string } {
  if (!(error instanceof Error)) return { type: typeof error, message: redactText(String(error)) };
  const code: unknown = 'code' in error ? error.code : undefined;
  // A connection refused on every address of a host has an empty message of its own.
  const message =
    error instanceof AggregateError && error.message === ''
      ? error.errors.map((one) => (one instanceof Error ? one.message : String(one))).join('; ')
      : error.message;
  return {
    type: error.name,
    message: redactText(message),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(typeof code === 'string' ? { code } : {}),
  };
}
