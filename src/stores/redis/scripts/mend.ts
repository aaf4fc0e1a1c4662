import { LIBRARY } from './library.ts';
import { defineScript } from './script.ts';

/**
 * Ends waiting and delayed jobs of one queue as discarded.
 *
 * KEYS[1]  base of the queue
 * ARGV[4]  finished jobs the queue keeps
 * ARGV[5…] ids
 * returns  { its times, ids that were }
 */
export const CANCEL = defineScript(
  'cancel',
  [
    LIBRARY,
    String.raw`
local q = open(KEYS[1])
local done = {}
for index = 5, #ARGV do
  local id = ARGV[index]
  local job = job_of(q, id)
  if job and (waits(job[STATE]) or job[STATE] == 'd') then
    withdraw(q, id, job)
    count(q, 'discarded', 1)
    finish(q, id, job, 'k')
    done[#done + 1] = id
  end
end
close(q)
if #done > 0 then trim(q, tonumber(ARGV[4])) end
return { times(q), done }
`,
  ],
  true,
);

/**
 * The dead jobs of one queue, oldest death first.
 *
 * KEYS[1]  base of the queue
 * ARGV[4]  jobs wanted, at most
 * ARGV[5]  `1` when only those with the ids that follow
 * ARGV[6…] ids
 * returns  per job its place in the order of deaths and its id, alternating
 */
export const DEAD = defineScript(
  'dead',
  [
    LIBRARY,
    String.raw`
local q = open(KEYS[1])
local answer = {}
if ARGV[5] == '1' then
  local ids = {}
  for index = 6, #ARGV do ids[#ids + 1] = ARGV[index] end
  load(q, ids)
  for _, id in ipairs(ids) do
    local job = q.jobs[id]
    if job and job[STATE] == 'x' then
      answer[#answer + 1] = job[DEATH]
      answer[#answer + 1] = id
    end
  end
  return answer
end
local dead = redis.call('ZRANGE', q.base .. ':x', 0, ARGV[4] - 1, 'WITHSCORES')
for index = 1, #dead, 2 do
  answer[index] = int(dead[index + 1])
  answer[index + 1] = id_of(dead[index])
end
return answer
`,
  ],
  true,
);

/**
 * Brings dead jobs of one queue back to their place, or ends them as discarded.
 *
 * KEYS[1]  base of the queue
 * ARGV[4]  redrive | discard
 * ARGV[5]  finished jobs the queue keeps
 * ARGV[6…] ids
 * returns  { its times, ids that were dead }
 */
export const END_DEATH = defineScript(
  'end-death',
  [
    LIBRARY,
    String.raw`
local q = open(KEYS[1])
local ids, done = {}, {}
for index = 6, #ARGV do ids[#ids + 1] = ARGV[index] end
load(q, ids)
for _, id in ipairs(ids) do
  local job = q.jobs[id]
  if job and job[STATE] == 'x' then
    done[#done + 1] = id
    if ARGV[4] == 'redrive' then
      count(q, 'redriven', 1)
      job[ATTEMPTS], job[INTERRUPTIONS] = '0', '0'
      job[DUE], job[EXPIRES] = int(now), ''
      place(q, id, job, false)
      job[DEATH], job[FAILURE], job[STAMP] = '0', '', '0'
    else
      count(q, 'discarded', 1)
      finish(q, id, job, 'k')
    end
  end
end
close(q)
if #q.ended > 0 then trim(q, tonumber(ARGV[5])) end
return { times(q), done }
`,
  ],
  true,
);
