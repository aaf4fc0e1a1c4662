import type { Clock } from '../base/clock.ts';
import { IiiError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Service } from '../base/service.ts';
import type { Archive } from '../queue/archive.ts';
import type { Tracing } from '../base/tracing.ts';
import type { Receipt, Store, StoreSignal } from '../queue/store.ts';
import type { QueuePolicy } from '../queue/types.ts';
import { State, type StateParts } from '../state/state.ts';
import type { StateStore } from '../state/store.ts';
import { AuditTrail } from './audit-trail.ts';
import { Bindings } from './bindings.ts';
import { BulkTasks } from './bulk/bulk-tasks.ts';
import { Channels } from './channels.ts';
import { Enqueuer, type EnqueueRequest } from './enqueue.ts';
import { EventStream } from './events.ts';
import { FunctionRegistry } from './functions.ts';
import type { HttpCaller } from './http-functions.ts';
import { Invoker } from './invoke.ts';
import type { OpenSession } from './link.ts';
import { providerLink } from './provider-link.ts';
import { ParkedGroups } from './parked-groups.ts';
import { Queues, type QueueRun } from './queues.ts';
import { reclaimAll } from './reclaim.ts';
import { WorkerSession, type SessionParts } from './session.ts';
import { TimedPauses } from './timed-pauses.ts';
import { Topics } from './topics.ts';
import { Worker, WorkerRegistry } from './workers.ts';

/** How long a job waits before a worker with a full socket is looked at again. */
const CONGESTION_RETRY_MS = 50;

export interface EngineOptions {
  /** What other engines on the same store know it by; made up when it is alone. */
  readonly id?: string;
  readonly store: Store;
  /** Where the engine remembers what is not a job, such as subscriptions. */
  readonly state: StateStore;
  /** Through which engines agree on who runs a tick; without it, `state` where that is shared. */
  readonly ticks?: StateStore;
  /** Where users keep their values; without it, beside what the engine remembers, and of any size. */
  readonly userState?: StateParts;
  /** Where ended jobs are kept for a while, so that it can be undone. */
  readonly archive: Archive;
  /** How long what was ended can be undone. */
  readonly undoWindowMs: number;
  /** Without it, functions that are to be called over HTTP answer an error. */
  readonly httpCaller?: HttpCaller;
  readonly policies: readonly QueuePolicy[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly maxJobBytes: number;
  /** Time attempts in flight get to end when the engine stops. */
  readonly shutdownGraceMs: number;
  /** Without it nothing is traced; contexts are handed on as they came. */
  readonly tracing?: Tracing | undefined;
}

/** Holds the parts together; it has no rules of its own. */
export class Engine implements Service {
  readonly store: Store;
  /** The configured queues as they are now; those of subscriptions are not among them. */
  readonly policies: ReadonlyMap<string, QueuePolicy>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly events: EventStream;
  readonly workers = new WorkerRegistry();
  readonly functions = new FunctionRegistry();
  readonly bindings = new Bindings(providerLink);
  readonly invoker: Invoker;
  readonly channels: Channels;
  readonly queues: Queues;
  readonly topics: Topics;
  readonly state: State;
  readonly audit: AuditTrail;
  /** Bytes of a payload, at most. */
  readonly maxJobBytes: number;
  readonly enqueuer: Enqueuer;
  readonly tasks: BulkTasks;
  readonly timedPauses: TimedPauses;
  readonly parkedGroups: ParkedGroups;
  readonly tracing: Tracing | undefined;
  readonly #options: EngineOptions;
  readonly #policies: Map<string, QueuePolicy>;
  readonly #sessions = new Map<string, WorkerSession>();
  readonly #sessionParts: SessionParts;
  #congestionTimerSet = false;
  #reclaiming = false;
  #reclaimAgain = false;
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor(options: EngineOptions) {
    const { store, clock, log, random, maxJobBytes } = options;
    this.#options = options;
    this.store = store;
    this.clock = clock;
    this.random = random;
    this.maxJobBytes = maxJobBytes;
    const { tracing } = options;
    this.tracing = tracing;
    this.log = log;
    this.#policies = new Map(options.policies.map((policy) => [policy.name, policy]));
    this.policies = this.#policies;
    this.events = new EventStream(log);
    this.invoker = new Invoker(this.functions, random, options.httpCaller, tracing);
    this.channels = new Channels(clock, random);
    const { policies, events } = this;
    this.enqueuer = new Enqueuer({ store, policies, events, clock, random, maxJobBytes, tracing });
    const { functions, invoker } = this;
    this.queues = new Queues({ store, events, clock, random, log, tracing });
    this.topics = new Topics({
      enqueuer: this.enqueuer,
      functions,
      invoker,
      queues: this.queues,
      state: options.state,
      clock,
      log,
      tracing,
    });
    this.state = new State(options.userState ?? { store: options.state, maxValueBytes: null });
    this.audit = new AuditTrail(options.state, clock);
    const { audit, queues } = this;
    const { archive, undoWindowMs } = options;
    this.tasks = new BulkTasks({
      ...{ store, state: options.state, archive, undoWindowMs, events, clock, random, log, audit },
      self: options.id ?? random.uuid(),
      policyOf: (queue) => queues.policyOf(queue),
      now: () => clock.now(),
    });
    this.parkedGroups = new ParkedGroups(options.state);
    this.timedPauses = new TimedPauses({
      ...{ state: options.state, clock, log },
      resume: (queue) => this.pauseQueue(queue, false),
    });
    this.functions.onOffer = () => {
      this.queues.wakeAll();
    };
    this.functions.onCongestion = () => {
      this.#wakeLater();
    };
    this.#sessionParts = {
      workers: this.workers,
      functions: this.functions,
      bindings: this.bindings,
      channels: this.channels,
      invoker: this.invoker,
      enqueuer: this.enqueuer,
      events: this.events,
      log,
      sessionOf: (workerId, token) => {
        const session = this.#sessions.get(workerId);
        return session?.reattachToken === token ? session : undefined;
      },
      forget: (session) => {
        this.#sessions.delete(session.worker.id);
      },
    };
  }

