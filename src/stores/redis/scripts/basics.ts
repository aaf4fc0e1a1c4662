/** The time, the job's header, and reading and writing what a script gathers. */
export const BASICS = String.raw`
local clock = redis.call('TIME')
local micros = clock[1] * 1000000 + clock[2]
local now = tonumber(ARGV[1]) or math.floor(micros / 1000)
local given = 0

-- Places in a header; job-text.ts knows the same.
local STATE, SEQ, PRIORITY, ENQUEUED, DUE, EXPIRES = 1, 2, 3, 4, 5, 6
local ATTEMPTS, INTERRUPTIONS, EPOCH, OWNER, STAMP = 7, 8, 9, 10, 11
local DEATH, FN, GROUP, DEDUP, BYTES, FAILURE = 12, 13, 14, 15, 16, 17
local HEADER = '^' .. string.rep('([^\n]*)\n', 16) .. '(.*)$'
-- A member of a sorted set is the job's place, 16 digits, and its id: equal scores keep the order.
local SEQ_DIGITS = 16
local CHUNK = 1000
local RETAINED_BYTES = 16 * 1024 * 1024

local function int(number)
  return string.format('%.0f', number)
end

local function id_of(member)
  return string.sub(member, SEQ_DIGITS + 1, SEQ_DIGITS + 36)
end

local function in_chunks(command, list, key)
  local from = 1
  while from <= #list do
    local to = math.min(from + CHUNK - 1, #list)
    if key then redis.call(command, key, unpack(list, from, to))
    else redis.call(command, unpack(list, from, to)) end
    from = to + 1
  end
end

local function open(base)
  local meta = redis.call('HMGET', base, 'tick', 'fifo', 'converting', 'lanes')
  return {
    base = base, tick = tonumber(meta[1]) or 0, fifo = meta[2] == '1', type = meta[2] or '',
    converting = meta[3] or false, lanes = meta[4] or '0',
    jobs = {}, dirty = {}, sets = {}, heads = {}, moved_heads = {}, bodies = {},
    waiting = {}, functions = {}, totals = {}, ended = {}, woken = false, freed = false
  }
end

-- A number higher than all before, also when data of the server was lost: it follows its clock.
-- Numbers of one call come in the order of the calls, over all its queues.
local function next_tick(q)
  given = given + 1
  q.tick = math.max(q.tick + 1, micros + given)
  return int(q.tick)
end

local function load(q, ids)
  local keys, wanted = {}, {}
  for _, id in ipairs(ids) do
    if q.jobs[id] == nil then
      q.jobs[id] = false
      keys[#keys + 1] = q.base .. ':j:' .. id
      wanted[#wanted + 1] = id
    end
  end
  local from = 1
  while from <= #keys do
    local to = math.min(from + CHUNK - 1, #keys)
    local texts = redis.call('MGET', unpack(keys, from, to))
    for index, text in ipairs(texts) do
      if text then q.jobs[wanted[from + index - 1]] = { string.match(text, HEADER) } end
    end
    from = to + 1
  end
end

local function job_of(q, id)
  if q.jobs[id] == nil then load(q, { id }) end
  return q.jobs[id]
end

-- Puts a member into a sorted set, or takes it out when the score is false. Written by flush or close.
local function put(q, suffix, member, score)
  local set = q.sets[suffix]
  if not set then
    set = {}
    q.sets[suffix] = set
  end
  set[member] = score
end

local function flush(q, suffix)
  local set = q.sets[suffix]
  if not set then return end
  q.sets[suffix] = nil
  local added, removed = {}, {}
  for member, score in pairs(set) do
    if score then
      added[#added + 1] = score
      added[#added + 1] = member
    else
      removed[#removed + 1] = member
    end
  end
  in_chunks('ZADD', added, q.base .. suffix)
  in_chunks('ZREM', removed, q.base .. suffix)
end

local function first(q, suffix)
  flush(q, suffix)
  return redis.call('ZRANGE', q.base .. suffix, 0, 0)[1]
end

local function count(q, total, by)
  q.totals[total] = (q.totals[total] or 0) + by
end

local function waits(state)
  return state == 'w' or state == 'e'
end
`;
