import { LIBRARY } from './library.ts';
import { defineScript } from './script.ts';

/**
 * Puts a job in the place of another version of it, or where none is.
 *
 * KEYS[1]      base of the queue it is to be in
 * KEYS[2]      base of the queue it is in; the same when it is nowhere
 * ARGV[4]      id
 * ARGV[5,6]    state and epoch that must be there: a letter of w, d, x; both empty for none, or for
 *              a finished job
 * ARGV[7]      `x` for dead, otherwise empty
 * ARGV[8…20]   place or empty, priority, enqueued at, due at, expires at or empty, attempts,
 *              interruptions, failed at, function, group, dedup key, bytes, failure
 * ARGV[21,22]  body, history or empty
 * returns      { 1 when it was done, times of the first queue, times of the second }
 */
export const REWRITE = defineScript(
  'rewrite',
  [
    LIBRARY,
    String.raw`
local target = open(KEYS[1])
local source = KEYS[2] == KEYS[1] and target or open(KEYS[2])
local id, expected, epoch, dedup = ARGV[4], ARGV[5], ARGV[6], ARGV[18]
tidy(source, 500)

local function refuse()
  close(source)
  return { 0, times(target), times(source) }
end

local old = job_of(source, id)
local state = old and old[STATE] or ''
if state == 'e' then state = 'w' end
if expected == '' then
  if old and state ~= 'c' and state ~= 'k' then return refuse() end
  if source ~= target and job_of(target, id) then return refuse() end
elseif state ~= expected or old[EPOCH] ~= epoch then
  return refuse()
end
local holder = dedup ~= '' and redis.call('HGET', target.base .. ':k', dedup)
if holder and holder ~= id then return refuse() end

-- The version that is there leaves without a trace.
local place_before, death_before = '', '0'
if old then
  if state == 'c' or state == 'k' then
    local entry = old[SEQ] .. id .. old[BYTES]
    if redis.call('LREM', source.base .. ':c', 1, entry) == 1 then
      redis.call('HINCRBY', source.base, 'retained', '-' .. old[BYTES])
    end
  else
    place_before, death_before = old[SEQ], old[DEATH]
  end
  if old[DEDUP] ~= '' and (state == 'w' or state == 'd' or state == 'x') then
    redis.call('HDEL', source.base .. ':k', old[DEDUP])
  end
  forget_expiry(source, id, old)
  withdraw(source, id, old)
  set_state(source, id, old, '')
  leave(source, id, old)
  source.jobs[id] = false
  source.dirty[id] = nil
  redis.call('UNLINK', source.base .. ':j:' .. id, source.base .. ':b:' .. id,
    source.base .. ':t:' .. id)
end

target.tick = math.max(target.tick, source.tick, tonumber(old and old[EPOCH] or '0'))
local seq = ARGV[8]
if seq == '' then seq = place_before end
if seq == '' then seq = next_tick(target) end
local job = {
  '', string.format('%016.0f', seq), ARGV[9], ARGV[10], ARGV[11], ARGV[12], ARGV[13], ARGV[14],
  next_tick(target), '', ARGV[15], '0', ARGV[16], ARGV[17], dedup, ARGV[19], ''
}
introduce(target, id, job)
target.bodies[#target.bodies + 1] = target.base .. ':b:' .. id
target.bodies[#target.bodies + 1] = ARGV[21]
if ARGV[22] ~= '' then
  target.bodies[#target.bodies + 1] = target.base .. ':t:' .. id
  target.bodies[#target.bodies + 1] = ARGV[22]
end
if dedup ~= '' then redis.call('HSET', target.base .. ':k', dedup, id) end
if ARGV[7] == 'x' then
  job[EXPIRES] = ''
  job[FAILURE] = ARGV[15] .. ' ' .. ARGV[20]
  job[DEATH] = state == 'x' and death_before or next_tick(target)
  set_state(target, id, job, 'x')
else
  place(target, id, job, false)
end
close(target)
if source ~= target then close(source) end
return { 1, times(target), times(source) }
`,
  ],
  true,
);
