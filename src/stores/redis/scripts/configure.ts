import { LIBRARY } from './library.ts';
import { defineScript } from './script.ts';

/**
 * Gives a queue its type and the number of finished jobs it keeps. When jobs wait and the type
 * changes, they are ordered anew, in slices of a thousand; nothing is leased until that is over.
 *
 * KEYS[1]  base of the queue
 * ARGV[4]  `1` for FIFO
 * ARGV[5]  finished jobs the queue keeps
 * returns  { 1 when it has to be called again, its times }
 */
export const CONFIGURE = defineScript(
  'configure',
  [
    LIBRARY,
    String.raw`
local SLICE = 1000
local q = open(KEYS[1])
local fifo = ARGV[4] == '1'

-- Puts the waiting and delayed jobs behind a place into the order of the present type.
local function convert(after)
  local from = '(' .. after .. '\255'
  if after == '' then from = '-' end
  local members = redis.call('ZRANGEBYLEX', q.base .. ':w', from, '+', 'LIMIT', 0, SLICE)
  for _, member in ipairs(redis.call('ZRANGEBYLEX', q.base .. ':ds', from, '+', 'LIMIT', 0, SLICE)) do
    members[#members + 1] = member
  end
  table.sort(members)
  local ids = {}
  for index = 1, math.min(SLICE, #members) do ids[index] = id_of(members[index]) end
  load(q, ids)
  for index, id in ipairs(ids) do
    local job, member = q.jobs[id], members[index]
    if job[STATE] ~= 'e' then
      put(q, ':l:' .. job[FN], member, false)
      put(q, ':g:' .. job[GROUP], member, false)
      place(q, id, job, false)
    end
  end
  if #ids < SLICE then return false end
  return string.sub(members[#ids], 1, SEQ_DIGITS)
end

-- In a FIFO queue a job in flight is the head of its group.
local function heads_in_flight()
  local members = redis.call('ZRANGE', q.base .. ':i', 0, -1)
  table.sort(members)
  for _, member in ipairs(members) do
    local job = job_of(q, id_of(member))
    if not head_of(q, job[GROUP]) then set_head(q, job[GROUP], member) end
  end
end

if q.type == '' then redis.call('HSET', q.base, 'fifo', ARGV[4]) end
if fifo ~= q.fifo then
  q.fifo = fifo
  redis.call('HSET', q.base, 'fifo', ARGV[4])
  redis.call('DEL', q.base .. ':h')
  if fifo then heads_in_flight() end
  q.converting = ''
end
local more = 0
if q.converting then
  local after = convert(q.converting)
  if after then
    more = 1
    redis.call('HSET', q.base, 'converting', after)
  else
    redis.call('HDEL', q.base, 'converting')
  end
end
close(q)
trim(q, tonumber(ARGV[5]))
return { more, times(q) }
`,
  ],
  true,
);

/**
 * Pauses or resumes a queue, and tells the other engines.
 *
 * KEYS[1]  base of the queue
 * ARGV[4]  `1` for paused
 */
export const PAUSE = defineScript(
  'pause',
  [
    LIBRARY,
    String.raw`
redis.call('HSET', KEYS[1], 'paused', ARGV[4])
local kind = ARGV[4] == '1' and 'paused' or 'resumed'
local name = string.match(KEYS[1], '{(.*)}')
redis.call('PUBLISH', ARGV[2], kind .. '\n' .. ARGV[3] .. '\n' .. name)
return 1
`,
  ],
  true,
);
