import { LIBRARY } from './library.ts';
import { defineScript } from './script.ts';

/**
 * Counts one queue.
 *
 * KEYS[1]  base of the queue
 * returns  { its times, waiting, delayed, in flight, dead, kept, groups, when the oldest waiting job
 *          was enqueued or empty, paused, totals: enqueued, completed, failed, dead, redriven,
 *          discarded; function and waiting jobs, alternating }
 */
export const STATS = defineScript(
  'stats',
  [
    LIBRARY,
    String.raw`
local q = open(KEYS[1])
tidy(q, 500)
close(q)
local function size(command, suffix) return redis.call(command, q.base .. suffix) end
local oldest = first(q, ':w')
local meta = redis.call('HMGET', q.base, 'paused', 'enqueued', 'completed', 'failed', 'dead',
  'redriven', 'discarded')
local enqueued_at = oldest and job_of(q, id_of(oldest))[ENQUEUED] or ''
local totals = {}
for index = 2, 7 do totals[index - 1] = tonumber(meta[index] or '0') end
return {
  times(q), size('ZCARD', ':w'), size('ZCARD', ':d'), size('ZCARD', ':i'), size('ZCARD', ':x'),
  size('LLEN', ':c'), q.fifo and size('HLEN', ':h') or 0, enqueued_at,
  meta[1] == '1' and 1 or 0, totals, size('HGETALL', ':f')
}
`,
  ],
  true,
);

/**
 * Reads jobs of one queue by id; those that are not there have empty texts.
 *
 * KEYS[1]  base of the queue
 * ARGV[4…] ids
 * returns  per job its texts
 */
export const READ = defineScript(
  'read',
  [
    LIBRARY,
    String.raw`
local q = open(KEYS[1])
local SLICE = 500
local answer, due = {}, {}
for from = 4, #ARGV, SLICE do
  local keys = {}
  for index = from, math.min(from + SLICE - 1, #ARGV) do
    local id = ARGV[index]
    keys[#keys + 1] = q.base .. ':j:' .. id
    keys[#keys + 1] = q.base .. ':b:' .. id
    keys[#keys + 1] = q.base .. ':t:' .. id
  end
  local texts = redis.call('MGET', unpack(keys))
  for at = 1, #texts, 3 do
    local header = texts[at] or ''
    answer[#answer + 1] = ARGV[from + (at - 1) / 3]
    answer[#answer + 1] = header
    answer[#answer + 1] = texts[at + 1] or ''
    answer[#answer + 1] = texts[at + 2] or ''
    -- Only what may be due has to be taken apart.
    if string.sub(header, 1, 2) == 'd\n' then due[#due + 1] = #answer - 3 end
  end
end
local ids = {}
for index, at in ipairs(due) do ids[index] = answer[at] end
load(q, ids)
for _, id in ipairs(ids) do
  local job = q.jobs[id]
  if job[STATE] == 'd' and tonumber(job[DUE]) <= now then start(q, id, job) end
end
close(q)
for _, at in ipairs(due) do answer[at + 1] = table.concat(q.jobs[answer[at]], '\n') end
return answer
`,
  ],
  true,
);

/**
 * Lists members of one queue in order: those in some states by acceptance, or dead ones by death,
 * the first or the last death first.
 *
 * KEYS[1]  base of the queue
 * ARGV[4]  accepted | died | last_died
 * ARGV[5]  place behind which it begins, or empty
 * ARGV[6]  members wanted, at most
 * ARGV[7]  states: letters of w, d, i, x, c (any finished one)
 * returns  per member its place in that order and its id, alternating
 */
