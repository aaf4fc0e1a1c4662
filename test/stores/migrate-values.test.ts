import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/base/random.ts';
import type { StateStore } from '../../src/state/store.ts';
import { migrateValues, sharePlace } from '../../src/stores/migrate-values.ts';
import { MemoryStateStore } from '../../src/stores/memory/memory-state-store.ts';
import { sharedStates } from '../support/shared-state.ts';

type Values = readonly (readonly [scope: string, key: string, text: string])[];

const VALUES: Values = [
  ['iii::subscriptions', 'order.created/mail', '{"topic":"order.created"}'],
  ['iii::audit', '000000000001', '{}'],
  ['users', 'ann', '{"n":9007199254740993}'],
  ['users', '__proto__', '1.0'],
  ['orders', 'a', 'null'],
];

async function filled(values: Values): Promise<StateStore> {
  const state = new MemoryStateStore();
  for (const [scope, key, text] of values) await state.update(scope, key, () => text);
  return state;
}

async function everything(state: StateStore): Promise<string[]> {
  const found: string[] = [];
  for (const scope of await state.scopes()) {
    for (const [key, text] of await state.list(scope)) found.push(`${scope} ${key} ${text}`);
  }
  return found;
}

/** Both kinds in one place on each side, as it is without a state adapter. */
const move = (from: StateStore, to: StateStore, dryRun = false) =>
  migrateValues({ engine: { from, to }, users: { from, to }, dryRun });

describe('moving subscriptions and values from store to store', () => {
  it('takes them out of the source when they were read back, as they were', async () => {
    const [from, to] = [await filled(VALUES), new MemoryStateStore()];
    const report = await move(from, to);
    expect(report).toMatchObject({ subscriptions: 1, values: 3 });
    expect(report.digests.to).toBe(report.digests.from);
    expect(await everything(to)).toEqual([
      'iii::subscriptions order.created/mail {"topic":"order.created"}',
      'orders a null',
      'users __proto__ 1.0',
      'users ann {"n":9007199254740993}',
    ]);
    expect(await everything(from)).toEqual(['iii::audit 000000000001 {}']);
  });

  it('only counts in a rehearsal', async () => {
    const [from, to] = [await filled(VALUES), new MemoryStateStore()];
    const before = await everything(from);
    expect(await move(from, to, true)).toMatchObject({ subscriptions: 1, values: 3 });
    expect(await everything(from)).toEqual(before);
    expect(await everything(to)).toEqual([]);
  });

  it('goes on where it broke off', async () => {
    const [from, to] = [await filled(VALUES), new MemoryStateStore()];
    const update = from.update.bind(from);
    let left = 2;
    from.update = (...change) => {
      if (left-- === 0) return Promise.reject(new Error('the power is gone'));
      return update(...change);
    };
    await expect(move(from, to)).rejects.toThrow('power');
    from.update = update;
    expect(await move(from, to)).toMatchObject({ subscriptions: 0, values: 2 });
    expect(await everything(to)).toHaveLength(4);
    expect(await everything(from)).toHaveLength(1);
  });

  it('stops at a value that the target has another one of, and leaves it in the source', async () => {
    const from = await filled(VALUES);
    const to = await filled([['users', 'ann', '"another"']]);
    await expect(move(from, to)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining("'ann'") as unknown,
    });
    expect(await from.get('users', 'ann')).toBe('{"n":9007199254740993}');
    expect(await to.get('users', 'ann')).toBe('"another"');
  });

  it('leaves what users keep where no other place is given for it', async () => {
    const [from, to] = [await filled(VALUES), new MemoryStateStore()];
    const report = await migrateValues({ engine: { from, to }, users: null, dryRun: false });
    expect(report).toMatchObject({ subscriptions: 1, values: 0 });
    expect(await everything(to)).toHaveLength(1);
  });
});

describe('two names of one place', () => {
  it('are told from two places', async () => {
    const [one, same] = sharedStates(2);
    expect(await sharePlace(one!, same!, systemRandom)).toBe(true);
    expect(await sharePlace(one!, new MemoryStateStore(), systemRandom)).toBe(false);
    expect(await everything(one!)).toEqual([]);
  });
});
