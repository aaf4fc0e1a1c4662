import type { Clock } from '../../base/clock.ts';
import { IiiError } from '../../base/errors.ts';
import { defaultPolicy } from '../../queue/policy.ts';
import { STORE_GAPS } from '../../queue/store-gaps.ts';
import type { Job, QueuePolicy } from '../../queue/types.ts';
import type { JobSource } from '../job-source.ts';
import { countedEpoch, type JobTarget } from '../job-target.ts';
import type { Broker } from './broker.ts';
import { asUnavailable } from './broker-errors.ts';
import { deadJobOf } from './dead-letters.ts';
import { decodeJob, encodeJob, type StoredJob } from './job-message.ts';
import { MoveCopies } from './move-copies.ts';
import { MoveJournal, refuseLeaving } from './move-journal.ts';
import type { Topology } from './topology.ts';

/** Between two looks at a queue that tell whether what a killed run had sent has arrived. */
const RESTING_MS = 300;

export interface BrokerTargetParts {
  readonly broker: Broker;
  readonly topology: Topology;
  readonly clock: Clock;
  readonly location: string;
  /** Settings of the queues whose jobs may come. */
  readonly policies: readonly QueuePolicy[];
}

/** A job on its way, and the broker's queue it goes to. */
interface Sent {
  readonly queue: string;
  readonly stored: StoredJob;
}

/**
 * A broker as a target of jobs, while no engine uses it. Everything goes where an engine looks for it:
 * dead jobs to the dead letters; delayed ones of a standard queue to the retry queue, from where
 * engines hand long delays on; all others to the queue itself, in order.
 *
 * Nobody can look into these queues without leaving a mark on what is there. But nobody takes from them
 * meanwhile, and what one channel publishes into a queue arrives in that order: so their lengths tell
 * which jobs of a batch have arrived when a run was killed, and the broker's copies of what it took that
 * they arrived as they were sent.
 */
export class BrokerTarget implements JobTarget {
  readonly gaps = STORE_GAPS.rabbitmq;
  readonly #parts: BrokerTargetParts;
  readonly #journal: MoveJournal;
  readonly #declared = new Set<string>();
  /** Jobs that runs before have put here. */
  readonly #arrived = new Set<string>();
  #copies: MoveCopies | undefined;
  #lastDeath = 0;

  constructor(parts: BrokerTargetParts) {
    this.#parts = parts;
    this.#journal = new MoveJournal(parts.broker, parts.topology);
  }