  /** Opens the store and starts every queue. Connections may come before or after. */
  async start(): Promise<void> {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    const { store, policies } = this.#options;
    await store.open(policies);
    try {
      for (const one of this.#stateStores()) await one.open();
    } catch (thrown) {
      await this.#closeStores();
      throw thrown;
    }
    await this.queues.recallPauses();
    for (const policy of policies) this.queues.open(policy, this.#queueRun);
    await this.topics.start();
    store.watch((signal) => {
      this.#onSignal(signal);
    });
    await this.#reclaim();
    this.queues.start();
    await this.audit.start();
    await this.timedPauses.start();
    await this.tasks.start();
  }

  /**
   * Graceful stop (semantics.md §10): no new leases, no new jobs, attempts in flight get the grace
   * time, the rest go back without losing an attempt, the store is closed.
   */
  async stop(): Promise<void> {
    if (this.#state !== 'running') return;
    this.#state = 'stopped';
    this.bindings.stop();
    this.enqueuer.close();
    this.timedPauses.stop();
    await this.tasks.stop();
    await this.queues.drain(this.#options.shutdownGraceMs);
    await this.topics.stop();
    await this.#closeStores();
  }

  /**
   * Adds queues, or changes the settings of configured ones. What is in flight goes on untouched, and
   * its end is judged by the new settings; queues that are not named stay as they are.
   */
  reconfigure(policies: readonly QueuePolicy[]): void {
    for (const policy of policies) {
      this.#policies.set(policy.name, policy);
      this.queues.open(policy, this.#queueRun);
    }
  }

  readonly openSession: OpenSession = (link, info) => {
    const { random, clock } = this.#options;
    const worker = new Worker(random.uuid(), link, info, clock.now());
    this.workers.add(worker);
    const session = new WorkerSession(worker, random.uuid(), info, this.#sessionParts);
    this.#sessions.set(worker.id, session);
    return session;
  };

  /** Accepts jobs, all or none. @throws IiiError `enqueue_error` */
  enqueue(requests: readonly EnqueueRequest[]): Promise<readonly Receipt[]> {
    return this.enqueuer.enqueue(requests);
  }

  /**
   * Calls a function and waits for its answer, as JSON text.
   * @throws IiiError with the code of wire-protocol.md §3.4 the engine gives, or the function's own
   */
  call(functionId: string, data: string): Promise<string | null> {
    return new Promise((resolve, reject) => {
      const call = {
        functionId,
        data,
        traceparent: null,
        baggage: null,
        metadata: null,
        caller: null,
      };
      const delivered = this.invoker.deliver(call, (answer) => {
        if (answer.kind === 'result') resolve(answer.result);
        else if (answer.kind === 'lost') {
          reject(new IiiError('invocation_stopped', 'Invocation stopped'));
        } else {
          const { code, message } = answer.error;
          const error = new IiiError('invocation_failed', message, { details: { code } });
          reject(error);
        }
      });
      if (delivered === undefined) {
        reject(new IiiError('function_not_found', `Function ${functionId} not found`));
      }
    });
  }

  /** Pauses or resumes a queue; it stays so over a restart where jobs do. */
  async pauseQueue(queue: string, paused: boolean): Promise<void> {
    await this.store.pause(queue, paused);
    this.queues.setPaused(queue, paused);
    this.events.emit({ kind: 'queue_paused', queue, paused });
  }

  /** Lets one engine of all claim something for a time; without other engines every claim holds. */
  async claim(name: string, forMs: number): Promise<boolean> {
    const { state, ticks = state } = this.#options;
    return (await ticks.claim?.(name, forMs)) ?? true;
  }

  get #queueRun(): QueueRun {
    return {
      offer: this.functions,
      run: (call, settle) => this.invoker.deliver(call, settle),
    };
  }

  async #closeStores(): Promise<void> {
    for (const one of this.#stateStores()) await one.close();
    await this.store.close();
  }

  #stateStores(): Set<StateStore> {
    const { state, userState, ticks } = this.#options;
    return new Set([state, userState?.store ?? state, ticks ?? state]);
  }

  #onSignal(signal: StoreSignal): void {
    const { kind, queue } = signal;
    if (this.#state !== 'running') return;
    switch (kind) {
      case 'leasable':
        this.queues.wake(queue);
        break;
      case 'reclaimable':
        void this.#reclaim();
        break;
      case 'paused':
      case 'resumed':
        this.queues.setPaused(queue, kind === 'paused');
        this.events.emit({ kind: 'queue_paused', queue, paused: kind === 'paused' });
    }
  }

  async #reclaim(): Promise<void> {
    const { store, clock, random, tracing } = this.#options;
    this.#reclaimAgain = this.#reclaiming;
    if (this.#reclaiming) return;
    this.#reclaiming = true;
    try {
      await reclaimAll({ store, queues: this.queues, clock, random, tracing, events: this.events });
    } catch (thrown) {
      this.log.error('reclaiming jobs failed; it is tried again', { error: messageOf(thrown) });
      clock.after(1_000, () => {
        if (this.#state === 'running') void this.#reclaim();
      });
    } finally {
      this.#reclaiming = false;
    }
    // What became reclaimable meanwhile may not have been seen by the look that just ended.
    if (this.#isReclaimWanted()) void this.#reclaim();
  }

  #isReclaimWanted(): boolean {
    return this.#reclaimAgain && this.#state === 'running';
  }

  #wakeLater(): void {
    if (this.#congestionTimerSet) return;
    this.#congestionTimerSet = true;
    this.clock.after(CONGESTION_RETRY_MS, () => {
      this.#congestionTimerSet = false;
      this.queues.wakeAll();
    });
  }
}
