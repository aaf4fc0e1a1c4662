import { expect, it } from 'vitest';
import { nextPhase, QUIET, type AlertPhase } from '../../../src/observe/alerts/alert-phase.ts';

/** What is told at each look, one second apart. */
function tell(looks: string, timing: { forMs: number; repeatMs: number | null }): unknown[] {
  let phase: AlertPhase = QUIET;
  return [...looks].map((look, second) => {
    const step = nextPhase(phase, look === '!', second * 1_000, timing);
    phase = step.phase;
    return step.news;
  });
}

const none = null;

it('fires once when it has lasted, and says once when it is over', () => {
  expect(tell('.!!!!..!', { forMs: 2_000, repeatMs: null })).toEqual([
    none,
    none,
    none,
    'firing',
    none,
    'resolved',
    none,
    none,
  ]);
});

it('says nothing of what was over before it had lasted', () => {
  expect(tell('!!.!!.', { forMs: 2_000, repeatMs: null })).toEqual(Array(6).fill(none));
});

it('fires at once without a time to last, and again as often as asked while it lasts', () => {
  const said = ['firing', none, 'repeated', none, 'repeated', 'resolved'];
  expect(tell('!!!!!.', { forMs: 0, repeatMs: 2_000 })).toEqual(said);
});

it('remembers since when it is so, not since when it was told', () => {
  const timing = { forMs: 5_000, repeatMs: 1_000 };
  let { phase } = nextPhase(QUIET, true, 1_000, timing);
  ({ phase } = nextPhase(phase, true, 6_000, timing));
  expect(phase).toEqual({ kind: 'firing', since: 1_000, toldAt: 6_000 });
  expect(nextPhase(phase, true, 7_000, timing).phase).toMatchObject({ since: 1_000 });
});