export const LIST = defineScript(
  'list',
  [
    LIBRARY,
    String.raw`
local q = open(KEYS[1])
tidy(q, 500)
close(q)
local after, limit, states = ARGV[5], tonumber(ARGV[6]), ARGV[7]
local answer = {}
if ARGV[4] ~= 'accepted' then
  local forth = ARGV[4] == 'died'
  local from = after ~= '' and '(' .. after or forth and '-inf' or '+inf'
  local command = forth and 'ZRANGEBYSCORE' or 'ZREVRANGEBYSCORE'
  local dead = redis.call(command, q.base .. ':x', from, forth and '+inf' or '-inf', 'WITHSCORES',
    'LIMIT', 0, limit)
  for index = 1, #dead, 2 do
    answer[index] = int(dead[index + 1])
    answer[index + 1] = id_of(dead[index])
  end
  return answer
end
local from = after == '' and '-' or '(' .. after .. '\255'
local members = {}
local function add_all(list)
  for _, member in ipairs(list) do
    if string.sub(member, 1, SEQ_DIGITS) > after then members[#members + 1] = member end
  end
end
for letter, suffix in pairs({ w = ':w', d = ':ds', x = ':xs' }) do
  if string.find(states, letter, 1, true) then
    add_all(redis.call('ZRANGEBYLEX', q.base .. suffix, from, '+', 'LIMIT', 0, limit))
  end
end
if string.find(states, 'i', 1, true) then add_all(redis.call('ZRANGE', q.base .. ':i', 0, -1)) end
if string.find(states, 'c', 1, true) then add_all(redis.call('LRANGE', q.base .. ':c', 0, -1)) end
table.sort(members)
for index = 1, math.min(limit, #members) do
  answer[#answer + 1] = string.sub(members[index], 1, SEQ_DIGITS)
  answer[#answer + 1] = id_of(members[index])
end
return answer
`,
  ],
  true,
);

/**
 * Looks at groups of one FIFO queue: how many jobs of each can still run, and the oldest of them.
 *
 * KEYS[1]  base of the queue
 * ARGV[4]  jobs wanted of each group, at most
 * ARGV[5…] groups, as they stand in keys
 * returns  per group its key, its jobs, the first line of a body where the key is a hash or else an
 *          empty text, and id and header of each job in a flat list; groups without jobs are left out
 */
export const GROUPS = defineScript(
  'groups',
  [
    LIBRARY,
    String.raw`
local q = open(KEYS[1])
local most = tonumber(ARGV[4])
local found, all = {}, {}
for index = 5, #ARGV do
  local group = ARGV[index]
  local backlog = q.base .. ':g:' .. group
  local members = redis.call('ZRANGE', backlog, 0, most - 1)
  local jobs = redis.call('ZCARD', backlog)
  local head = head_of(q, group)
  if head then
    -- A job brought back while a later one is in flight is older than the head.
    members[#members + 1] = head
    table.sort(members)
    members[most + 1] = nil
    jobs = jobs + 1
  end
  if #members > 0 then
    local ids = {}
    for place, member in ipairs(members) do
      ids[place] = id_of(member)
      all[#all + 1] = ids[place]
    end
    found[#found + 1] = { group, jobs, ids }
  end
end
load(q, all)
for _, id in ipairs(all) do
  local job = q.jobs[id]
  if job and job[STATE] == 'd' and tonumber(job[DUE]) <= now then start(q, id, job) end
end
close(q)
local answer = {}
for _, one in ipairs(found) do
  local group, jobs, ids = unpack(one)
  local facts = ''
  if string.sub(group, 1, 7) == 'sha256:' then
    facts = string.match(redis.call('GET', q.base .. ':b:' .. ids[1]) or '', '^[^\n]*')
  end
  local texts = {}
  for _, id in ipairs(ids) do
    if q.jobs[id] then
      texts[#texts + 1] = id
      texts[#texts + 1] = table.concat(q.jobs[id], '\n')
    end
  end
  answer[#answer + 1] = group
  answer[#answer + 1] = jobs
  answer[#answer + 1] = facts
  answer[#answer + 1] = texts
end
return answer
`,
  ],
  true,
);
