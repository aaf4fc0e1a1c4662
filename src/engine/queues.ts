import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Tracing } from '../base/tracing.ts';
import type { FunctionOffer, Store } from '../queue/store.ts';
import type { Job, QueuePolicy } from '../queue/types.ts';
import { QueueDispatcher } from './dispatch.ts';
import type { EventStream } from './events.ts';
import type { RunCall } from './invoke.ts';

export interface QueuesParts {
  readonly store: Store;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly tracing?: Tracing | undefined;
}

/** How the jobs of one queue are run. */
export interface QueueRun {
  readonly offer: FunctionOffer;
  readonly run: RunCall;
  /** Awaited before a job of it becomes dead. */
  readonly beforeDead?: (job: Job) => Promise<void>;
}

interface RunningQueue {
  readonly policy: QueuePolicy;
  readonly queueRun: QueueRun;
  readonly dispatcher: QueueDispatcher;
}

/** The queues of an engine, those of subscriptions among them, each with its loop. */
export class Queues {
  readonly #parts: QueuesParts;
  readonly #queues = new Map<string, RunningQueue>();
  readonly #paused = new Set<string>();
  #started = false;

  constructor(parts: QueuesParts) {
    this.#parts = parts;
  }

  /** Takes over from the store which queues are paused. Before any queue is opened. */
  async recallPauses(): Promise<void> {
    for (const [queue, { paused }] of await this.#parts.store.stats()) {
      if (paused) this.#paused.add(queue);
    }
  }

  /** Adds a queue, or changes its settings; what is in flight goes on untouched. */
  open(policy: QueuePolicy, queueRun: QueueRun): void {
    const { store, events, clock, random, log, tracing } = this.#parts;
    const parts = { store, events, clock, random, log, tracing, ...queueRun };
    const known = this.#queues.get(policy.name);
    const paused = this.#paused.has(policy.name);
    const dispatcher = known?.dispatcher ?? new QueueDispatcher(policy, paused, parts);
    this.#queues.set(policy.name, { policy, queueRun, dispatcher });
    store.configure([policy]);
    if (known !== undefined) dispatcher.reconfigure(policy, parts);
    else if (this.#started) dispatcher.start();
  }

  /** No more leases from this queue; its jobs stay. Resolves when nothing of it is in flight. */
  async close(queue: string): Promise<void> {
    const dispatcher = this.#queues.get(queue)?.dispatcher;
    this.#queues.delete(queue);
    await dispatcher?.drain();
  }

  start(): void {
    this.#started = true;
    for (const { dispatcher } of this.#queues.values()) dispatcher.start();
  }

  /** Stops leasing and waits for what is in flight; after `graceMs` that goes back uncounted. */
  async drain(graceMs: number): Promise<void> {
    const dispatchers = [...this.#queues.values()].map(({ dispatcher }) => dispatcher);
    const cancel = this.#parts.clock.after(graceMs, () => {
      for (const dispatcher of dispatchers) dispatcher.interruptAll('the engine stopped');
    });
    await Promise.all(dispatchers.map((dispatcher) => dispatcher.drain()));
    cancel();
  }

  policyOf(queue: string): QueuePolicy | undefined {
    return this.#queues.get(queue)?.policy;
  }

  /** The loop of a queue; `undefined` when this engine does not run it. */
  dispatcherOf(queue: string): QueueDispatcher | undefined {
    return this.#queues.get(queue)?.dispatcher;
  }

  /** See `QueueRun`. */
  async beforeDead(job: Job): Promise<void> {
    await this.#queues.get(job.queue)?.queueRun.beforeDead?.(job);
  }

  setPaused(queue: string, paused: boolean): void {
    if (paused) this.#paused.add(queue);
    else this.#paused.delete(queue);
    this.#queues.get(queue)?.dispatcher.setPaused(paused);
  }

  wake(queue: string): void {
    this.#queues.get(queue)?.dispatcher.wake();
  }

  wakeAll(): void {
    for (const { dispatcher } of this.#queues.values()) dispatcher.wake();
  }

  /** Attempts in flight in all queues. */
  inFlight(): number {
    let total = 0;
    for (const { dispatcher } of this.#queues.values()) total += dispatcher.inFlight;
    return total;
  }
}
