import type { CancelTimer, Clock } from '../../base/clock.ts';
import { nextTurn } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { FunctionOffer } from '../../queue/store.ts';
import type { QueuePolicy } from '../../queue/types.ts';
import type { Broker } from './broker.ts';
import { acknowledgeHeld } from './acknowledge.ts';
import type { HeldJob, HeldJobs } from './held-jobs.ts';
import { LineCopies } from './line-copies.ts';
import { LineEpochs } from './line-epochs.ts';
import { LineInbox } from './line-inbox.ts';
import { LineOutbox } from './line-outbox.ts';
import { LineRescue } from './line-rescue.ts';
import { LineSession, prefetchOf } from './line-session.ts';
import { awaitedFunctions, isLeasable, stuckJobs } from './stuck-jobs.ts';
import type { LineNames, Topology } from './topology.ts';
import { HELD_DELAY_MS } from './topology.ts';

/** A delivery this old is exchanged for a new one, long before the broker's `consumer_timeout`. */
const REFRESH_MS = 600_000;
const REOPEN_MS = 200;
/** How long the others leave a FIFO queue that was deleted to the engine that leads and makes it anew. */
const STAND_BACK_MS = 1_000;
/** How often it looks for jobs in the way of others: each look goes through all that is held. */
const SET_ASIDE_MS = 50;
/** The same without any worker: what is behind them is hardly ever for the engine itself. */
const SET_ASIDE_ALONE_MS = 5_000;
/** Jobs handed on to other engines in one go. */
const HAND_ON_BATCH = 100;

export interface LineParts {
  readonly broker: Broker;
  readonly topology: Topology;
  readonly held: HeldJobs;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called after anything changed that can be seen. */
  readonly changed: () => void;
  /** Called when leasing may begin. */
  readonly ready: (queue: string) => void;
}

/** One queue as this engine takes part in it: what the broker delivers, and what goes back to it. */
export class JobLine {
  #policy: QueuePolicy;
  readonly outbox: LineOutbox;
  readonly epochs: LineEpochs;
  readonly copies: LineCopies;
  readonly #parts: LineParts;
  readonly #inbox: LineInbox;
  readonly #rescue: LineRescue;
  #session: LineSession | undefined;
  #isOpening = false;
  #isClosed = false;
  #isHandingBack = false;
  /** Another engine offers what is here and this one does not: it takes no jobs for now. */
  #isAway = false;
  /** It does not begin to consume before this time. */
  #notBefore = 0;
  #offer: FunctionOffer | undefined;
  #cancelSetAside: CancelTimer | undefined;
  #refreshedAt = 0;
  /** Settings of another type, which are waiting for the last attempt to end. */
  #nextPolicy: QueuePolicy | undefined;

