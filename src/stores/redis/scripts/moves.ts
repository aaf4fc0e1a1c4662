/** The moves of jobs between states, and with them the order within a queue. */
export const MOVES = String.raw`
-- Changes a job's state and every set and count that follows from it, lanes and backlogs aside.
local function set_state(q, id, job, state)
  local before = job[STATE]
  q.dirty[id] = true
  if before == state then return end
  local member = job[SEQ] .. id
  if waits(before) ~= waits(state) then
    local by = waits(state) and 1 or -1
    put(q, ':w', member, by == 1 and 0)
    q.waiting[job[FN]] = (q.waiting[job[FN]] or 0) + by
  end
  if before == 'd' then
    put(q, ':d', member, false)
    put(q, ':ds', member, false)
  elseif before == 'i' then
    put(q, ':i', member, false)
    q.freed = true
  elseif before == 'x' then
    put(q, ':x', member, false)
    put(q, ':xs', member, false)
  elseif before == 'e' then
    put(q, ':ex', member, false)
  end
  if state == 'd' then
    q.delayed = q.delayed or {}
    q.delayed[member] = true
    put(q, ':d', member, job[DUE])
    put(q, ':ds', member, 0)
  elseif state == 'i' then
    put(q, ':i', member, job[OWNER])
  elseif state == 'x' then
    put(q, ':x', member, job[DEATH])
    put(q, ':xs', member, 0)
  elseif state == 'e' then
    put(q, ':ex', member, 0)
  end
  job[STATE] = state
end

-- Lets a job go that nothing stands in front of: leasable now, or once it is due.
local function start(q, id, job)
  if tonumber(job[DUE]) > now then
    set_state(q, id, job, 'd')
  else
    set_state(q, id, job, 'w')
    put(q, ':l:' .. job[FN], job[SEQ] .. id, '-' .. job[PRIORITY])
    q.woken = true
  end
end

local function head_of(q, group)
  local head = q.heads[group]
  if head == nil then
    head = redis.call('HGET', q.base .. ':h', group)
    q.heads[group] = head
  end
  return head
end

local function set_head(q, group, member)
  q.heads[group] = member
  q.moved_heads[group] = true
end

-- Takes a waiting job out of what it could be leased from. As a head it keeps its place.
local function withdraw(q, id, job)
  if job[STATE] ~= 'w' then return end
  local member = job[SEQ] .. id
  if q.fifo and head_of(q, job[GROUP]) ~= member then
    put(q, ':g:' .. job[GROUP], member, false)
  else
    put(q, ':l:' .. job[FN], member, false)
  end
end

-- Makes the oldest job of a group its head, unless somebody is working on the present one.
local function elect(q, group)
  local backlog = ':g:' .. group
  local oldest = first(q, backlog)
  if not oldest then return end
  local head = head_of(q, group)
  if head then
    local id = id_of(head)
    local job = job_of(q, id)
    if head < oldest or job[STATE] == 'i' or job[STATE] == 'e' then return end
    withdraw(q, id, job)
    set_state(q, id, job, 'w')
    put(q, backlog, head, 0)
  end
  put(q, backlog, oldest, false)
  set_head(q, group, oldest)
  start(q, id_of(oldest), job_of(q, id_of(oldest)))
end

-- Makes a job that is new to the queue known: its function is one to be asked for from now on.
local function introduce(q, id, job)
  q.jobs[id] = job
  q.dirty[id] = true
  q.functions[job[FN]] = true
end

local function watch_expiry(q, id, job)
  if job[EXPIRES] ~= '' and job[ATTEMPTS] == '0' and job[INTERRUPTIONS] == '0' then
    put(q, ':e', job[SEQ] .. id, job[EXPIRES])
  end
end

local function forget_expiry(q, id, job)
  if job[EXPIRES] ~= '' then put(q, ':e', job[SEQ] .. id, false) end
end

-- Puts a job where it belongs. Newly accepted ones come after all others of their group.
local function place(q, id, job, is_new)
  watch_expiry(q, id, job)
  if not q.fifo then return start(q, id, job) end
  local member, group = job[SEQ] .. id, job[GROUP]
  local head = head_of(q, group)
  if head == member then
    head = false
    set_head(q, group, false)
  end
  if not head and (is_new or not first(q, ':g:' .. group)) then
    set_head(q, group, member)
    return start(q, id, job)
  end
  set_state(q, id, job, 'w')
  put(q, ':g:' .. group, member, 0)
  if not is_new then elect(q, group) end
end

-- Lets the group of a job go on that has just ended or died.
local function leave(q, id, job)
  if not q.fifo or head_of(q, job[GROUP]) ~= job[SEQ] .. id then return end
  set_head(q, job[GROUP], false)
  elect(q, job[GROUP])
end

-- Ends a job for good; it is kept for looking up as long as the queue keeps finished jobs.
local function finish(q, id, job, state)
  forget_expiry(q, id, job)
  if job[DEDUP] ~= '' then redis.call('HDEL', q.base .. ':k', job[DEDUP]) end
  set_state(q, id, job, state)
  job[STAMP] = int(now)
  q.ended[#q.ended + 1] = job[SEQ] .. id .. job[BYTES]
  leave(q, id, job)
end

-- Lets time pass: delays end, and so do times to live, up to so many of each.
local function tidy(q, most)
  local due = redis.call('ZRANGEBYSCORE', q.base .. ':d', '-inf', now, 'LIMIT', 0, most)
  local expired = redis.call('ZRANGEBYSCORE', q.base .. ':e', '-inf', now, 'LIMIT', 0, most)
  if #due == 0 and #expired == 0 then return end
  local ids = {}
  for _, member in ipairs(due) do ids[#ids + 1] = id_of(member) end
  for _, member in ipairs(expired) do ids[#ids + 1] = id_of(member) end
  load(q, ids)
  for _, member in ipairs(due) do
    local id = id_of(member)
    local job = job_of(q, id)
    if job and job[STATE] == 'd' then start(q, id, job) end
  end
  for _, member in ipairs(expired) do
    local id = id_of(member)
    local job = job_of(q, id)
    put(q, ':e', member, false)
    if job and (job[STATE] == 'w' or job[STATE] == 'd') then
      withdraw(q, id, job)
      set_state(q, id, job, 'e')
    end
  end
end

-- The number under which this engine's leases stand: the present one while nobody took it away. It
-- follows the clock, so that two engines have no number in common after data of the server was lost.
local function own(q, owner, lease_ms)
  local until_ms = int(now + lease_ms)
  if owner ~= '' then
    if redis.call('ZADD', q.base .. ':o', 'XX', 'CH', until_ms, owner) == 1 then return owner end
    if redis.call('ZSCORE', q.base .. ':o', owner) then return owner end
  end
  owner = int(math.max((tonumber(redis.call('HGET', q.base, 'owners')) or 0) + 1, micros))
  redis.call('HSET', q.base, 'owners', owner)
  redis.call('ZADD', q.base .. ':o', until_ms, owner)
  return owner
end

-- Begins a lease: the epoch is higher than any before.
local function begin(q, id, job, owner, at)
  forget_expiry(q, id, job)
  job[OWNER] = owner
  job[EPOCH] = next_tick(q)
  job[STAMP] = at
  if job[STATE] == 'i' then put(q, ':i', job[SEQ] .. id, owner) end
  set_state(q, id, job, 'i')
end
`;
