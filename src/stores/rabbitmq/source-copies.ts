import type { AsyncMessage } from 'rabbitmq-client';
import type { Job, QueuePolicy } from '../../queue/types.ts';
import type { SourceJob } from '../job-source.ts';
import { deadJobOf } from './dead-letters.ts';
import type { StoredJob } from './job-message.ts';
import type { QueueReader } from './queue-reader.ts';

/** One copy of a job, and the message it is. */
export interface Copy {
  readonly stored: StoredJob;
  readonly message: AsyncMessage;
  readonly reader: QueueReader;
  /** When it was accepted nobody knows: another program put it there and did not say. */
  readonly isTimeAssumed: boolean;
}

/**
 * Which copies of jobs hold. A crash may have left several of one job: then the one of the highest version.
 * It is kept over all readings of a broker: an old copy may come back when the job has been moved.
 */
export class SourceCopies {
  readonly #newest = new Map<string, Copy>();
  /** Ids of jobs that have ended, and the version up to which their copies are void. */
  readonly #ended = new Map<string, number>();
  /** The same of jobs that earlier readings have moved. */
  readonly #moved = new Map<string, number>();
  readonly #void: Copy[] = [];
  /** Ids and versions of jobs given since all older copies are known. */
  readonly #given = new Map<string, number>();
  /** Ids under which another job was found; which copy is whose shows only when it is first handed out. */
  readonly #shared = new Set<string>();

  /** Copies that do not hold. They have to go before the one that does, or they would look like the job. */
  takeVoid(): readonly Copy[] {
    return this.#void.splice(0);
  }

  markEnded(id: string, version: number): void {
    this.#ended.set(id, Math.max(version, this.#ended.get(id) ?? 0));
    const known = this.#newest.get(id);
    if (known === undefined || known.stored.version > version) return;
    this.#newest.delete(id);
    this.#void.push(known);
  }

  /** A reading has ended, and everything that held is moved. */
  markMoved(): void {
    for (const [id, version] of this.#given) this.#moved.set(id, version);
    for (const [id, { stored }] of this.#newest) this.#moved.set(id, stored.version);
    this.#given.clear();
    this.#newest.clear();
  }

  /** Takes in a copy that may be one of several. */
  add(copy: Copy): void {
    const { id, version } = copy.stored;
    const known = this.#newest.get(id);
    const isOld = (known?.stored.version ?? -1) >= version;
    if (isOld || (this.#ended.get(id) ?? -1) >= version || this.#wasMoved(id, version)) {
      this.#void.push(copy);
      return;
    }
    if (known !== undefined) this.#void.push(known);
    this.#newest.set(id, copy);
  }

  /** Copies that hold, in the order in which they came. */
  all(): readonly Copy[] {
    return [...this.#newest.values()];
  }

  /** Whether another job was found under this id: then a copy may be of that one, and has to stay. */
  isShared(id: string): boolean {
    return this.#shared.has(id);
  }

  holds(copy: Copy): boolean {
    return this.#newest.get(copy.stored.id) === copy;
  }

  /**
   * What a message is that nobody has been handed before: a new job, the same message again, or another
   * job with the id of one that is there, which would take its place.
   */
  judgeNew({ stored: { id, version } }: Copy): 'new' | 'again' | 'other' {
    const known = this.#newest.get(id)?.stored.version;
    if (this.#given.has(id) || known === version || this.#wasMoved(id, version)) return 'again';
    if (known !== undefined) {
      this.#shared.add(id);
      return 'other';
    }
    this.#given.set(id, version);
    return 'new';
  }

  #wasMoved(id: string, version: number): boolean {
    return (this.#moved.get(id) ?? -1) >= version;
  }
}

/** Epochs that the leases of one delivery may have had; see `line-inbox.ts`. */
const EPOCHS_PER_DELIVERY = 1_000;

/** A copy as the job it is, above every epoch that it may have had. */
export function sourceJobOf(
  { stored, message, isTimeAssumed }: Copy,
  seq: number,
  epochOfQueue: number,
  now: number,
): SourceJob {
  const isDead = stored.failure !== null;
  const deliveries = isDead ? 0 : Number(message.headers?.['x-delivery-count'] ?? 0);
  const dueAt = stored.dueAt === 0 ? stored.enqueuedAt : stored.dueAt;
  const waiting: Job['state'] = dueAt > now ? 'delayed' : 'waiting';
  const job: Job = {
    ...deadJobOf(stored),
    ...(isDead ? {} : { state: waiting }),
    dueAt,
    seq,
    epoch: Math.max(stored.epoch + deliveries * EPOCHS_PER_DELIVERY, epochOfQueue),
  };
  return isTimeAssumed ? { job, isTimeAssumed } : { job };
}

/**
 * The places of new jobs. In a FIFO queue they are behind one another as the broker has them, in a
 * standard queue as they were accepted.
 */
export class SourcePlaces {
  readonly #isFifo: boolean;
  #last: number;

  /** @param past jobs of the queue that stand before all these when it is a FIFO queue */
  constructor({ type }: QueuePolicy, past: readonly Copy[]) {
    this.#isFifo = type === 'fifo';
    this.#last = this.#isFifo
      ? past.reduce((most, { stored }) => Math.max(most, stored.seq), 0)
      : 0;
  }

  next({ seq, enqueuedAt }: StoredJob): number {
    if (!this.#isFifo && seq !== 0) {
      this.#last = seq;
      return seq;
    }
    const own = this.#last === 0 ? enqueuedAt * 1_000 : 0;
    this.#last = Math.max(this.#last + 1, seq, own);
    return this.#last;
  }
}