  constructor(policy: QueuePolicy, parts: LineParts) {
    this.#policy = policy;
    this.#parts = parts;
    const own = { ...parts, policy: () => this.#policy };
    this.outbox = new LineOutbox(own);
    this.epochs = new LineEpochs(this.outbox);
    const { outbox, epochs } = this;
    const copies = new LineCopies({
      ...own,
      outbox,
      hold: (stored, delivery) => {
        this.#inbox.hold(stored, delivery);
      },
    });
    this.copies = copies;
    this.#inbox = new LineInbox({
      ...own,
      outbox,
      epochs,
      handOver: (job) => void copies.handOver(job),
    });
    this.#rescue = new LineRescue({ ...own, writeDown: copies.writeDown.bind(copies) });
  }

  get policy(): QueuePolicy {
    return this.#policy;
  }

  get names(): LineNames {
    return this.#parts.topology.names.of(this.#policy);
  }

  get isFifo(): boolean {
    return this.#policy.type === 'fifo';
  }

  /** Whether jobs of it can be leased. */
  get isReady(): boolean {
    const isChanging =
      this.#isHandingBack || this.#rescue.isGoing || this.#nextPolicy !== undefined;
    return this.#session?.isReady === true && !isChanging;
  }

  /** Whether this engine is the one that runs a FIFO queue. */
  get isLeading(): boolean {
    return this.isFifo && this.#session?.isLeading === true;
  }

  /** Declares what is needed and begins to consume, unless it does. */
  async open(): Promise<void> {
    const { broker, topology, clock, log } = this.#parts;
    const isBusy = this.#isOpening || this.#isClosed || this.#rescue.isGoing;
    const isResting = this.#isAway || clock.now() < this.#notBefore;
    if (isBusy || isResting || this.#session?.isAlive === true || !broker.isUp) return;
    this.#isOpening = true;
    try {
      await this.#rescue.recover();
      this.#inbox.lose();
      this.#dropUnstarted(isUndelivered);
      await topology.declareLine(this.#policy);
      await this.#openSession();
    } catch (thrown) {
      const facts = { queue: this.#policy.name, error: messageOf(thrown) };
      log.warn('a queue at the broker cannot be consumed yet; it is tried again', facts);
      clock.after(REOPEN_MS * 5, () => void this.open());
    } finally {
      this.#isOpening = false;
    }
  }

  /**
   * Goes on with other settings. Another type needs other queues at the broker: it is leased from
   * again when nothing is in flight any more and those are made anew.
   */
  reconfigure(policy: QueuePolicy): void {
    const before = this.#policy;
    if (before.type !== policy.type) {
      this.#nextPolicy = policy;
      this.#changeType();
      return;
    }
    this.#policy = policy;
    this.#nextPolicy = undefined;
    if (before.deadLetterQueue !== policy.deadLetterQueue) {
      void this.#parts.topology.declareLine(policy).catch(() => undefined);
    }
    if (before.concurrency !== policy.concurrency && !this.isFifo) {
      void this.#session?.setPrefetch(prefetchOf(policy)).catch(() => undefined);
    }
  }

  /** Hands everything back: the next engine finds it as it was. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelSetAside?.();
    await this.#rescue.close();
    await this.#handBackAll();
  }

  /** A job has ended: its message, here or still to come, is void. */
  release(held: HeldJob): void {
    const { delivery, stored } = held;
    if (delivery?.session.isAlive !== true) this.#inbox.markEnded(stored.id, stored.version);
    acknowledgeHeld(held);
  }

  /** Whether what this engine knows of a job still counts: its delivery lives, or comes again. */
  isCurrent(held: HeldJob): boolean {
    const { delivery, isOnlyHere } = held;
    return isOnlyHere || (delivery === null ? this.isReady : delivery.session.isAlive);
  }

  /** Remembers who offers what, and gives room to other jobs when only unwanted ones are here. */
  offered(offer: FunctionOffer): void {
    this.#offer = offer;
    if (this.#isAway && this.#offersAny()) {
      this.#isAway = false;
      void this.open();
    }
    if (this.isFifo || !this.isReady || this.wanted().length === 0) return;
    const waitMs = offer.isEmpty === true ? SET_ASIDE_ALONE_MS : SET_ASIDE_MS;
    this.#cancelSetAside ??= this.#parts.clock.after(waitMs, () => {
      this.#cancelSetAside = undefined;
      if (this.isReady) this.#setAside();
    });
  }

  /** Functions of waiting jobs here that this engine does not offer. */
  wanted(): string[] {
    const names = awaitedFunctions(this.#parts.held, this.#policy.name);
    const away = this.#isAway ? this.#inbox.functions : [];
    return [...names, ...away].filter((id) => !this.offers(id));
  }

  readonly offers = (functionId: string): boolean => this.#offer?.has(functionId) === true;

  /** What is done once a second. @param elsewhere functions that other engines offer to this queue */
  tick(elsewhere: ReadonlySet<string>, hasLeader: boolean): void {
    const now = this.#parts.clock.now();
    this.#isAway &&= !this.#offersAny() && this.wanted().some((id) => elsewhere.has(id));
    if (this.#session?.isAlive !== true) {
      void this.open();
      return;
    }
    this.#changeType();
    this.#inbox.forgetEndings(now);
    this.#refresh(now);
    if (this.isFifo && !this.#session.isLeading && !hasLeader) this.#session.ping();
    if (this.isReady && elsewhere.size > 0) this.#handOn(elsewhere);
  }

  #changeType(): void {
    const { held } = this.#parts;
    const policy = this.#nextPolicy;
    if (policy === undefined || this.#rescue.isGoing) return;
    if (held.ofQueue(policy.name).some((job) => held.isRunning(job))) return;
    this.#nextPolicy = undefined;
    void this.#handBackAll().then(() => {
      this.#policy = policy;
      return this.open();
    });
  }

  async #openSession(): Promise<void> {
    const { broker } = this.#parts;
    const { name } = this.#policy;
    let session: LineSession | undefined = undefined;
    session = await LineSession.open({
      broker,
      names: this.names,
      oneConsumer: this.isFifo,
      prefetch: prefetchOf(this.#policy),
      deliver: this.#inbox.deliver.bind(this.#inbox),
      beforeReady: () => {
        this.#dropUnstarted(isUndelivered);
        return this.epochs.reserve();
      },
      onReady: () => {
        this.#parts.ready(name);
        this.#parts.changed();
      },
      onQueueGone: (from, of) => void this.#remake(from, of),
      onMissing: (from) => {
        this.#rescue.missed(from);
      },
      onClosed: () => {
        if (session === this.#session) this.#lost();
      },
    });
    this.#session = session;
    if (!session.isAlive) this.#lost();
    else if (this.#isClosed || this.#isAway) await session.close();
    else if (session.isReady) this.#parts.ready(name);
  }

  /** The channel is gone: the broker hands everything out again, also to others. */
  #lost(): void {
    this.#session = undefined;
    this.#inbox.lose();
    // by then it has shown whether there is a queue to hand them out
    void nextTurn().then(() => {
      if (!this.#rescue.isDue) this.#dropUnstarted(isUndelivered);
    });
    if (this.#isClosed) return;
    const { clock } = this.#parts;
    const waitMs = Math.max(REOPEN_MS, this.#notBefore - clock.now());
    clock.after(waitMs, () => void this.open());
  }

  /** Attempts go on: when the broker hands their jobs to this engine again, nothing is repeated. */
  #dropUnstarted(isGone: (job: HeldJob) => boolean): void {
    const { held, clock, changed } = this.#parts;
    for (const job of held.ofQueue(this.#policy.name)) {
      if (!held.isRunning(job) && !job.isOnlyHere && isGone(job)) held.drop(job, clock.now());
    }
    changed();
  }

  /** A queue is gone with everything in it: what is held of it is published, then all begins anew. */
  async #remake(from: 'main' | 'retry', session: LineSession): Promise<void> {
    const leads = !this.isFifo || session.isLeading;
    await this.#rescue.begin(from);
    if (!leads) this.#notBefore = this.#parts.clock.now() + STAND_BACK_MS;
    if (session.isAlive) await session.close().catch(() => undefined);
    // it was lost in the middle of it
    else if (this.#session === undefined) this.#lost();
    // its attempts go on when it leads again
    if (leads) await this.open();
  }

  /** Exchanges deliveries that the broker would soon take for forgotten, oldest first. */
  #refresh(now: number): void {
    if (now < this.#refreshedAt + REFRESH_MS / 20) return;
    this.#refreshedAt = now;
    this.epochs.refresh(now - REFRESH_MS);
    const { held } = this.#parts;
    for (const job of held.ofQueue(this.#policy.name)) {
      if (job.delivery === null || job.coming !== null) continue;
      // one whose delay is spent at the broker could not be given to it before
      const isEarly = !this.isFifo && job.stored.dueAt - now > HELD_DELAY_MS;
      if ((job.delivery.at > now - REFRESH_MS && !isEarly) || held.isReserved(job)) continue;
      if (this.isFifo) {
        void this.copies.writeDown(job).catch(() => undefined);
        // the copy of a running one would be run by whoever gets it: its attempt has to end in time
      } else if (!held.isRunning(job)) void this.copies.handOver(job);
    }
  }

  /** Standard: when half of the window is full of jobs that nobody here can run, others get their room. */
  #setAside(): void {
    const stuck = this.#stuck().filter(({ delivery }) => delivery?.from === 'main');
    for (const job of stuck.length < this.#policy.concurrency ? [] : stuck)
      void this.copies.handOver(job);
  }

  /** Lets engines have the jobs whose functions they offer and this one does not. */
  #handOn(elsewhere: ReadonlySet<string>): void {
    if (!this.wanted().some((id) => elsewhere.has(id))) return;
    const { held } = this.#parts;
    const jobs = held.ofQueue(this.#policy.name);
    const stuck = this.#stuck().filter((job) => elsewhere.has(job.stored.functionId));
    if (stuck.length === 0 || jobs.some((job) => held.isRunning(job))) return;
    if (this.isFifo) {
      if (jobs.some((job) => this.offers(job.stored.functionId) && isLeasable(held, job))) return;
      // the next engine in the line of consumers becomes the active one
      void this.#session?.close().catch(() => undefined);
      return;
    }
    if (!this.#offersAny()) {
      this.#isAway = true;
      void this.#handBackAll();
      return;
    }
    for (const job of stuck.slice(0, HAND_ON_BATCH)) void this.copies.handOver(job);
  }

  #stuck(): HeldJob[] {
    return stuckJobs(this.#parts.held, this.#policy.name, this.offers);
  }

  #offersAny(): boolean {
    return [...this.#inbox.functions].some((id) => this.offers(id));
  }

  /**
   * Publishes every held job anew and lets go of it, oldest first. What is in flight is marked: whoever
   * gets it knows that its attempt was interrupted.
   */
  async #handBackAll(): Promise<void> {
    const { held, broker, clock } = this.#parts;
    const session = this.#session;
    if (session === undefined) return;
    this.#isHandingBack = true;
    try {
      await session.stopDelivering();
      if (session.isReady && broker.isUp) {
        await session.inTurns(held.ofQueue(this.#policy.name), (job) =>
          this.copies.writeDown(job, () => job.delivery !== null || job.isOnlyHere),
        );
      }
      // every other acknowledgement of this channel is before these
      this.#inbox.forgetEndings(Infinity);
      await session.close();
    } catch {
      await session.close().catch(() => undefined);
    }
    this.#session = undefined;
    // nothing else tells of the deletion of a queue that is not consumed any more
    await (this.#isClosed ? this.#rescue.close() : this.#rescue.recover());
    this.#isHandingBack = false;
    for (const job of held.ofQueue(this.#policy.name)) held.drop(job, clock.now());
    this.#parts.changed();
  }
}

/** Whether the broker hands it out again, if at all. */
function isUndelivered({ delivery }: HeldJob): boolean {
  return delivery?.session.isAlive !== true;
}
