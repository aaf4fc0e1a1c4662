import type { AsyncMessage } from 'rabbitmq-client';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { QueuePolicy } from '../../queue/types.ts';
import { acknowledge, acknowledgeHeld } from './acknowledge.ts';
import type { Delivery, HeldJob, HeldJobs } from './held-jobs.ts';
import type { StoredJob } from './job-message.ts';
import { decodeJob, ENDED, EPOCHS } from './job-message.ts';
import type { LineEpochs } from './line-epochs.ts';
import type { LineOutbox } from './line-outbox.ts';
import type { LineSession } from './line-session.ts';
import { HELD_DELAY_MS } from './topology.ts';

/** An acknowledgement this old, on a connection that still lives, has reached the broker. */
const SETTLED_MS = 10_000;
/** Epochs kept free for the leases of one delivery. */
const EPOCHS_PER_DELIVERY = 1_000;
/** Ended jobs remembered, in case a copy of one still comes. */
const MAX_ENDED = 50_000;

export interface InboxParts {
  readonly outbox: LineOutbox;
  readonly epochs: LineEpochs;
  readonly held: HeldJobs;
  readonly clock: Clock;
  readonly log: Logger;
  readonly policy: () => QueuePolicy;
  readonly changed: () => void;
  /** Standard: gives a held job to the broker again, which spends a long delay. */
  readonly handOver: (job: HeldJob) => void;
}

/**
 * What the broker delivers of one queue. Of each job one copy holds, the one with the highest version;
 * older ones are acknowledged and forgotten. Whether the job of a copy has ended, this engine knows, or
 * a message says so that comes before it.
 */
export class LineInbox {
  /** Functions this queue has had jobs for. */
  readonly functions = new Set<string>();
  readonly #parts: InboxParts;
  /** Ids of jobs that ended, and the version up to which their copies are void. */
  readonly #ended = new Map<string, number>();
  /** Messages that say that a job has ended, and since when its acknowledgement is on its way. */
  #endings: { readonly delivery: Delivery; readonly since: number }[] = [];
  /** Groups of which jobs came in this session. */
  readonly #groups = new Set<string>();
  #lastSeq = 0;

  constructor(parts: InboxParts) {
    this.#parts = parts;
  }

