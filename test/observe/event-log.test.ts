import { expect, test } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import { EventLog } from '../../src/observe/event-log.ts';

const completed = (id: string): EngineEvent => ({
  kind: 'job_completed',
  queue: 'q',
  id,
  durationMs: 1,
});
const dead = (id: string): EngineEvent => ({
  kind: 'job_dead',
  traceparent: null,
  durationMs: 1,
  queue: 'q',
  id,
  reason: 'exhausted',
  error: { code: 'boom', message: 'no' },
});
const all = (): boolean => true;
const idsOf = (log: EventLog, after: number): unknown[] =>
  log.read(after, 1_000_000, all).events.map(({ event }) => 'id' in event && event.id);

test('while nobody reads only what went wrong is kept', () => {
  const log = new EventLog(new ManualClock());
  log.observe(completed('a'));
  log.observe(dead('b'));
  expect(idsOf(log, 0)).toEqual(['b']);
});

test('from the first reading on everything is kept, until nobody has read for a minute', async () => {
  const clock = new ManualClock();
  const log = new EventLog(clock);
  log.read(0, 1, all);
  log.observe(completed('a'));
  await clock.advance(61_000);
  log.observe(completed('b'));
  expect(idsOf(log, 0)).toEqual(['a']);
});

test('a reader goes on behind the last event it has, and is told how many it missed', () => {
  const log = new EventLog(new ManualClock());
  for (let count = 0; count < 10; count++) log.observe(dead(String(count)));
  const first = log.read(0, 4, all);
  expect([first.events.length, first.last, first.missed]).toEqual([4, 4, 0]);
  expect(idsOf(log, first.last)).toEqual(['4', '5', '6', '7', '8', '9']);
  for (let count = 0; count < 20_000; count++) log.observe(dead('x'));
  const late = log.read(first.last, 1_000_000, all);
  expect(late.events.length + late.missed).toBe(20_006);
  expect(late.missed).toBeGreaterThan(0);
});

test('a waiting reader is woken by the next event, or by the end of its time', async () => {
  const clock = new ManualClock();
  const log = new EventLog(clock);
  let woken = 0;
  const wait = () => void log.waitBehind(0, 1_000).then(() => (woken += 1));
  wait();
  await clock.advance(999);
  expect(woken).toBe(0);
  await clock.advance(1);
  expect(woken).toBe(1);
  wait();
  log.observe(dead('a'));
  await clock.advance(0);
  expect(woken).toBe(2);
});
