import { LIBRARY } from './library.ts';
import { defineScript } from './script.ts';

/**
 * Accepts jobs, all or none.
 *
 * KEYS     bases of the queues
 * ARGV[4]  `1` when the same call may have been carried out before: ids that are there are its own
 * ARGV[5…] per job: number of its queue among KEYS, id, priority, enqueued at, delay in ms, time to
 *          live in ms or empty, function, group, dedup key, bytes, body
 * returns  { 0, ids that are taken } and nothing was done; or { 1, per queue its times, per job
 *          the id of its receipt }
 */
export const APPEND = defineScript('append', [
  LIBRARY,
  String.raw`
local WIDTH = 11
local again = ARGV[4] == '1'
local queues = {}
for index, base in ipairs(KEYS) do queues[index] = open(base) end

local there, taken = {}, {}
do
  local keys, ids = {}, {}
  for at = 5, #ARGV, WIDTH do
    keys[#keys + 1] = KEYS[tonumber(ARGV[at])] .. ':j:' .. ARGV[at + 1]
    ids[#ids + 1] = ARGV[at + 1]
  end
  local from = 1
  while from <= #keys do
    local to = math.min(from + CHUNK - 1, #keys)
    if redis.call('EXISTS', unpack(keys, from, to)) > 0 then
      for index = from, to do
        if redis.call('EXISTS', keys[index]) == 1 then
          there[ids[index]] = true
          taken[#taken + 1] = ids[index]
        end
      end
    end
    from = to + 1
  end
end
if #taken > 0 and not again then return { 0, taken } end

local receipts = {}
for at = 5, #ARGV, WIDTH do
  local q = queues[tonumber(ARGV[at])]
  local id, dedup = ARGV[at + 1], ARGV[at + 8]
  local holder = false
  if dedup ~= '' and not there[id] and redis.call('HSETNX', q.base .. ':k', dedup, id) == 0 then
    holder = redis.call('HGET', q.base .. ':k', dedup)
  end
  receipts[#receipts + 1] = holder or id
  if not there[id] and not holder then
    local ttl = ARGV[at + 5]
    local job = {
      '', next_tick(q), ARGV[at + 2], ARGV[at + 3], int(now + ARGV[at + 4]),
      ttl ~= '' and int(now + ttl) or '', '0', '0', '0', '', '0', '0',
      ARGV[at + 6], ARGV[at + 7], dedup, ARGV[at + 9], ''
    }
    introduce(q, id, job)
    q.bodies[#q.bodies + 1] = q.base .. ':b:' .. id
    q.bodies[#q.bodies + 1] = ARGV[at + 10]
    place(q, id, job, true)
    count(q, 'enqueued', 1)
  end
end
local answer = {}
for index, q in ipairs(queues) do
  close(q)
  answer[index] = times(q)
end
return { 1, answer, receipts }
`,
]);
