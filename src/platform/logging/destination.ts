import type { DestinationStream } from 'pino';
import pretty from 'pino-pretty';

/** Lines for people: colours, one short line an event. For a terminal only; pipes get JSON. */
export function terminalDestination(): DestinationStream {
  return pretty({
    colorize: true,
    sync: true,
    ignore: 'pid,version,role,correlation_id,metadata,error',
    messageFormat: (log) => {
      const { metadata, error, correlation_id: correlationId, event } = log;
      const facts = Object.entries((metadata ?? {}) as Record<string, unknown>)
        .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
        .join(' ');
      const cause = error === undefined ? '' : ` error="${(error as { message: string }).message}"`;
      const id = typeof correlationId === 'string' ? ` [${correlationId.slice(0, 8)}]` : '';
      return `${String(event)} ${facts}${cause}${id}`;
    },
    hideObject: true,
  });
}
