/** Overrides of queue definitions by configuration: `FMHL_QUEUE_EMAIL_SEND_CONCURRENCY=20`. */
import { StartError } from '../../platform/lifecycle/errors.ts';
import { checkDefinition, type AnyQueueDefinition } from './definition.ts';

const PREFIX = 'FMHL_QUEUE_';

type Change = (definition: AnyQueueDefinition, value: string, variable: string) => AnyQueueDefinition;

/** The last part of a variable's name, and what it changes. Lists are comma-separated. */
const FIELDS: Readonly<Record<string, Change>> = {
  ATTEMPTS: (definition, value, variable) => ({ ...definition, attempts: whole(value, variable) }),
  BACKOFF_MS: (definition, value, variable) => ({
    ...definition,
    backoffMs: value.split(',').map((delay) => whole(delay, variable)),
  }),
  JITTER: (definition, value, variable) => ({ ...definition, jitter: decimal(value, variable) }),
  TIMEOUT_MS: (definition, value, variable) => ({ ...definition, timeoutMs: whole(value, variable) }),
  CONCURRENCY: (definition, value, variable) => ({ ...definition, concurrency: whole(value, variable) }),
  /** `100/1000`: 100 jobs per 1000 ms; `none` for no limit. */
  RATE_LIMIT: (definition, value, variable) => ({ ...definition, rateLimit: rate(value, variable) }),
  COMPLETED_FOR_MS: (definition, value, variable) => ({
    ...definition,
    retention: { ...definition.retention, completedForMs: whole(value, variable) },
  }),
};

/**
 * Applies environment variables to definitions. Variables that do not start with `FMHL_QUEUE_` are left
 * alone; one that does but names no queue or no field is a mistake.
 * @throws StartError naming the variable, or the queue and field that no longer work
 */
export function overrideDefinitions(
  definitions: readonly AnyQueueDefinition[],
  environment: Readonly<Record<string, string | undefined>>,
): AnyQueueDefinition[] {
  const changed = new Map(definitions.map((definition) => [definition.name, definition]));
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || value === undefined) continue;
    const { name, change } = target(variable, [...changed.keys()]);
    const definition = changed.get(name);
    if (definition !== undefined) changed.set(name, change(definition, value.trim(), variable));
  }
  for (const definition of changed.values()) checkDefinition(definition);
  return [...changed.values()];
}

function target(variable: string, names: string[]): { name: string; change: Change } {
  const rest = variable.slice(PREFIX.length);
  for (const name of names) {
    const queuePart = `${name.toUpperCase()}_`;
    if (!rest.startsWith(queuePart)) continue;
    const setting = rest.slice(queuePart.length);
    const change = Object.hasOwn(FIELDS, setting) ? FIELDS[setting] : undefined;
    if (change !== undefined) return { name, change };
  }
  const queues = names.map((name) => name.toUpperCase()).join(', ');
  throw new StartError(
    `${variable} names no queue setting. It must be ${PREFIX}<queue>_<setting> ` +
      `with a queue of ${queues} and a setting of ${Object.keys(FIELDS).join(', ')}.`,
  );
}

function whole(value: string, variable: string): number {
  if (!/^\d{1,15}$/.test(value.trim()))
    throw new StartError(`${variable} must be a whole number, not "${value}".`);
  return Number(value);
}

function decimal(value: string, variable: string): number {
  if (!/^\d+(\.\d+)?$/.test(value)) throw new StartError(`${variable} must be a number, not "${value}".`);
  return Number(value);
}

function rate(value: string, variable: string): { max: number; perMs: number } | null {
  if (value === 'none') return null;
  const [max, perMs, ...rest] = value.split('/');
  if (max === undefined || perMs === undefined || rest.length > 0) {
    throw new StartError(`${variable} must be <jobs>/<milliseconds> or none, not "${value}".`);
  }
  return { max: whole(max, variable), perMs: whole(perMs, variable) };
}
