import { IiiError } from '../../base/errors.ts';
import type { Broker } from './broker.ts';
import { bytesOf, type Topology } from './topology.ts';

/** What is put into one of the broker's queues, in this order. */
export interface MovedPart {
  /** Messages in the queue before. */
  readonly before: number;
  readonly ids: readonly string[];
}

/** What a migration is about to do. */
export interface MoveIntent {
  /** What is put where, by the broker's queue. */
  readonly parts: Readonly<Record<string, MovedPart>>;
  /** Jobs that runs before have put there, and that may still be in the source. */
  readonly arrived: readonly string[];
  /** The last place in the order of deaths that was given. */
  readonly lastDeath: number;
}

/**
 * What a migration to a broker is about to do, written down there before it is done: the one message
 * of a queue that is there until the migration has ended.
 */
export class MoveJournal {
  readonly #broker: Broker;
  readonly #topology: Topology;

  constructor(broker: Broker, topology: Topology) {
    this.#broker = broker;
    this.#topology = topology;
  }

  /** Begins, or goes on. Answers what a run that was killed was about to do; `null`: nothing. */
  async open(): Promise<MoveIntent | null> {
    await this.#topology.declareMigration();
    const channel = await this.#broker.channel();
    try {
      const message = await channel.basicGet({ queue: this.#queue });
      if (message === undefined) return null;
      const raw: unknown = message.body;
      return JSON.parse(bytesOf(raw).toString()) as MoveIntent;
    } finally {
      // it goes back to its queue
      await channel.close();
    }
  }

  /** Takes the place of what was written before; resolves when it is safe. */
  async write(intent: MoveIntent): Promise<void> {
    const body = Buffer.from(JSON.stringify(intent));
    await this.#broker.publish({ routingKey: this.#queue, contentEncoding: 'utf-8' }, body);
  }

  /** The migration has ended. */
  async end(): Promise<void> {
    await this.#broker.admin((channel) => channel.queueDelete({ queue: this.#queue }));
  }

  get #queue(): string {
    return this.#topology.names.migration;
  }
}

/** @throws IiiError CONFLICT while a migration to this broker has not ended */
export async function refuseMove(topology: Topology, location: string): Promise<void> {
  const { migration } = topology.names;
  if (!(await topology.exists(migration))) return;
  throw new IiiError('CONFLICT', `Jobs are being moved to RabbitMQ at ${location}.`, {
    reason: `The queue ${migration} is there until that has ended: what an engine takes meanwhile could be moved twice.`,
    hint: `Run iii store migrate again, it goes on where it was. To start without it, delete ${migration}.`,
  });
}

/** @throws IiiError CONFLICT while a migration away from this broker has not ended */
export async function refuseLeaving(topology: Topology, location: string): Promise<void> {
  const { leaving } = topology.names;
  if (!(await topology.exists(leaving))) return;
  throw new IiiError('CONFLICT', `Jobs are being moved away from RabbitMQ at ${location}.`, {
    reason: `The queue ${leaving} is there until that has ended: what was moved last may be in both places, and would run in both.`,
    hint: `Run iii store migrate again, it goes on where it was. To start without it, delete ${leaving}.`,
  });
}
