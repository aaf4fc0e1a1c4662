import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { AuditTrail } from '../../src/engine/audit-trail.ts';
import type { StateStore } from '../../src/state/store.ts';
import { sharedStates } from '../support/shared-state.ts';

const MOST = 2_000;

async function trails(states: readonly StateStore[]): Promise<AuditTrail[]> {
  const clock = new ManualClock();
  const opened = states.map((state) => new AuditTrail(state, clock));
  for (const trail of opened) await trail.start();
  return opened;
}

async function actions(trail: AuditTrail, limit = 10): Promise<string[]> {
  return (await trail.list(limit)).map(({ action }) => action);
}

const entry = (action: string) => ({ by: 'ann', action, facts: {} });

describe('the audit trail of several engines', () => {
  it('is one, in the order in which things were done', async () => {
    const [one, two] = await trails(sharedStates(2));
    await one!.add(entry('first'));
    await two!.add(entry('second'));
    await two!.add(entry('third'));
    await one!.add(entry('fourth'));
    expect(await actions(one!)).toEqual(['fourth', 'third', 'second', 'first']);
    expect(await actions(two!)).toEqual(await actions(one!));
  });

  it('loses nothing that is written at the same time, or while no engine heard of the other', async () => {
    const deaf = sharedStates(2).map((state): StateStore => ({ ...state, watch: () => undefined }));
    const [one, two] = await trails(deaf);
    await Promise.all(
      [one!, two!, one!, two!, two!].map((trail, at) => trail.add(entry(String(at)))),
    );
    await one!.add(entry('last'));
    const all = await actions(two!);
    expect(all[0]).toBe('last');
    expect(all.slice(1).sort()).toEqual(['0', '1', '2', '3', '4']);
  });

  it('keeps the latest entries, whoever wrote them', async () => {
    const [state, ...others] = sharedStates(2);
    const [one, two] = await trails([state!, ...others]);
    for (let n = 0; n < MOST; n++) await one!.add(entry(`old ${n}`));
    await two!.add(entry('new'));
    const kept = await actions(one!, MOST + 10);
    expect(kept).toHaveLength(MOST);
    expect([kept.at(0), kept.at(-1)]).toEqual(['new', 'old 1']);
    expect((await state!.list('iii::audit')).size).toBe(MOST);
  });

  it('goes on behind the last entry after a restart', async () => {
    const states = sharedStates(1);
    const [one] = await trails(states);
    await one!.add(entry('before'));
    const [again] = await trails(states);
    await again!.add(entry('after'));
    expect(await actions(again!)).toEqual(['after', 'before']);
  });
});
