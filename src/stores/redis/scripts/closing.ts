/** The end of a script: what was gathered is written, and others are told. */
export const CLOSING = String.raw`
-- Forgets the oldest finished jobs over the limit.
local function trim(q, retain)
  local list = q.base .. ':c'
  local added = 0
  for _, entry in ipairs(q.ended) do
    added = added + (tonumber(string.sub(entry, SEQ_DIGITS + 37)) or 0)
  end
  in_chunks('RPUSH', q.ended, list)
  local bytes = redis.call('HINCRBY', q.base, 'retained', int(added))
  local over = redis.call('LLEN', list) - retain
  local gone, freed = {}, 0
  while over > 0 or bytes - freed > RETAINED_BYTES do
    local entries = redis.call('LPOP', list, math.max(1, math.min(over, CHUNK)))
    if not entries then break end
    over = over - #entries
    for _, entry in ipairs(entries) do
      local id = id_of(entry)
      freed = freed + (tonumber(string.sub(entry, SEQ_DIGITS + 37)) or 0)
      q.dirty[id] = nil
      gone[#gone + 1] = q.base .. ':j:' .. id
      gone[#gone + 1] = q.base .. ':b:' .. id
      gone[#gone + 1] = q.base .. ':t:' .. id
    end
  end
  if freed > 0 then redis.call('HINCRBY', q.base, 'retained', int(-freed)) end
  in_chunks('UNLINK', gone)
end

-- Tells every engine of a delay that ends before all others, so that one of them looks in time.
local function tell_due(q)
  local soonest = redis.call('ZRANGE', q.base .. ':d', 0, 0, 'WITHSCORES')
  if not q.delayed[soonest[1]] then return end
  local name = string.match(q.base, '{(.*)}')
  local due_in = int(math.max(0, soonest[2] - now))
  redis.call('PUBLISH', ARGV[2], 'due\n' .. ARGV[3] .. '\n' .. name .. '\n' .. due_in)
end

-- Tells other engines that have room, when something became leasable or room was made. Each is told
-- once: it is marked again when it next asks for more than there is. The one that calls stays marked,
-- as it need not ask for what it cannot run.
local function tell(q)
  if not q.woken and (not q.freed or redis.call('ZCARD', q.base .. ':w') == 0) then return end
  local idle = q.base .. ':z'
  local others = {}
  for _, session in ipairs(redis.call('SMEMBERS', idle)) do
    if session ~= ARGV[3] then others[#others + 1] = session end
  end
  if #others == 0 then return end
  in_chunks('SREM', others, idle)
  local name = string.match(q.base, '{(.*)}')
  redis.call('PUBLISH', ARGV[2], 'leasable\n' .. ARGV[3] .. '\n' .. name)
end

-- Writes everything that was gathered.
local function close(q)
  local suffixes = {}
  for suffix in pairs(q.sets) do suffixes[#suffixes + 1] = suffix end
  for _, suffix in ipairs(suffixes) do flush(q, suffix) end
  local heads, headless = {}, {}
  for group in pairs(q.moved_heads) do
    if q.heads[group] then
      heads[#heads + 1] = group
      heads[#heads + 1] = q.heads[group]
    else
      headless[#headless + 1] = group
    end
  end
  in_chunks('HSET', heads, q.base .. ':h')
  in_chunks('HDEL', headless, q.base .. ':h')
  local texts = q.bodies
  for id in pairs(q.dirty) do
    texts[#texts + 1] = q.base .. ':j:' .. id
    texts[#texts + 1] = table.concat(q.jobs[id], '\n')
  end
  in_chunks('MSET', texts)
  for fn, by in pairs(q.waiting) do
    if by ~= 0 then redis.call('HINCRBY', q.base .. ':f', fn, by) end
  end
  for fn in pairs(q.functions) do
    if redis.call('SADD', q.base .. ':fl', fn) == 1 then redis.call('HINCRBY', q.base, 'lanes', 1) end
  end
  for total, by in pairs(q.totals) do redis.call('HINCRBY', q.base, total, by) end
  if given > 0 then redis.call('HSET', q.base, 'tick', int(q.tick)) end
  if q.delayed then tell_due(q) end
  tell(q)
end

local function until_first(q, suffix)
  local entry = redis.call('ZRANGE', q.base .. suffix, 0, 0, 'WITHSCORES')
  if #entry == 0 then return -1 end
  return math.max(0, math.ceil(entry[2] - now))
end

-- What the engine's timers need: whether something became leasable, and the milliseconds until the
-- next delay and the next time to live end; -1 for none.
local function times(q)
  return { q.woken and 1 or 0, until_first(q, ':d'), until_first(q, ':e') }
end

-- Id, header, body and history of each job, in one flat list.
local function texts_of(q, ids)
  local answer = {}
  local from = 1
  while from <= #ids do
    local to = math.min(from + CHUNK / 2 - 1, #ids)
    local keys = {}
    for index = from, to do
      keys[#keys + 1] = q.base .. ':b:' .. ids[index]
      keys[#keys + 1] = q.base .. ':t:' .. ids[index]
    end
    local rest = redis.call('MGET', unpack(keys))
    for index = from, to do
      local job = q.jobs[ids[index]]
      local at = 2 * (index - from) + 1
      answer[#answer + 1] = ids[index]
      answer[#answer + 1] = job and table.concat(job, '\n') or ''
      answer[#answer + 1] = rest[at] or ''
      answer[#answer + 1] = rest[at + 1] or ''
    end
    from = to + 1
  end
  return answer
end
`;