  /** Takes in one message. */
  deliver(message: AsyncMessage, from: 'main' | 'retry', session: LineSession): void {
    const { clock, log } = this.#parts;
    const count = deliveryCount(message);
    const delivery: Delivery = { session, tag: message.deliveryTag, count, at: clock.now(), from };
    if (message.type === ENDED) {
      this.#onEnd(message, delivery);
      return;
    }
    if (message.type === EPOCHS) {
      this.#parts.epochs.find(numberIn(message, 'x-iii-epoch'), delivery);
      return;
    }
    let stored: StoredJob;
    try {
      stored = decodeJob(message, this.#parts.policy(), clock.now());
    } catch (thrown) {
      log.error('a message that is no job was put to the dead letters', {
        queue: this.#parts.policy().name,
        error: messageOf(thrown),
      });
      void this.#quarantine(message, delivery);
      return;
    }
    this.#receive(stored, delivery);
  }

  /** Begins to hold a job that is not held here. */
  hold(stored: StoredJob, delivery: Delivery): void {
    const { held, clock, changed, log } = this.#parts;
    const now = clock.now();
    const { count } = delivery;
    this.functions.add(stored.functionId);
    const seq = this.#seqOf(stored, now);
    const isKnownOrphan = stored.leasedAt !== null;
    // what was due may have been running when its engine went away; in a FIFO queue that is written down
    const mayBeOrphan = !this.#isFifo && count > 0 && stored.dueAt <= now;
    const isOrphan = isKnownOrphan || mayBeOrphan;
    const state = isOrphan ? 'in_flight' : 'waiting';
    const epoch = stored.epoch + count * EPOCHS_PER_DELIVERY;
    try {
      const place = { seq, epoch, state, at: stored.leasedAt ?? now } as const;
      const isSuspect = !isOrphan && this.#isSuspect(stored, count);
      const job = held.take(stored, place, delivery, isSuspect, now);
      if (!this.#isFifo && stored.dueAt - now > HELD_DELAY_MS) this.#parts.handOver(job);
    } catch (thrown) {
      log.error('a job could not be taken from the broker', { error: messageOf(thrown) });
      return;
    }
    changed();
  }

  /** Copies of this job up to this version are void. */
  markEnded(id: string, version: number): void {
    this.#ended.set(id, Math.max(version, this.#ended.get(id) ?? 0));
    if (this.#ended.size <= MAX_ENDED) return;
    const oldest = this.#ended.keys().next().value;
    if (oldest !== undefined) this.#ended.delete(oldest);
  }

  /** Takes away what said that jobs have ended, once that cannot be in doubt any more. */
  forgetEndings(now: number): void {
    while (this.#endings[0] !== undefined && this.#endings[0].since <= now - SETTLED_MS) {
      acknowledge(this.#endings.shift()?.delivery ?? null);
    }
  }

  /** The connection is gone: what said that jobs have ended comes again. */
  lose(): void {
    this.#endings = [];
    this.#groups.clear();
    this.#parts.epochs.lose();
  }

  get #isFifo(): boolean {
    return this.#parts.policy().type === 'fifo';
  }

  #onEnd(message: AsyncMessage, delivery: Delivery): void {
    const { held, clock } = this.#parts;
    const id = message.messageId ?? '';
    const version = numberIn(message, 'x-iii-version');
    this.markEnded(id, version);
    this.#endings.push({ delivery, since: clock.now() });
    const known = held.find(id);
    if (known === undefined || known.stored.version > version) return;
    if (known.delivery === null || held.isRunning(known) || held.isReserved(known)) return;
    acknowledgeHeld(known);
    held.drop(known, clock.now());
  }

  /** Decides what a delivered copy of a job is: the current one, an old one, or one that is waited for. */
  #receive(stored: StoredJob, delivery: Delivery): void {
    const { held, clock } = this.#parts;
    const { id, version } = stored;
    if ((this.#ended.get(id) ?? -1) >= version) {
      acknowledge(delivery);
      return;
    }
    const known = held.find(id);
    if (known === undefined) {
      this.hold(stored, delivery);
      return;
    }
    if (known.coming?.version === version) {
      known.coming.delivery = delivery;
      return;
    }
    const state = held.jobOf(known.row).state;
    const isOver = state === 'completed' || state === 'discarded';
    if (version < known.stored.version || (isOver && version === known.stored.version)) {
      acknowledge(delivery);
      return;
    }
    if (version === known.stored.version && !isOver) {
      if (known.delivery?.session.isAlive === true) {
        acknowledge(delivery);
        return;
      }
      // nobody else has had it meanwhile
      if (state === 'in_flight' && delivery.count <= (known.delivery?.count ?? -1) + 1) {
        known.delivery = delivery;
        for (const wake of known.waiters.splice(0)) wake();
        return;
      }
      if (state !== 'in_flight' && known.delivery === null) {
        known.delivery = delivery;
        return;
      }
    }
    acknowledgeHeld(known);
    held.drop(known, clock.now());
    this.hold(stored, delivery);
  }

  /**
   * Whether a job may have been running when its engine went away. Of a group in a FIFO queue that can
   * only be the first one that comes again.
   */
  #isSuspect({ group }: StoredJob, count: number): boolean {
    const key = group ?? '';
    const isFirst = !this.#groups.has(key);
    this.#groups.add(key);
    return isFirst && count > 0;
  }

  /** In a FIFO queue a new job comes after everything that was delivered before it, whatever clocks say. */
  #seqOf({ seq, version }: StoredJob, now: number): number {
    if (!this.#isFifo) return seq === 0 ? this.#parts.held.nextSeq(now) : seq;
    if (version > 0) this.#lastSeq = Math.max(this.#lastSeq, seq);
    else this.#lastSeq = Math.max(this.#lastSeq + 1, seq, now * 1_000);
    return version > 0 ? seq : this.#lastSeq;
  }

  async #quarantine(message: AsyncMessage, delivery: Delivery): Promise<void> {
    try {
      await this.#parts.outbox.quarantine(message);
      acknowledge(delivery);
    } catch {
      // it stays unacknowledged, and comes again with the next session
    }
  }
}

/** How often a message was handed out before; classic queues only know whether. */
function deliveryCount(message: AsyncMessage): number {
  const headers = (message.headers ?? {}) as Readonly<Record<string, unknown>>;
  const count = headers['x-delivery-count'];
  if (typeof count === 'number') return count;
  return message.redelivered ? 1 : 0;
}

function numberIn(message: AsyncMessage, header: string): number {
  const headers = (message.headers ?? {}) as Readonly<Record<string, unknown>>;
  return Number(headers[header] ?? 0);
}
