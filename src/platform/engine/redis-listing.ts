import type { Redis } from 'ioredis';
import type { JobList, ListedJob, PageOfJobs } from './listing.ts';

/**
 * KEYS: what every key of the queue begins with. ARGV: state, jobs before the page, jobs of a page, and the longest
 * payload in bytes. Answers with the total, and then a list for each job. By one script, so that no job moves between
 * reading its place and reading the job.
 */
const LIST = `
local queue, state = KEYS[1], ARGV[1]
local offset, limit, longest = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local ids, scores, total = {}, {}, 0
local function take(scored)
  for i = 1, #scored, 2 do
    ids[#ids + 1] = scored[i]
    scores[#ids] = scored[i + 1]
  end
end
if state == 'waiting' then
  local plain = redis.call('LLEN', queue .. 'wait')
  total = plain + redis.call('ZCARD', queue .. 'prioritized')
  if offset < plain then
    -- The next in line is at the end.
    local page = redis.call('LRANGE', queue .. 'wait', -(offset + limit), -(offset + 1))
    for i = #page, 1, -1 do ids[#ids + 1] = page[i] end
  end
  local left, from = limit - #ids, math.max(offset - plain, 0)
  if left > 0 then
    for _, id in ipairs(redis.call('ZRANGE', queue .. 'prioritized', from, from + left - 1)) do ids[#ids + 1] = id end
  end
elseif state == 'active' then
  total = redis.call('LLEN', queue .. 'active')
  ids = redis.call('LRANGE', queue .. 'active', offset, offset + limit - 1)
elseif state == 'delayed' then
  total = redis.call('ZCARD', queue .. 'delayed')
  take(redis.call('ZRANGE', queue .. 'delayed', offset, offset + limit - 1, 'WITHSCORES'))
else
  total = redis.call('ZCARD', queue .. 'failed')
  take(redis.call('ZREVRANGE', queue .. 'failed', offset, offset + limit - 1, 'WITHSCORES'))
end
local answer = { total }
for i, id in ipairs(ids) do
  -- A key of another type has nothing of a job, and must not keep the others from being read.
  local job = redis.pcall('HMGET', queue .. id, 'name', 'timestamp', 'processedOn', 'finishedOn', 'attemptsMade', 'atm',
    'priority', 'opts', 'failedReason', 'pb')
  local fields = { id, scores[i] or false }
  for field = 1, 10 do fields[field + 2] = job[field] or false end
  local bytes = redis.pcall('HSTRLEN', queue .. id, 'data')
  fields[13] = type(bytes) == 'number' and bytes <= longest and redis.call('HGET', queue .. id, 'data') or false
  answer[i + 1] = fields
end
return answer`;

/** BullMQ keeps delayed jobs by when they are ready, and by twelve bits more for their order within a millisecond. */
const DELAYED_SCORE = 0x1000;

export async function listOnRedis(redis: Redis, queueKey: string, page: PageOfJobs): Promise<JobList> {
  const { state, offset, limit, payloadBytes } = page;
  const answer = await redis.eval(LIST, 1, queueKey, state, offset, limit, payloadBytes);
  const [total, ...jobs] = answer as [number, ...(string | null)[][]];
  return { total, jobs: jobs.map((fields) => toListed(fields, state)) };
}

function toListed(fields: (string | null)[], state: PageOfJobs['state']): ListedJob {
  const [id, score, name, added, started, finished, made, atm, priority, opts, failedReason, worker, data] =
    fields;
  return {
    id: id ?? '',
    name: name ?? '',
    addedAtMs: number(added),
    startedAtMs: number(started),
    finishedAtMs: state === 'failed' ? number(score) : number(finished),
    readyAtMs: state === 'delayed' ? Math.floor(Number(score) / DELAYED_SCORE) : null,
    attemptsMade: number(made) ?? number(atm) ?? 0,
    priority: number(priority) ?? 0,
    opts: opts || '{}',
    data: data ?? null,
    failedReason: failedReason ?? null,
    worker: worker ?? null,
  };
}

function number(text: string | null | undefined): number | null {
  const value = Number.parseInt(text ?? '', 10);
  return Number.isNaN(value) ? null : value;
}
