import type { AsyncMessage } from 'rabbitmq-client';
import type { Clock } from '../../base/clock.ts';
import { defaultPolicy } from '../../queue/policy.ts';
import type { Job, QueuePolicy } from '../../queue/types.ts';
import type { Broker } from './broker.ts';
import type { StoredJob } from './job-message.ts';
import { decodeJob } from './job-message.ts';
import type { Reading } from './read-all.ts';
import { readAll } from './read-all.ts';
import type { Topology } from './topology.ts';

/** Looks at a queue after which what was given back to it counts as taken by somebody else. */
const LOOKS = 2_000;

/** One dead job, and the message it is. */
export interface DeadEntry {
  readonly stored: StoredJob;
  readonly message: AsyncMessage;
}

/** Dead jobs that are being looked at. All go back to their queue unless they are acknowledged. */
export interface OpenedDead {
  /** Oldest death first. */
  readonly entries: readonly DeadEntry[];
  acknowledge(entry: DeadEntry): void;
}

export interface DeadParts {
  readonly broker: Broker;
  readonly topology: Topology;
  readonly clock: Clock;
  /** Told the place of the latest death that was read. */
  readonly sawDeath: (order: number) => void;
  /** The settings of a queue, for messages of other programs. */
  readonly policyOf: (queue: string) => QueuePolicy | undefined;
}

/** The dead letters at the broker: read as a whole, one reader at a time, and given back unharmed. */
export class DeadLetters {
  readonly #parts: DeadParts;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(parts: DeadParts) {
    this.#parts = parts;
  }

  /**
   * Opens dead letter queues and lets `use` look at what is in them; only then are they closed again.
   * @param queues the broker's queues
   * @param limit only the first ones of each are needed; `null`: all
   */
  open<Result>(
    queues: readonly string[],
    limit: number | null,
    use: (opened: OpenedDead) => Promise<Result>,
  ): Promise<Result> {
    const turn = this.#tail.then(() => this.#open(queues, limit, use));
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** How many messages are in such a queue; those that another engine looks at just now are not counted. */
  count(queue: string): Promise<number> {
    const turn = this.#tail.then(() => this.#parts.topology.readyIn(queue));
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async #open<Result>(
    queues: readonly string[],
    limit: number | null,
    use: (opened: OpenedDead) => Promise<Result>,
  ): Promise<Result> {
    const { broker, topology, clock } = this.#parts;
    const readings: Reading[] = [];
    try {
      const byId = new Map<string, { readonly entry: DeadEntry; readonly reading: Reading }>();
      for (const queue of [...new Set(queues)].sort()) {
        if (await topology.isIdle(queue)) continue;
        const reading = await readAll(broker, clock, queue, limit);
        readings.push(reading);
        for (const message of reading.messages) this.#collect(message, reading, byId);
      }
      const found = [...byId.values()];
      found.sort((a, b) => a.entry.stored.deathOrder - b.entry.stored.deathOrder);
      this.#parts.sawDeath(found.at(-1)?.entry.stored.deathOrder ?? 0);
      const readingOf = new Map(found.map(({ entry, reading }) => [entry, reading]));
      return await use({
        entries: found.map(({ entry }) => entry),
        acknowledge: (entry) => readingOf.get(entry)?.acknowledge(entry.message),
      });
    } finally {
      for (const reading of readings) await this.#giveBack(reading).catch(() => undefined);
    }
  }

  /** Closes a reading, and waits until what it had can be seen again. */
  async #giveBack(reading: Reading): Promise<void> {
    await reading.close();
    const { topology } = this.#parts;
    for (let look = 0; look < LOOKS && reading.left > 0; look++) {
      if ((await topology.readyIn(reading.queue)) >= reading.left) return;
    }
  }

  /** Of two copies of one job, which a crash can leave, the newer one holds and the other goes. */
  #collect(
    message: AsyncMessage,
    reading: Reading,
    byId: Map<string, { readonly entry: DeadEntry; readonly reading: Reading }>,
  ): void {
    const stored = this.#decode(message);
    if (stored === undefined) return;
    const known = byId.get(stored.id);
    if (known !== undefined && known.entry.stored.version >= stored.version) {
      reading.acknowledge(message);
      return;
    }
    if (known !== undefined) known.reading.acknowledge(known.entry.message);
    byId.set(stored.id, { entry: { stored, message }, reading });
  }

  #decode(message: AsyncMessage): StoredJob | undefined {
    return decodeDead(message, this.#parts.policyOf, this.#parts.clock.now());
  }
}

/** A message of another program counts as dead since it came; what is no job at all is `undefined`. */
export function decodeDead(
  message: AsyncMessage,
  policyOf: DeadParts['policyOf'],
  now: number,
): StoredJob | undefined {
  const name = nameIn(message);
  const policy = policyOf(name) ?? defaultPolicy(name);
  try {
    const stored = decodeJob(message, policy, now);
    if (stored.failure !== null) return stored;
    const error = { code: 'unknown', message: 'another program put this job to the dead letters' };
    return { ...stored, failure: { reason: 'exhausted', failedAt: stored.enqueuedAt, error } };
  } catch {
    return undefined;
  }
}

/** The job of a dead letter, as the browser shows it. */
export function deadJobOf(stored: StoredJob): Job {
  const { version, deathOrder, ...rest } = stored;
  return { ...rest, dedupKey: null, state: 'dead', leasedAt: null, endedAt: null };
}

/** The queue in whose dead letters a message is, by the name of the broker's queue. */
function nameIn({ routingKey }: AsyncMessage): string {
  return /^iii[.]__fn_queue::(.*)::dlq[.]queue$/.exec(routingKey)?.[1] ?? routingKey;
}
