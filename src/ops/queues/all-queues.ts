/** Every defined queue, and every other that has dead letters, with what the engine and the dead letters say. */
import type { Engine } from '../../platform/engine/engine.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import { askEngine } from './ask-engine.ts';
import { readQueues, type QueueState } from './overview.ts';

export interface QueueDeadLetters {
  unresolved: number;
  muted: number;
  failedLastHour: number;
}

export interface AllQueuesDeps {
  engine: Engine;
  clock: Clock;
  /** Names of all defined queues. */
  queues: readonly string[];
  /** Per queue that has any. */
  deadLetters: () => Promise<ReadonlyMap<string, QueueDeadLetters>>;
}

export interface QueueAtAGlance {
  name: string;
  defined: boolean;
  state: QueueState;
  deadLetters: QueueDeadLetters;
}

const NO_JOBS: QueueState = { depth: 0, active: 0, delayed: 0, paused: false, oldestWaitingSeconds: 0 };
const NO_DEAD_LETTERS: QueueDeadLetters = { unresolved: 0, muted: 0, failedLastHour: 0 };

/** @throws HttpError service_unavailable while the engine does not answer */
export async function readAllQueues(deps: AllQueuesDeps): Promise<QueueAtAGlance[]> {
  const { engine, clock, queues, deadLetters } = deps;
  // Side by side; only a queue that is defined no more, and has dead letters, has to wait for its turn.
  const [counts, defined] = await Promise.all([deadLetters(), askEngine(readQueues(engine, queues, clock))]);
  const gone = [...counts.keys()].filter((name) => !queues.includes(name));
  const states = [...defined, ...(await askEngine(readQueues(engine, gone, clock)))];
  return [...queues, ...gone].map((name, index) => ({
    name,
    defined: index < queues.length,
    state: states[index] ?? NO_JOBS,
    deadLetters: counts.get(name) ?? NO_DEAD_LETTERS,
  }));
}
