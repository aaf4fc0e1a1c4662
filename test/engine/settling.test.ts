import { expect, test } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Settling } from '../../src/engine/settling.ts';
import type { Settlement } from '../../src/queue/store.ts';
import type { Job, Verdict } from '../../src/queue/types.ts';
import { newJob, uuidOf } from '../support/store-fixture.ts';

const COMPLETE: Verdict = { kind: 'complete' };
const DEAD: Verdict = {
  kind: 'dead',
  reason: 'exhausted',
  error: { code: 'boom', message: 'no' },
  countsAttempt: true,
};

/** A store that notes each call, and refuses while `refuses` says so. */
function stage(refuses: (ids: readonly string[]) => boolean = () => false) {
  const clock = new ManualClock();
  const calls: string[][] = [];
  const ended = new Map<string, boolean | null>();
  const settling = new Settling({
    store: {
      settle: (settlements: readonly Settlement[]) => {
        const ids = settlements.map(({ id }) => id);
        calls.push(ids);
        if (refuses(ids)) return Promise.reject(new Error('the disk is full'));
        return Promise.resolve(ids.map(() => true));
      },
    },
    clock,
    log: silentLogger,
  });
  const end = (id: string, verdict = COMPLETE): void => {
    settling.add({
      job: newJob(id, clock.now()) as Job,
      settlement: { id, epoch: 1, verdict, record: null, at: clock.now() },
      done: (applied) => ended.set(id, applied),
    });
  };
  return { clock, calls, ended, settling, end };
}

const [a = '', b = '', c = ''] = [1, 2, 3].map(uuidOf);

test('attempts that end in one turn of the event loop are settled in one call', async () => {
  const { clock, calls, ended, end } = stage();
  end(a);
  end(b);
  await clock.advance(0);
  end(c);
  await clock.advance(0);
  expect(calls).toEqual([[a, b], [c]]);
  expect([...ended.values()]).toEqual([true, true, true]);
});

test('a dying job goes by itself: what is awaited before its death holds up no other', async () => {
  const { clock, calls, end } = stage();
  end(a);
  end(b, DEAD);
  end(c);
  await clock.advance(0);
  expect(calls).toContainEqual([a, c]);
  expect(calls).toContainEqual([b]);
});

test('what the store refuses together is tried one by one, and again until it is taken', async () => {
  let full = true;
  const { clock, ended, end } = stage((ids) => ids.length > 1 || (full && ids[0] === a));
  end(a);
  end(b);
  await clock.advance(0);
  expect([ended.get(a), ended.get(b)]).toEqual([undefined, true]);
  full = false;
  await clock.advance(1_000);
  expect(ended.get(a)).toBe(true);
});

test('when the engine gives up, a refused end is left to the next start', async () => {
  const { clock, calls, ended, settling, end } = stage(() => true);
  settling.giveUpOnFailure();
  end(a);
  await clock.advance(0);
  expect(ended.get(a)).toBeNull();
  expect(calls).toEqual([[a], [a]]);
});
