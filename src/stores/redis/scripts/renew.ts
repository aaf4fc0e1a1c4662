import { LIBRARY } from './library.ts';
import { defineScript } from './script.ts';

/**
 * Renews the leases of an engine on one queue, and looks at what signals may have missed.
 *
 * KEYS[1]  base of the queue
 * ARGV[4]  number of this engine's leases, or empty
 * ARGV[5]  length of a lease in ms
 * returns  { its times, 1 unless the leases were taken away, 1 when paused, 1 when jobs wait,
 *          milliseconds until the leases of another engine end or -1, jobs that await a verdict,
 *          jobs in flight under its number, type of the queue: 1 for FIFO, else 0; or empty when
 *          the queue has lost its settings }
 */
export const RENEW = defineScript(
  'renew',
  [
    LIBRARY,
    String.raw`
local q = open(KEYS[1])
local owners = q.base .. ':o'
local held = 1
if ARGV[4] ~= '' then
  held = redis.call('ZSCORE', owners, ARGV[4]) and 1 or 0
  if held == 1 then redis.call('ZADD', owners, int(now + ARGV[5]), ARGV[4]) end
end
local ends_in = -1
local oldest = redis.call('ZRANGE', owners, 0, 1, 'WITHSCORES')
for index = 1, #oldest, 2 do
  if oldest[index] ~= ARGV[4] and ends_in < 0 then
    ends_in = math.max(0, math.ceil(oldest[index + 1] + 1 - now))
  end
end
return {
  times(q), held, redis.call('HGET', q.base, 'paused') == '1' and 1 or 0,
  redis.call('ZCARD', q.base .. ':w') > 0 and 1 or 0, ends_in, redis.call('ZCARD', q.base .. ':ex'),
  ARGV[4] ~= '' and redis.call('ZCOUNT', q.base .. ':i', ARGV[4], ARGV[4]) or 0, q.type
}
`,
  ],
  true,
);

/**
 * The leases of an engine.
 *
 * KEYS[1]  base of the queue
 * ARGV[4]  number of its leases
 * returns  id and epoch of each, in one flat list
 */
export const HELD = defineScript('held', [
  LIBRARY,
  String.raw`
local q = open(KEYS[1])
local ids, answer = {}, {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', q.base .. ':i', ARGV[4], ARGV[4])) do
  ids[#ids + 1] = id_of(member)
end
load(q, ids)
for _, id in ipairs(ids) do
  local job = q.jobs[id]
  if job then
    answer[#answer + 1] = id
    answer[#answer + 1] = job[EPOCH]
  end
end
return answer
`,
]);

/**
 * Gives up the leases of an engine that stops: others take over at once.
 *
 * KEYS[1]  base of the queue
 * ARGV[4]  number of its leases
 */
export const RELEASE = defineScript(
  'release',
  [
    LIBRARY,
    String.raw`
local base = KEYS[1]
redis.call('SREM', base .. ':z', ARGV[3])
if redis.call('ZCOUNT', base .. ':i', ARGV[4], ARGV[4]) == 0 then
  redis.call('ZREM', base .. ':o', ARGV[4])
else
  redis.call('ZADD', base .. ':o', 'XX', 0, ARGV[4])
  local name = string.match(base, '{(.*)}')
  redis.call('PUBLISH', ARGV[2], 'reclaimable\n' .. ARGV[3] .. '\n' .. name)
end
return 1
`,
  ],
  true,
);
