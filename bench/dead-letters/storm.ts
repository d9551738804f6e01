/** A failure storm without workers, which need minutes for so many: jobs die by a script, as a worker let one die. */
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { QUEUE } from './stage.ts';

/** What jobs die of: `%1` is the job's id, `%2` varies over some hundreds. */
const CAUSES = [
  'SmtpError: 421 mx%2.example.net: try again later (queue id %1)',
  'SmtpError: 550 mailbox person.%2@example.com is full, message %1',
  'ConnectTimeoutError: connect ETIMEDOUT 10.3.%2.17:5432 after 30000 ms',
  'Error: getaddrinfo ENOTFOUND api-%2.partner.example',
  'Error: Request to https://partner.example/leads/%1 failed with status 503',
  'Error: Lead %1 has no provider left in niche vps-hosting',
  'Error: Payment %1 was refused by the bank: insufficient funds on account %2',
  'Error: duplicate key value violates unique constraint "assignments_one_each", key (%1)',
  'SyntaxError: Unexpected token < in JSON at position %2',
  'TimeoutError: The attempt was aborted after 30000 ms, the timeout of queue number %2',
  'Error: Report %1 is too large: %2 MB of at most 50',
  'TypeError: Cannot read properties of undefined (reading "provider_%2")',
  'Error: Template provider_new_lead has no value for field %2',
  'RateLimitError: 429 too many requests, retry after %2 s (request %1)',
  'Error: read ECONNRESET',
  'Error: certificate of mx%2.example.net has expired',
  'Error: Provider %1 is suspended since %2 days',
  'Error: The lead %1 was assigned to %2 providers already',
  'Error: deadlock detected: process %2 waits for the transaction of lead %1',
  'Error: S3 answered 500 for reports/%1.pdf at attempt %2',
];

/**
 * Moves up to ARGV[1] waiting jobs to the failed set. They died at ARGV[2] ms, 8 in each that follows when ARGV[3] is
 * set; ARGV[4] have died before, ARGV[5] is where they died, and from ARGV[6] on stand the causes.
 */
const DIE = `
local ids = redis.call('LPOP', KEYS[1], ARGV[1]) or {}
for i, id in ipairs(ids) do
  local n = tonumber(ARGV[4]) + i
  local cause = ARGV[6 + n % (#ARGV - 5)]:gsub('%%1', id):gsub('%%2', tostring(n % 251))
  local at = string.format('%d', ARGV[3] == '' and ARGV[2] or ARGV[2] + math.floor(n / 8))
  redis.call('HSET', KEYS[3] .. id, 'failedReason', cause:match(': (.*)'), 'stacktrace', cjson.encode({cause .. ARGV[5]}),
    'finishedOn', at, 'processedOn', at, 'atm', '1', 'ats', '1')
  redis.call('ZADD', KEYS[2], at, id)
end
return #ids`;

const KEYS = [`fmhl:${QUEUE}:wait`, `fmhl:${QUEUE}:failed`, `fmhl:${QUEUE}:`];
const BATCH = 2_000;
const DEATHS_PER_MS = 8;
const TICK_MS = 10;

export interface Storm {
  /** Lets all waiting jobs be dead, 8 for each millisecond until now. */
  dieBefore: (jobs: number) => Promise<void>;
  /** Lets the waiting jobs die now, 8,000 a second, until none is left. */
  dieNow: () => Promise<void>;
  close: () => void;
}

/** @param like where the jobs die: the stack trace of one that a worker let die */
export function createStorm(redisUrl: string, like: string): Storm {
  const redis = new Redis(redisUrl);
  const frames = like.slice(like.search(/\n\s+at /));
  let dead = 0;
  const die = async (count: number, atMs: number, spread: boolean): Promise<number> => {
    const argv = [count, atMs, spread ? '1' : '', dead, frames, ...CAUSES];
    const died = Number(await redis.eval(DIE, KEYS.length, ...KEYS, ...argv));
    dead += died;
    return died;
  };
  return {
    dieBefore: async (jobs) => {
      const fromMs = Date.now() - jobs / DEATHS_PER_MS;
      while ((await die(BATCH, fromMs, true)) > 0);
    },
    dieNow: async () => {
      const [fromMs, before] = [Date.now(), dead];
      for (;;) {
        const due = Math.floor((Date.now() - fromMs) * DEATHS_PER_MS) - (dead - before);
        if (due > 0 && (await die(Math.min(due, BATCH), Date.now(), false)) === 0) return;
        await pause(TICK_MS);
      }
    },
    close: () => redis.disconnect(),
  };
}
