import { LIBRARY } from './library.ts';
import { defineScript } from './script.ts';

/**
 * Takes jobs of one queue that need a verdict without having run: those in flight whose owner's
 * leases have ended, then those whose time to live ended.
 *
 * KEYS[1]  base of the queue
 * ARGV[4]  number of this engine's leases, or empty
 * ARGV[5]  length of a lease in ms
 * ARGV[6]  jobs wanted, at most
 * returns  { its times, number of the leases, orphans among the jobs, per job its texts }
 */
export const RECLAIM = defineScript(
  'reclaim',
  [
    LIBRARY,
    String.raw`
local q = open(KEYS[1])
local owner, limit = ARGV[4], tonumber(ARGV[6])
tidy(q, 500)
flush(q, ':ex')

local owners = redis.call('ZRANGEBYSCORE', q.base .. ':o', '-inf', '(' .. int(now), 'LIMIT', 0, 100)
local ids, orphans = {}, 0
for _, lost in ipairs(owners) do
  local held = redis.call('ZRANGEBYSCORE', q.base .. ':i', lost, lost, 'LIMIT', 0, limit - #ids)
  if #held == 0 then redis.call('ZREM', q.base .. ':o', lost) end
  for _, member in ipairs(held) do ids[#ids + 1] = id_of(member) end
  if #ids >= limit then break end
end
orphans = #ids
if #ids < limit then
  for _, member in ipairs(redis.call('ZRANGE', q.base .. ':ex', 0, limit - #ids - 1)) do
    ids[#ids + 1] = id_of(member)
  end
end
if #ids > 0 then
  load(q, ids)
  owner = own(q, owner, ARGV[5])
  for index, id in ipairs(ids) do
    local job = q.jobs[id]
    begin(q, id, job, owner, index <= orphans and job[STAMP] or int(now))
  end
end
q.freed = false
close(q)
return { times(q), owner, orphans, texts_of(q, ids) }
`,
  ],
  true,
);
