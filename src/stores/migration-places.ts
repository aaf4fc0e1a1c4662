import { resolve } from 'node:path';
import { IiiError } from '../base/errors.ts';
import type { QueuePolicy } from '../queue/types.ts';
import type { StateStore } from '../state/store.ts';
import type { JobSource } from './job-source.ts';
import type { JobTarget } from './job-target.ts';
import { sharePlace, subscribedPolicies, type Move } from './migrate-values.ts';
import {
  createStateStore,
  openJobSource,
  openJobTarget,
  stateBeside,
  type StoreChoice,
  type StoreParts,
} from './registry.ts';

/** Where one engine keeps everything. */
export interface Places {
  readonly jobs: StoreChoice;
  /** What users keep; `null`: beside the jobs. */
  readonly users: StoreChoice | null;
  readonly policies: readonly QueuePolicy[];
}

/** The open stores of both sides. */
export interface MigrationPlaces {
  readonly jobs: { readonly from: JobSource; readonly to: JobTarget };
  readonly engine: Move;
  /** `null`: what users keep stays, because both sides keep it in one place or one in memory. */
  readonly users: Move | null;
  close(): Promise<void>;
}

/**
 * Opens what a migration needs.
 * @throws IiiError CONFLICT when both sides are one place; whatever a store says that cannot be opened
 */
export async function openPlaces(
  source: Places,
  target: Places,
  parts: StoreParts,
): Promise<MigrationPlaces> {
  const opened: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0).reverse()) await one.close();
  };
  const openState = async (choice: StoreChoice): Promise<StateStore> => {
    const state = await createStateStore(choice, parts);
    await state.open();
    opened.push(state);
    return state;
  };
  try {
    // first the jobs: an engine that uses a folder has its lock
    const from = await openJobSource(source.jobs, parts, source.policies);
    opened.push(from);
    const stateFrom = await openState(stateBeside(source.jobs));
    const topics = await subscribedPolicies(stateFrom);
    from.know(topics);
    const to = await openJobTarget(target.jobs, parts, [...target.policies, ...topics]);
    opened.push(to);
    const jobs = { from, to };
    const engine = { from: stateFrom, to: await openState(stateBeside(target.jobs)) };
    if (await sharePlace(engine.from, engine.to, parts.random)) throw onePlace(jobs.from);
    if (!areMovable(source.users ?? source.jobs, target.users ?? target.jobs)) {
      return { jobs, engine, users: null, close };
    }
    const users = {
      from: source.users === null ? engine.from : await openState(source.users),
      to: target.users === null ? engine.to : await openState(target.users),
    };
    const isOne = await sharePlace(users.from, users.to, parts.random);
    return { jobs, engine, users: isOne ? null : users, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** A folder can be opened once. */
function areMovable(from: StoreChoice, to: StoreChoice): boolean {
  if (from.kind === 'memory' || to.kind === 'memory') return false;
  return from.kind !== 'file' || to.kind !== 'file' || resolve(from.path) !== resolve(to.path);
}

function onePlace({ location }: JobSource): IiiError {
  return new IiiError('CONFLICT', 'The source and the target are the same store.', {
    reason: `Both configurations lead to ${location}.`,
    hint: 'Give the target another server, key_prefix or folder.',
  });
}
