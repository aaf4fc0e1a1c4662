import type { CancelTimer } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { RedisContext } from './context.ts';
import type { RedisPeers } from './peers.ts';
import type { QueueSet } from './queue-set.ts';
import { RedisFailure } from './redis-errors.ts';
import type { RedisQueue } from './redis-queue.ts';
import { readSignal } from './signals.ts';

/** Renewals within the time of one lease. */
const BEATS_PER_LEASE = 4;

/** The signs of life of an engine: it renews its leases, and listens to what others tell it. */
export class Pulse {
  readonly #context: RedisContext;
  readonly #queues: QueueSet;
  readonly #peers: RedisPeers;
  readonly #onBack: () => Promise<void>;
  #cancel: CancelTimer | undefined;
  #beating = false;
  /** Whether signals of other engines come in; not asked before the first time. */
  #listens: boolean | undefined;
  #stopped = false;

  /** @param onBack called when Redis is there again, perhaps another one */
  constructor(
    context: RedisContext,
    queues: QueueSet,
    peers: RedisPeers,
    onBack: () => Promise<void>,
  ) {
    this.#context = context;
    this.#queues = queues;
    this.#peers = peers;
    this.#onBack = onBack;
  }

  /** @throws RedisFailure when the channel of the signals cannot be listened to */
  async start(): Promise<void> {
    const { connection, keys } = this.#context;
    await connection.subscribe(
      keys.signals(),
      (message) => {
        this.#onMessage(message);
      },
      (listens) => {
        this.#onListening(listens);
      },
    );
    this.#beatLater();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #beatLater(): void {
    const { clock, leaseMs } = this.#context;
    this.#cancel = clock.after(leaseMs / BEATS_PER_LEASE, () => {
      void this.#beat();
      if (!this.#stopped) this.#beatLater();
    });
  }

  /** Renews every lease and looks at every queue. */
  async #beat(): Promise<void> {
    const { connection, log } = this.#context;
    if (this.#beating || this.#stopped || !connection.isReady) return;
    this.#beating = true;
    try {
      const renewals = this.#queues.all().map((queue) => queue.renew());
      await Promise.all([this.#peers.beat(), ...renewals]);
    } catch (thrown) {
      if (this.#isStopped()) return;
      log.warn('leases could not be renewed; it is tried again', { error: messageOf(thrown) });
      // A connection that nobody closed and that no longer answers is dead.
      const isMute = thrown instanceof RedisFailure && thrown.uncertain && !thrown.connectionLost;
      if (isMute) connection.reset();
    } finally {
      this.#beating = false;
    }
  }

  #isStopped(): boolean {
    return this.#stopped;
  }

  #onMessage(message: string): void {
    const signal = readSignal(message, this.#context.session);
    const queue = signal === undefined ? undefined : this.#queues.get(signal.queue);
    if (signal === undefined || queue === undefined) return;
    switch (signal.kind) {
      case 'leasable':
        queue.signalLeasable();
        break;
      case 'reclaimable':
        queue.signalReclaimable();
        break;
      case 'due':
        queue.noteDue(signal.inMs);
        break;
      case 'paused':
      case 'resumed':
        queue.notePaused(signal.kind === 'paused');
        break;
    }
  }

  /** Signals that were sent while nobody listened are lost: everything is looked at. */
  #onListening(listens: boolean): void {
    if (this.#listens === listens || this.#stopped) return;
    const isFirst = this.#listens === undefined;
    this.#listens = listens;
    if (isFirst) return;
    if (listens) {
      void this.#beat();
      void this.#onBack();
    } else for (const queue of this.#queues.all()) this.#poll(queue);
  }

  /** Looks for work now and then, as long as there are no signals. */
  #poll(queue: RedisQueue): void {
    const everyMs = queue.policy?.pollIntervalMs;
    if (everyMs === undefined) return;
    const { clock, connection } = this.#context;
    clock.after(everyMs, () => {
      if (this.#listens === true || this.#stopped) return;
      if (connection.isReady) queue.signalLeasable();
      this.#poll(queue);
    });
  }
}
