import type { Clock } from '../base/clock.ts';
import type { IiiError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Secret } from '../base/secret.ts';
import type { Archive } from '../queue/archive.ts';
import type { Store } from '../queue/store.ts';
import type { QueuePolicy } from '../queue/types.ts';
import type { StateStore } from '../state/store.ts';
import { STATE_FOLDER, UNDO_FOLDER } from './file/tables.ts';
import type { JobSource } from './job-source.ts';
import type { JobTarget } from './job-target.ts';
import { StoreSource } from './store-source.ts';
import { StoreTarget } from './store-target.ts';

/** Where jobs are to be kept; the same union as the configuration's. */
export type StoreChoice =
  | { readonly kind: 'memory' }
  | { readonly kind: 'file'; readonly path: string }
  | RedisChoice
  | RabbitChoice;

/** See the Redis adapter in docs/configuration.md. */
export interface RedisChoice {
  readonly kind: 'redis';
  readonly url: Secret;
  readonly keyPrefix: string;
  readonly leaseMs: number;
  readonly allowEviction: boolean;
}

/** See the RabbitMQ adapter in docs/configuration.md. */
export interface RabbitChoice {
  readonly kind: 'rabbitmq';
  readonly url: Secret;
  readonly queueMode: 'quorum' | 'classic';
}

export interface StoreParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Put damaged records aside and go on, instead of refusing to open. */
  readonly repair?: boolean;
  /** Called once when the data can no longer be trusted: the process has to end and start again. */
  readonly onFatal?: (error: IiiError) => void;
  /** Told how long each write to a disk of ours took, in milliseconds. */
  readonly onFlush?: (durationMs: number) => void;
}

/** Makes the chosen store, loading its code only now. The caller opens and closes it. */
export async function createStore(choice: StoreChoice, parts: StoreParts): Promise<Store> {
  switch (choice.kind) {
    case 'memory': {
      const { MemoryStore } = await import('./memory/memory-store.ts');
      return new MemoryStore(parts);
    }
    case 'file': {
      const { FileStore } = await import('./file/file-store.ts');
      return new FileStore({ ...parts, path: choice.path });
    }
    case 'redis': {
      const { RedisStore } = await import('./redis/redis-store.ts');
      return new RedisStore({ ...parts, ...choice });
    }
    case 'rabbitmq': {
      const { RabbitStore } = await import('./rabbitmq/rabbitmq-store.ts');
      return new RabbitStore({ ...parts, ...choice });
    }
  }
}

/**
 * Opens the chosen place to take jobs from there; the caller closes it.
 * @param policies settings of the queues it has
 */
export async function openJobSource(
  choice: StoreChoice,
  parts: StoreParts,
  policies: readonly QueuePolicy[],
): Promise<JobSource> {
  if (choice.kind === 'rabbitmq') {
    const { openBrokerSource } = await import('./rabbitmq/open-source.ts');
    return openBrokerSource({ ...parts, ...choice }, policies);
  }
  const store = await createStore(choice, parts);
  try {
    await store.open(policies);
  } catch (thrown) {
    await store.close();
    throw thrown;
  }
  return new StoreSource(store, parts);
}

/**
 * Opens the chosen place to put jobs there; the caller closes it.
 * @param policies settings of the queues it is to have
 */
export async function openJobTarget(
  choice: StoreChoice,
  parts: StoreParts,
  policies: readonly QueuePolicy[],
): Promise<JobTarget> {
  if (choice.kind === 'rabbitmq') {
    const { openBrokerTarget } = await import('./rabbitmq/open-target.ts');
    return openBrokerTarget({ ...parts, ...choice }, policies);
  }
  const store = await createStore(choice, parts);
  await store.open(policies);
  return new StoreTarget(store, policies);
}

/** Makes a store of named values. The caller opens and closes it. */
export async function createStateStore(
  choice: StoreChoice,
  parts: StoreParts,
): Promise<StateStore> {
  switch (choice.kind) {
    case 'memory': {
      const { MemoryStateStore } = await import('./memory/memory-state-store.ts');
      return new MemoryStateStore();
    }
    case 'file': {
      const { FileStateStore } = await import('./file/file-state-store.ts');
      return new FileStateStore({ ...parts, path: choice.path });
    }
    case 'redis': {
      const { RedisStateStore } = await import('./redis/redis-state-store.ts');
      return new RedisStateStore({ ...parts, ...choice });
    }
    case 'rabbitmq': {
      const { RabbitStateStore } = await import('./rabbitmq/rabbitmq-state-store.ts');
      return new RabbitStateStore({ ...parts, ...choice });
    }
  }
}

/**
 * Makes the place for ended jobs that can still be brought back: files beside the jobs, values of
 * Redis, so that every engine there can, or memory. With RabbitMQ nothing is kept, as no job can be
 * brought back there.
 * @param state what the engine keeps beside its jobs
 */
export async function createArchive(choice: StoreChoice, state: StateStore): Promise<Archive> {
  switch (choice.kind) {
    case 'file': {
      const { FileArchive } = await import('./file/file-archive.ts');
      return new FileArchive(`${choice.path}/${UNDO_FOLDER}`);
    }
    case 'redis': {
      const { StateArchive } = await import('./state-archive.ts');
      return new StateArchive(state);
    }
    case 'memory':
    case 'rabbitmq': {
      const { MemoryArchive } = await import('./memory/memory-archive.ts');
      return new MemoryArchive();
    }
  }
}

/**
 * Where the engine keeps what it has to remember beside the jobs: as safe as those, and under the
 * same lock, or shared by the same engines.
 */
export function stateBeside(choice: StoreChoice): StoreChoice {
  return choice.kind === 'file' ? { kind: 'file', path: `${choice.path}/${STATE_FOLDER}` } : choice;
}
