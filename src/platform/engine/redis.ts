import { createRedisBackend, Queue, RedisConnection, Worker } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { StartError, errorText } from '../lifecycle/errors.ts';
import { withDeadline } from '../lifecycle/deadline.ts';
import { batchWrites } from './batch-writes.ts';
import {
  ENOUGH_CHARACTERS,
  type Engine,
  type EngineEvents,
  type EngineQueue,
  type FailedRef,
  type JobState,
  type StoredJob,
} from './engine.ts';
import { listOnRedis } from './redis-listing.ts';

export interface RedisEngineOptions extends EngineEvents {
  url: string;
  /** Before every key: `fmhl:email_send:wait`. Several installations can share a server. */
  prefix: string;
  /** How long the first connection may take before the start is given up. Default 15 s. */
  connectTimeoutMs?: number;
}

/** A command that is not answered in this time fails, so that no request hangs on a dead server. */
const COMMAND_TIMEOUT_MS = 5_000;

/** How Redis begins its answers to every write while its memory or disk is full, or it is not the master. */
const TAKES_NOTHING = /^(OOM|MISCONF|READONLY|LOADING|NOREPLICAS|MASTERDOWN|CLUSTERDOWN)\b/;

/**
 * Atomic, because between reading a dead job and removing it another process may have removed it and
 * made a new one under the same id. The keys are those of BullMQ's own removeJobKeys.lua; flows
 * (parents and children) are not used here.
 */
const REMOVE_FAILED = `
local removed = 0
for i = 1, #ARGV, 2 do
  local id, finishedOn = ARGV[i], tonumber(ARGV[i + 1])
  local score = redis.call('ZSCORE', KEYS[1], id)
  if score and tonumber(score) == finishedOn then
    local job = KEYS[2] .. id
    redis.call('ZREM', KEYS[1], id)
    redis.call('DEL', job, job .. ':logs', job .. ':dependencies', job .. ':processed',
      job .. ':failed', job .. ':unsuccessful')
    removed = removed + 1
  end
end
return removed`;

/** KEYS: the completed set, the failed set, and what every job's key begins with. An empty text: not there. */
const STATES = `
local states = {}
for i = 1, #ARGV do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    states[i] = 'completed'
  elseif redis.call('ZSCORE', KEYS[2], ARGV[i]) then
    states[i] = 'failed'
  else
    states[i] = redis.call('EXISTS', KEYS[3] .. ARGV[i]) == 1 and 'open' or ''
  end
end
return states`;

/**
 * KEYS: what every key of a queue begins with. Answers with waiting, active, delayed, paused and, when a job waits,
 * since when it has been ready, as text: numbers lose their fraction. One call for all queues: BullMQ's getters
 * would take several commands for each (`npm run bench:overview`).
 */
const QUEUE_STATES = `
local function readySince(key)
  local job = redis.call('HMGET', key, 'timestamp', 'processedOn', 'opts')
  -- Its data is gone: it has no age.
  if not job[1] then return nil end
  local options, delay = tostring(job[3]), 0
  if string.find(options, '"delay"', 1, true) then
    local read, decoded = pcall(cjson.decode, options)
    if read and type(decoded) == 'table' then delay = tonumber(decoded['delay']) or 0 end
  end
  return math.max((tonumber(job[1]) or 0) + delay, tonumber(job[2]) or 0)
end
local states = {}
for i, queue in ipairs(KEYS) do
  local waiting, prioritized = redis.call('LLEN', queue .. 'wait'), redis.call('ZCARD', queue .. 'prioritized')
  local state = { waiting + prioritized, redis.call('LLEN', queue .. 'active'),
    redis.call('ZCARD', queue .. 'delayed'), redis.call('HEXISTS', queue .. 'meta', 'paused') }
  local since
  if waiting > 0 then since = readySince(queue .. redis.call('LINDEX', queue .. 'wait', -1)) end
  if prioritized > 0 then
    local first = readySince(queue .. redis.call('ZRANGE', queue .. 'prioritized', 0, 0)[1])
    if first then since = math.min(since or first, first) end
  end
  if since then state[5] = string.format('%.0f', since) end
  states[i] = state
end
return states`;

/**
 * KEYS: what every job's key begins with. ARGV: how many characters are enough, and the ids. Answers with a flat list,
 * the fields of one job after another: a list for each job takes longer to read than all of its texts.
 */
const STORED = `
local answer, characters = {}, 0
for i = 2, #ARGV do
  -- A key of another type has nothing of a job, and must not keep the others from being read.
  local job = redis.pcall('HMGET', KEYS[1] .. ARGV[i],
    'name', 'data', 'opts', 'attemptsMade', 'atm', 'failedReason', 'stacktrace', 'finishedOn')
  for field = 1, 8 do
    answer[#answer + 1] = job[field] or false
    if job[field] then characters = characters + #job[field] end
  end
  if characters > tonumber(ARGV[1]) then break end
end
return answer`;
const STORED_FIELDS = 8;

/**
 * @throws StartError when the server can't be reached or is older than BullMQ needs
 */
