import { LIBRARY } from './library.ts';
import { defineScript } from './script.ts';

/**
 * Takes jobs of one queue whose function is offered: due, highest priority first, then oldest.
 *
 * KEYS[1]   base of the queue
 * ARGV[4]   number of this engine's leases, or empty
 * ARGV[5]   length of a lease in ms
 * ARGV[6]   jobs wanted, at most
 * ARGV[7]   jobs of the queue in flight over all engines, at most; or empty
 * ARGV[8,9] attempts started per window in ms, at most; or empty
 * ARGV[10]  version of the list of functions that the offer was made from
 * ARGV[11…] functions offered
 * returns   { 0, version, functions } when that list has changed; or { 1, its times, number of the
 *           leases, milliseconds until the rate has room or -1, per job its texts }; or { 2 } when
 *           the queue has lost its settings: jobs of one group could overlap
 */
export const LEASE = defineScript(
  'lease',
  [
    LIBRARY,
    String.raw`
local q = open(KEYS[1])
if q.type == '' then return { 2 } end
if ARGV[10] ~= q.lanes then
  return { 0, q.lanes, redis.call('SMEMBERS', q.base .. ':fl') }
end
tidy(q, 500)

local wanted = tonumber(ARGV[6])
local room = wanted
if ARGV[7] ~= '' then
  room = math.min(room, tonumber(ARGV[7]) - redis.call('ZCARD', q.base .. ':i'))
end
local rate_in = -1
local window = q.base .. ':r'
if ARGV[8] ~= '' then
  redis.call('ZREMRANGEBYSCORE', window, '-inf', now - ARGV[9])
  local left = tonumber(ARGV[8]) - redis.call('ZCARD', window)
  if left <= 0 then
    rate_in = math.max(1, redis.call('ZRANGE', window, 0, 0, 'WITHSCORES')[2] + ARGV[9] - now)
  end
  room = math.min(room, left)
end
if q.converting then room = 0 end

local lanes = {}
local from = 11
while room > 0 and from <= #ARGV do
  local to = math.min(from + CHUNK - 1, #ARGV)
  for index, waiting in ipairs(redis.call('HMGET', q.base .. ':f', unpack(ARGV, from, to))) do
    local suffix = ':l:' .. ARGV[from + index - 1]
    flush(q, suffix)
    if q.woken or (waiting and waiting ~= '0') then lanes[#lanes + 1] = suffix end
  end
  from = to + 1
end
local members = {}
if #lanes == 1 then
  local popped = redis.call('ZPOPMIN', q.base .. lanes[1], room)
  for index = 1, #popped, 2 do members[#members + 1] = popped[index] end
elseif #lanes > 1 then
  local found = {}
  for _, lane in ipairs(lanes) do
    local range = redis.call('ZRANGE', q.base .. lane, 0, room - 1, 'WITHSCORES')
    for index = 1, #range, 2 do
      found[#found + 1] = { member = range[index], score = tonumber(range[index + 1]), lane = lane }
    end
  end
  table.sort(found, function(a, b)
    if a.score ~= b.score then return a.score < b.score end
    return a.member < b.member
  end)
  for index = 1, math.min(room, #found) do
    members[index] = found[index].member
    put(q, found[index].lane, found[index].member, false)
  end
end

local owner = ARGV[4]
local ids = {}
if #members > 0 then
  owner = own(q, owner, ARGV[5])
  for index, member in ipairs(members) do ids[index] = id_of(member) end
  load(q, ids)
  for index, id in ipairs(ids) do
    begin(q, id, q.jobs[id], owner, int(now))
    if ARGV[8] ~= '' then redis.call('ZADD', window, now, q.jobs[id][EPOCH]) end
  end
  if ARGV[8] ~= '' then redis.call('PEXPIRE', window, ARGV[9]) end
end
if #members < wanted then
  redis.call('SADD', q.base .. ':z', ARGV[3])
else
  redis.call('SREM', q.base .. ':z', ARGV[3])
end
q.woken = q.woken and #members == wanted
close(q)
return { 1, times(q), owner, rate_in, texts_of(q, ids) }
`,
  ],
  true,
);
