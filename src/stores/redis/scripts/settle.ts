import { LIBRARY } from './library.ts';
import { defineScript } from './script.ts';

/**
 * Ends leases. One whose epoch is not current changes nothing.
 *
 * KEYS     bases of the queues
 * ARGV[4…] per queue: finished jobs it keeps; then per lease: number of its queue among KEYS, id,
 *          epoch, `1` when it may have been carried out before, verdict (`c`omplete, `r`etry,
 *          `b`ack, `x` dead), attempts counted, interruptions counted, failures counted, delay in ms
 *          of a retry, bytes more, history or empty, failure of a dead job
 * returns  { per queue its times, per lease 1 or 0 }
 */
export const SETTLE = defineScript(
  'settle',
  [
    LIBRARY,
    String.raw`
local WIDTH = 12
local queues, first_at, ids = {}, 4 + #KEYS, {}
for index, base in ipairs(KEYS) do
  queues[index] = open(base)
  ids[index] = {}
end
for at = first_at, #ARGV, WIDTH do
  local own = ids[tonumber(ARGV[at])]
  own[#own + 1] = ARGV[at + 1]
end
for index, q in ipairs(queues) do load(q, ids[index]) end

local applied = {}
for at = first_at, #ARGV, WIDTH do
  local q = queues[tonumber(ARGV[at])]
  local id, epoch, again, verdict = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3] == '1', ARGV[at + 4]
  local job = q.jobs[id]
  if job and job[STATE] == 'i' and job[EPOCH] == epoch then
    applied[#applied + 1] = 1
    job[ATTEMPTS] = int(job[ATTEMPTS] + ARGV[at + 5])
    job[INTERRUPTIONS] = int(job[INTERRUPTIONS] + ARGV[at + 6])
    job[BYTES] = int(job[BYTES] + ARGV[at + 9])
    job[OWNER] = ''
    if ARGV[at + 7] ~= '0' then count(q, 'failed', ARGV[at + 7]) end
    if ARGV[at + 10] ~= '' then
      q.bodies[#q.bodies + 1] = q.base .. ':t:' .. id
      q.bodies[#q.bodies + 1] = ARGV[at + 10]
    end
    if verdict == 'c' then
      count(q, 'completed', 1)
      finish(q, id, job, 'c')
    elseif verdict == 'x' then
      count(q, 'dead', 1)
      job[STAMP] = int(now)
      job[DEATH] = next_tick(q)
      job[FAILURE] = int(now) .. ' ' .. ARGV[at + 11]
      set_state(q, id, job, 'x')
      leave(q, id, job)
    else
      if verdict == 'r' then job[DUE] = int(now + ARGV[at + 8]) end
      job[STAMP] = '0'
      place(q, id, job, false)
    end
  else
    -- An answer that was lost on its way: what was asked for took place.
    local done = again and (not job or (job[EPOCH] == epoch and job[STATE] ~= 'i'))
    applied[#applied + 1] = done and 1 or 0
  end
end
local answer = {}
for index, q in ipairs(queues) do
  close(q)
  if #q.ended > 0 then trim(q, tonumber(ARGV[3 + index])) end
  answer[index] = times(q)
end
return { answer, applied }
`,
  ],
  true,
);
