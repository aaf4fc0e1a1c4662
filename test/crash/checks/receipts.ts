import type { Check } from '../check.ts';
import type { DeadEntry } from '../dump.ts';
import type { LineOf } from '../history.ts';
import { payloadOf } from '../job-plan.ts';
import type { Seen } from '../seen.ts';
import { firstAfter, groupBy } from '../seen.ts';

/** I1: every receipt stands for a job that was done, is dead, or was cancelled or discarded. */
export const nothingIsLost: Check = (seen, { dead }) =>
  lostOf(seen, dead).map(
    ({ id, key }) => `${key} has the receipt ${id} and is neither done, dead nor discarded`,
  );

/** I18: a receipt was synced before it was sent, so no power cut takes its job away. */
export const syncedBeforeReceipt: Check = (seen, { dead }) => {
  const faults = seen.of('fault');
  const times = faults.map(({ at }) => at);
  const cuts = new Set(faults.filter(({ fault }) => fault === 'power cut').map(({ at }) => at));
  return lostOf(seen, dead)
    .filter(({ at }) => cuts.has(firstAfter(times, at)))
    .map(({ id, key }) => `${key} got the receipt ${id} before a power cut and is gone`);
};

/** I2: nothing runs that was never sent or was refused. */
export const noPhantoms: Check = (seen) => {
  const refused = new Set(seen.of('refused').map(({ key }) => key));
  const keys = new Set(seen.keys.values());
  return [...keys].flatMap((key) => {
    if (!seen.invokes.has(key)) return [`${key} was never sent`];
    return refused.has(key) ? [`${key} was refused and ran`] : [];
  });
};

/** I3: a receipt belongs to one job for ever, and a job has one receipt. */
export const receiptsAreUnique: Check = (seen) => {
  const violations: string[] = [];
  const ids = new Map<string, string>();
  for (const { id, key } of seen.of('delivered')) {
    if (seen.keys.get(id) !== key)
      violations.push(`${id} is ${String(seen.keys.get(id))} and ${key}`);
    const other = ids.get(key);
    if (other !== undefined && other !== id) violations.push(`${key} runs as ${other} and ${id}`);
    ids.set(key, id);
  }
  const owners = new Map<string, string>();
  for (const { id, key } of seen.of('accepted')) {
    const owner = seen.keys.get(id) ?? owners.get(id) ?? key;
    owners.set(id, owner);
    const dedupKey = seen.invokes.get(key)?.dedupKey ?? null;
    const isDuplicate = dedupKey !== null && seen.invokes.get(owner)?.dedupKey === dedupKey;
    if (owner !== key && !isDuplicate)
      violations.push(`${id} is the receipt of ${owner} and ${key}`);
  }
  return violations;
};

/** I13: payloads are, byte for byte, what was sent: at each delivery and among the dead. */
export const bytesAreIntact: Check = (seen, { dead }) => [
  ...seen
    .of('delivered')
    .filter(({ isIntact }) => !isIntact)
    .map(({ key }) => `the payload of ${key} was delivered changed`),
  ...dead.flatMap(({ id, payloadText }) => {
    const key = seen.keys.get(id);
    const group = key === undefined ? null : (seen.invokes.get(key)?.group ?? null);
    if (key === undefined || payloadText === payloadOf(key, group)) return [];
    return [`the payload of ${key}, which is dead, changed`];
  }),
];

/** I17: a dedup key stands for one job until that has ended. */
export const dedupKeysHold: Check = (seen) => {
  const keyed = seen.of('accepted').flatMap(({ at, key, id }) => {
    const invoke = seen.invokes.get(key);
    const dedupKey = invoke?.dedupKey ?? null;
    return dedupKey === null ? [] : [{ at, id, dedupKey, invokedAt: invoke?.at ?? at }];
  });
  const violations: string[] = [];
  for (const [dedupKey, receipts] of groupBy(keyed, (receipt) => receipt.dedupKey)) {
    for (const [index, { id, at, invokedAt }] of receipts.entries()) {
      const before = receipts[index - 1];
      if (before === undefined || before.id === id || before.at > invokedAt) continue;
      const last = seen.deliveries.get(before.id)?.at(-1);
      const answer = last === undefined ? undefined : seen.answerTo(last);
      const hasEnded = answer?.ok === true && answer.at <= at;
      if (hasEnded || seen.commanded(before.id, ['cancel', 'discard'], 0, at)) continue;
      violations.push(
        `${dedupKey} stood for ${before.id}, which had not ended, and then for ${id}`,
      );
    }
  }
  return violations;
};

function lostOf(seen: Seen, dead: readonly DeadEntry[]): LineOf<'accepted'>[] {
  const dying = new Set(dead.map(({ id }) => id));
  return seen
    .of('accepted')
    .filter(
      ({ id }) =>
        !seen.done.has(id) &&
        !dying.has(id) &&
        !seen.commanded(id, ['cancel', 'discard'], 0, Infinity),
    );
}