export async function createRedisEngine(options: RedisEngineOptions): Promise<Engine> {
  const producer = connect(options, { maxRetriesPerRequest: 1, commandTimeout: COMMAND_TIMEOUT_MS });
  try {
    await checkServer(producer, options);
  } catch (error) {
    producer.disconnect();
    throw error;
  }
  // Workers wait for a lost server as long as it takes; BullMQ insists on this setting.
  let consumer: Redis | undefined;
  const queues = new Map<string, EngineQueue>();
  const { prefix } = options;

  const engine: Engine = {
    kind: 'redis',
    queue: (name) => {
      let queue = queues.get(name);
      if (queue === undefined) {
        queue = new Queue(name, { connection: producer, prefix }, createRedisBackend);
        queue.on('error', options.onError);
        queues.set(name, queue);
      }
      return queue;
    },
    worker: (name, processor, workerOptions) => {
      consumer ??= connect(options, { maxRetriesPerRequest: null });
      return new Worker(name, processor, { ...workerOptions, connection: consumer, prefix, autorun: false });
    },
    removeFailed: async (name, jobs) => {
      if (jobs.length === 0) return 0;
      const argv = jobs.flatMap(({ id, finishedOn }: FailedRef) => [id, String(finishedOn)]);
      const keys = [`${prefix}:${name}:failed`, `${prefix}:${name}:`];
      return Number(await producer.eval(REMOVE_FAILED, keys.length, ...keys, ...argv));
    },
    storedJobs: async (name, ids) => {
      if (ids.length === 0) return { jobs: [], read: 0 };
      const argv = [ENOUGH_CHARACTERS, ...ids];
      const fields = (await producer.eval(STORED, 1, `${prefix}:${name}:`, ...argv)) as (string | null)[];
      const read = fields.length / STORED_FIELDS;
      const jobs = ids.slice(0, read).flatMap((id, index) => {
        const at = index * STORED_FIELDS;
        return storedJob(id, fields.slice(at, at + STORED_FIELDS));
      });
      return { jobs, read };
    },
    statesOf: async (name, ids) => {
      if (ids.length === 0) return new Map();
      const keys = [`${prefix}:${name}:completed`, `${prefix}:${name}:failed`, `${prefix}:${name}:`];
      const states = (await producer.eval(STATES, keys.length, ...keys, ...ids)) as (JobState | '')[];
      const found = new Map<string, JobState>();
      states.forEach((state, index) => {
        const id = ids[index];
        if (state !== '' && id !== undefined) found.set(id, state);
      });
      return found;
    },
    listJobs: (name, page) => listOnRedis(producer, `${prefix}:${name}:`, page),
    queueStates: async (names) => {
      if (names.length === 0) return [];
      const keys = names.map((name) => `${prefix}:${name}:`);
      const states = (await producer.eval(QUEUE_STATES, keys.length, ...keys)) as (number | string)[][];
      return states.map(([waiting, active, delayed, paused, readySinceMs]) => ({
        waiting: Number(waiting),
        active: Number(active),
        delayed: Number(delayed),
        paused: paused === 1,
        readySinceMs: readySinceMs === undefined ? null : Number(readySinceMs),
      }));
    },
    incarnation: async () => /^run_id:(\w+)/m.exec(await producer.info('server'))?.[1] ?? 'unknown',
    ping: async () => {
      await producer.ping();
    },
    takesNothing: (error) => TAKES_NOTHING.test(errorText(error)),
    unsafeSettings: async () => {
      const policy = /^maxmemory_policy:(\S+)/m.exec(await producer.info('memory'))?.[1];
      return policy === undefined || policy === 'noeviction'
        ? null
        : `Redis maxmemory-policy is ${policy}: it may delete jobs. Set it to noeviction.`;
    },
    close: async () => {
      await Promise.allSettled([...queues.values()].map((queue) => queue.close()));
      producer.disconnect();
      consumer?.disconnect();
    },
  };
  return engine;
}

/** None where the server has nothing of a job. */
function storedJob(id: string, fields: (string | null)[]): StoredJob[] {
  if (fields.every((field) => field === null)) return [];
  const [name, data, opts, attemptsMade, atm, failedReason, stacktrace, finishedOn] = fields;
  return [
    {
      id,
      name: name ?? '',
      // BullMQ's own stand-ins for what is missing or empty.
      data: data || '{}',
      opts: opts || '{}',
      attemptsMade: Number.parseInt(attemptsMade || atm || '0', 10),
      failedReason: failedReason ?? null,
      stacktrace: stacktrace ?? null,
      finishedOn: Number.parseInt(finishedOn ?? '', 10),
    },
  ];
}

function connect(options: RedisEngineOptions, extra: Partial<RedisOptions>): Redis {
  const redis = new Redis(options.url, {
    ...extra,
    connectTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 2_000),
  });
  redis.on('error', options.onError);
  batchWrites(redis);
  return redis;
}

async function checkServer(redis: Redis, options: RedisEngineOptions): Promise<void> {
  const where = new URL(options.url).host;
  const deadline = Date.now() + (options.connectTimeoutMs ?? 15_000);
  let version: string | undefined;
  for (;;) {
    try {
      const info = await withDeadline('Redis', COMMAND_TIMEOUT_MS, redis.info('server'));
      version = /^redis_version:(\S+)/m.exec(info)?.[1];
      break;
    } catch (error) {
      if (Date.now() >= deadline)
        throw new StartError(`Redis at ${where} can't be reached: ${errorText(error)}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  const needed = RedisConnection.minimumVersion;
  if (version !== undefined && isOlder(version, needed)) {
    throw new StartError(`Redis at ${where} is version ${version}; BullMQ needs ${needed} or newer.`);
  }
}

function isOlder(version: string, needed: string): boolean {
  const [have, want] = [version, needed].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 3; i += 1) {
    const difference = (have?.[i] ?? 0) - (want?.[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