  async check(from: JobSource): Promise<void> {
    const { topology, policies } = this.#parts;
    for (const [queue, { waiting, delayed, inFlight, dead }] of await from.stats()) {
      if (waiting + delayed + inFlight + dead === 0 || this.#find(queue) !== undefined) continue;
      throw noQueue(queue);
    }
    await refuseLeaving(topology, this.#parts.location);
    for (const policy of policies) {
      const { main, retry } = topology.names.of(policy);
      for (const queue of [main, retry]) {
        const users = await topology.readersOf(queue);
        if (users === 0) continue;
        throw new IiiError('CONFLICT', `Engines use the target: ${queue} has ${users} readers.`, {
          hint: 'Stop them first; the broker forgets an engine that was killed within ten seconds.',
        });
      }
    }
  }

  async put(jobs: readonly Job[]): Promise<readonly (Job | undefined)[]> {
    try {
      this.#copies ??= await this.#open();
      const sent: Sent[] = [];
      for (const job of jobs) if (!this.#arrived.has(job.id)) sent.push(await this.#sentOf(job));
      const copies = await this.#send(sent, this.#copies);
      // what a run before has put here was counted
      return jobs.map((job) => (this.#arrived.has(job.id) ? job : copies.get(job.id)));
    } catch (thrown) {
      throw asUnavailable(this.#parts.location, thrown);
    }
  }

  finish(): Promise<void> {
    return this.#journal.end();
  }

  isPaused(queue: string): Promise<boolean> {
    const { topology } = this.#parts;
    return topology.exists(topology.names.pausedFlag(queue));
  }

  pause(queue: string): Promise<void> {
    const { topology } = this.#parts;
    return topology.setFlag(topology.names.pausedFlag(queue), true);
  }

  async close(): Promise<void> {
    await this.#copies?.close().catch(() => undefined);
    await this.#parts.broker.close();
  }

  /** Begins, and finds out what an earlier run that was killed had put here. */
  async #open(): Promise<MoveCopies> {
    const { broker, clock } = this.#parts;
    const intent = await this.#journal.open();
    this.#lastDeath = intent?.lastDeath ?? 0;
    for (const id of intent?.arrived ?? []) this.#arrived.add(id);
    for (const [queue, { before, ids }] of Object.entries(intent?.parts ?? {})) {
      const arrived = (await this.#restingCount(queue)) - before;
      if (arrived < 0 || arrived > ids.length) throw inUse(queue, before + ids.length);
      for (const id of ids.slice(0, arrived)) this.#arrived.add(id);
    }
    return MoveCopies.open(broker, clock);
  }

  /** Messages in a queue, when what a killed run had sent has had time to arrive. */
  async #restingCount(queue: string): Promise<number> {
    const { topology, clock } = this.#parts;
    for (let count = await topology.readyIn(queue); ;) {
      await new Promise<void>((resolve) => {
        clock.after(RESTING_MS, resolve);
      });
      const again = await topology.readyIn(queue);
      if (again === count) return count;
      count = again;
    }
  }

  /** Answers each job as the broker has it. */
  async #send(sent: readonly Sent[], copies: MoveCopies): Promise<ReadonlyMap<string, Job>> {
    const { broker, topology, clock } = this.#parts;
    const parts = new Map<string, { readonly before: number; readonly ids: string[] }>();
    for (const { queue, stored } of sent) {
      const part = parts.get(queue) ?? { before: await topology.readyIn(queue), ids: [] };
      part.ids.push(stored.id);
      parts.set(queue, part);
    }
    const arrived = [...this.#arrived];
    const lastDeath = this.#lastDeath;
    await this.#journal.write({ parts: Object.fromEntries(parts), arrived, lastDeath });
    await Promise.all(
      sent.map(({ queue, stored }) => {
        const { envelope, body } = encodeJob(stored);
        // the broker gives a copy to every queue named here, and takes the header out
        const headers = { ...envelope.headers, BCC: [copies.queue] };
        return broker.publish({ ...envelope, headers, routingKey: queue }, body);
      }),
    );
    const taken = await copies.take(sent.map(({ stored }) => stored.id));
    for (const [queue, { before, ids }] of parts) {
      const expected = before + ids.length;
      if ((await topology.readyIn(queue)) !== expected) throw inUse(queue, expected);
    }
    const now = clock.now();
    const policy = defaultPolicy('');
    return new Map([...taken].map(([id, copy]) => [id, jobOf(decodeJob(copy, policy, now), now)]));
  }

  /** A job as the store's own messages carry it, once the broker has its queue. */
  async #sentOf(job: Job): Promise<Sent> {
    const { topology, clock } = this.#parts;
    const { state, endedAt, dedupKey, ...rest } = job;
    const policy = this.#find(job.queue);
    if (policy === undefined) throw noQueue(job.queue);
    if (!this.#declared.has(policy.name)) await topology.declareLine(policy);
    this.#declared.add(policy.name);
    const { main, retry, dead } = topology.names.of(policy);
    const stored = { ...rest, epoch: countedEpoch(job), leasedAt: null };
    if (state === 'dead') {
      const failedAt = job.failure?.failedAt ?? 0;
      this.#lastDeath = Math.max(this.#lastDeath + 1, failedAt * 1_000);
      return { queue: dead, stored: { ...stored, version: 1, deathOrder: this.#lastDeath } };
    }
    const waits = job.dueAt > clock.now() && policy.type === 'standard';
    return { queue: waits ? retry : main, stored: { ...stored, version: 0, deathOrder: 0 } };
  }

  #find(queue: string): QueuePolicy | undefined {
    return this.#parts.policies.find(({ name }) => name === queue);
  }
}

function jobOf(stored: StoredJob, now: number): Job {
  const job = deadJobOf(stored);
  if (stored.failure !== null) return job;
  return { ...job, state: stored.dueAt > now ? 'delayed' : 'waiting' };
}

function noQueue(queue: string): IiiError {
  const message = `The target has no queue '${queue}', and the source has jobs of it.`;
  return new IiiError('CONFLICT', message, {
    reason: 'A broker does not tell which queues it has: nobody would see these jobs.',
    hint: `Name it in the queue_configs of the target, or discard its jobs: iii queue purge ${queue}`,
  });
}

function inUse(queue: string, expected: number): IiiError {
  return new IiiError('CONFLICT', `Somebody else uses ${queue} while jobs are moved there.`, {
    reason: `It does not hold the ${expected} messages that it should. What was sent last is still in the source too.`,
    hint: 'Stop the engines and programs that use the broker, then run the same command again.',
  });
}
