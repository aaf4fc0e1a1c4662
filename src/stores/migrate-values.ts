import { createHash, type Hash } from 'node:crypto';
import { IiiError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { QueuePolicy } from '../queue/types.ts';
import type { StateStore } from '../state/store.ts';

/** Scopes that begin like this are the engine's own. */
const OWN_PREFIX = 'iii::';
/**
 * What of the engine's own goes along: what belongs to jobs and topics. Tasks, the audit trail and
 * what can be undone are about the store they are in.
 */
const SUBSCRIPTIONS = 'iii::subscriptions';
const PARKED = 'iii::parked';
const MARKER_SCOPE = 'iii::migration';

/** Where something is, and where it is to be. */
export interface Move {
  readonly from: StateStore;
  readonly to: StateStore;
}

export interface MigrateValuesParts {
  /** What the engine keeps beside its jobs. */
  readonly engine: Move;
  /** What users keep, which may be in the same places; `null`: it stays. */
  readonly users: Move | null;
  /** Count only. */
  readonly dryRun: boolean;
}

export interface ValuesReport {
  /** Subscriptions moved now; with a dry run, those that would be. */
  readonly subscriptions: number;
  /** The same of what users keep. */
  readonly values: number;
  /** SHA-256 over both as they were read from the source, and as they were read back. */
  readonly digests: { readonly from: string; readonly to: string };
}

interface Digests {
  readonly from: Hash;
  readonly to: Hash;
}

/**
 * Moves subscriptions and users' values from open stores to others. Each leaves its source only after it
 * was read back and is the same, so that a run that broke off is gone on with by running it again.
 * @throws IiiError CONFLICT when the target has another value in the way
 */
export async function migrateValues(parts: MigrateValuesParts): Promise<ValuesReport> {
  const { engine, users, dryRun } = parts;
  const digests = { from: createHash('sha256'), to: createHash('sha256') };
  const subscriptions = await moveScope(engine, SUBSCRIPTIONS, dryRun, digests);
  await moveScope(engine, PARKED, dryRun, digests);
  let values = 0;
  for (const scope of (await users?.from.scopes()) ?? []) {
    if (users === null || scope.startsWith(OWN_PREFIX)) continue;
    values += await moveScope(users, scope, dryRun, digests);
  }
  return {
    subscriptions,
    values,
    digests: { from: digests.from.digest('hex'), to: digests.to.digest('hex') },
  };
}

/** Settings of the queues behind the topics of a store. */
export async function subscribedPolicies(state: StateStore): Promise<readonly QueuePolicy[]> {
  const texts = [...(await state.list(SUBSCRIPTIONS)).values()];
  return texts.flatMap((text) => (JSON.parse(text) as { policy?: QueuePolicy }).policy ?? []);
}

/** Whether two stores are the same place under two names: then moving would be losing. */
export async function sharePlace(a: StateStore, b: StateStore, random: Random): Promise<boolean> {
  const key = random.uuid();
  await a.update(MARKER_SCOPE, key, () => 'true');
  try {
    // a change and not a look: a store that only follows what happens has followed then
    return (await b.update(MARKER_SCOPE, key, (text) => text)).before !== undefined;
  } finally {
    await a.update(MARKER_SCOPE, key, () => undefined);
  }
}

/** Answers how many values there were. */
async function moveScope(
  { from, to }: Move,
  scope: string,
  dryRun: boolean,
  digests: Digests,
): Promise<number> {
  const values = await from.list(scope);
  if (dryRun) return values.size;
  for (const [key, text] of values) {
    await to.update(scope, key, (there) => there ?? text);
    const copy = await to.get(scope, key);
    if (copy !== text) throw inTheWay(scope, key);
    digests.from.update(lineOf(scope, key, text));
    digests.to.update(lineOf(scope, key, copy));
    await from.update(scope, key, (now) => (now === text ? undefined : now));
  }
  return values.size;
}

function lineOf(scope: string, key: string, text: string): string {
  return `${JSON.stringify([scope, key, text])}\n`;
}

function inTheWay(scope: string, key: string): IiiError {
  const hint =
    scope === SUBSCRIPTIONS
      ? 'End one of the two (iii topic unsubscribe), then run the same command again.'
      : 'Delete one of the two, then run the same command again: it goes on here.';
  return new IiiError('CONFLICT', `The target has another value '${key}' in scope '${scope}'.`, {
    reason: 'What is in the source is still there.',
    hint,
  });
}
