import { messageOf } from '../../base/errors.ts';
import { QUEUE_DEFAULTS } from '../../queue/limits.ts';
import type { FunctionOffer, LeaseRequest, Reclaimed, SharedLimits } from '../../queue/store.ts';
import type { AttemptRecord, Lease, QueuePolicy } from '../../queue/types.ts';
import { Alarm } from './alarm.ts';
import type { RedisContext } from './context.ts';
import { runScript } from './context.ts';
import { functionKey, functionOf, type LeaseName, readJobs, readLeaseNames } from './job-text.ts';
import { RedisFailure } from './redis-errors.ts';
import { CONFIGURE } from './scripts/configure.ts';
import { LEASE } from './scripts/lease.ts';
import { RECLAIM } from './scripts/reclaim.ts';
import { HELD, RELEASE, RENEW } from './scripts/renew.ts';

/**
 * Share of a lease's time after which an answer that gave it is too old to be used: the engine was
 * held up, and others may take the jobs over before a worker would have them.
 */
const TRUSTED_SHARE = 0.75;
/** Tries to lease when the list of functions keeps changing. */
const LEASE_TRIES = 3;

/** Whether something became leasable, and ms until the next delay and the next time to live end. */
export type Times = readonly [woken: number, dueIn: number, expiryIn: number];

interface Held {
  readonly epoch: number;
  readonly history: readonly AttemptRecord[];
}

/** What a renewal found. */
type Renewal = readonly [
  Times,
  held: number,
  paused: number,
  waits: number,
  endsIn: number,
  expired: number,
  inFlight: number,
  type: string,
];

/** One queue as this engine uses it: its leases, its timers, and what it knows of the queue. */
export class RedisQueue {
  readonly name: string;
  policy: QueuePolicy | undefined;
  #mayReclaim = true;
  /** Jobs last taken for a verdict. It may not have been possible to store it. */
  #reclaimed: readonly Reclaimed[] = [];
  readonly #context: RedisContext;
  readonly #giveBack: (leases: readonly LeaseName[]) => void;
  readonly #due: Alarm;
  readonly #reclaimAt: Alarm;
  /** Leases of this engine that were not settled, by job. */
  readonly #held = new Map<string, Held>();
  /** Number of this engine's leases; empty before the first and after they were taken away. */
  #owner = '';
  /** What this engine could run when it last asked for jobs, and can run now. */
  #offer: FunctionOffer | undefined;
  #functions: readonly string[] = [];
  #functionsVersion = '';
  #paused = false;
  #configured: Promise<void> = Promise.resolve();
  #mustConfigure = false;
  /** Calls under way that may lead to leases. */
  #asking = 0;
  /** Whether there may be leases that this engine never heard of: the answer was lost. */
  #answerLost = false;
  /** Whether another engine has given the queue another type than this one. */
  #typeDiffers = false;

  /** @param giveBack returns leases that nobody used */
  constructor(
    name: string,
    context: RedisContext,
    giveBack: (leases: readonly LeaseName[]) => void,
  ) {
    this.name = name;
    this.#context = context;
    this.#giveBack = giveBack;
    this.#due = new Alarm(context.clock, () => {
      context.emit({ kind: 'leasable', queue: name });
    });
    this.#reclaimAt = new Alarm(context.clock, () => {
      this.signalReclaimable();
    });
  }

  /** Whether a look for jobs that need a verdict may find some. */
  get mayReclaim(): boolean {
    return this.#mayReclaim || this.#withoutVerdict().length > 0;
  }

  get retain(): number {
    return this.policy?.retainCompleted ?? QUEUE_DEFAULTS.retainCompleted;
  }

  /** Resolves when the settings given so far hold. @throws RedisFailure */
  configured(): Promise<void> {
    return this.#configured;
  }

  configure(policy: QueuePolicy): void {
    this.policy = policy;
    const configuring = this.#configured.catch(() => undefined).then(() => this.#configure(policy));
    this.#configured = configuring;
    configuring.catch((thrown: unknown) => {
      this.#mustConfigure = true;
      const { log } = this.#context;
      log.warn('the settings of a queue could not be stored; it is tried again', {
        queue: this.name,
        error: messageOf(thrown),
      });
    });
  }

  /** Takes in what a script said about the times of this queue. */
  note([woken, dueIn, expiryIn]: Times): void {
    if (woken === 1 || dueIn === 0) this.signalLeasable();
    if (dueIn > 0) this.#due.set(dueIn);
    if (expiryIn === 0) this.signalReclaimable();
    else this.#reclaimAt.set(expiryIn);
  }

  /**
   * The same, of a script that accepted jobs for these functions. What only others can run is
   * nothing to ask for: they are told, and whoever begins to offer a function asks anyway.
   */
  noteAccepted([woken, ...until]: Times, functionIds: readonly string[]): void {
    const offer = this.#offer;
    const isForUs = offer === undefined || functionIds.some((id) => offer.has(id));
    this.note([isForUs ? woken : 0, ...until]);
  }

  signalLeasable(): void {
    this.#context.emit({ kind: 'leasable', queue: this.name });
  }

  signalReclaimable(): void {
    this.#mayReclaim = true;
    this.#context.emit({ kind: 'reclaimable', queue: this.name });
  }

  /** Another engine has delayed a job that is due before all others. */
  noteDue(inMs: number): void {
    this.#due.set(inMs);
  }

  notePaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#context.emit({ kind: paused ? 'paused' : 'resumed', queue: this.name });
  }

  async lease({ limit, offer, limits }: LeaseRequest): Promise<readonly Lease[]> {
    if (limit <= 0) return [];
    this.#offer = offer;
    await this.#configured;
    if (this.#answerLost) await this.#returnStrays();
    return this.#asked(() => this.#lease(limit, offer, limits));
  }

  async #lease(
    limit: number,
    offer: FunctionOffer,
    limits: SharedLimits | undefined,
  ): Promise<readonly Lease[]> {
    for (let tries = 0; tries < LEASE_TRIES; tries++) {
      const sentAt = this.#context.clock.now();
      const answer = (await this.#run(LEASE, this.#leaseArguments(limit, offer, limits))) as
        [0, string, string[]] | [1, Times, string, number, string[]] | [2];
      if (answer[0] === 2) {
        await this.#configureAgain();
        continue;
      }
      if (answer[0] === 0) {
        this.#functionsVersion = answer[1];
        this.#functions = answer[2].map(functionOf);
        continue;
      }
      const [, times, owner, rateIn, texts] = answer;
      this.#owner = owner;
      this.note(times);
      this.#due.set(rateIn);
      return this.#trusted(this.#leasesOf(texts), sentAt);
    }
    this.signalLeasable();
    return [];
  }

  /** Whether this engine has leased the job under this epoch. */
  holds(id: string, epoch: number): boolean {
    return this.#held.get(id)?.epoch === epoch;
  }

  /** The attempts of a leased job before this one. */
  historyOf(id: string): readonly AttemptRecord[] {
    return this.#held.get(id)?.history ?? [];
  }

  /** The lease has ended, here or elsewhere. */
  forget(id: string, epoch: number): void {
    if (this.holds(id, epoch)) this.#held.delete(id);
  }

  /** Makes the history of a job known that this engine does not hold, so that it can be settled. */
  recall(id: string, held: Held): void {
    this.#held.set(id, held);
  }

  /** Jobs that need a verdict. They are offered again until they have one. */
  async reclaim(limit: number): Promise<readonly Reclaimed[]> {
    const again = this.#withoutVerdict();
    if (again.length > 0) return again.slice(0, limit);
    await this.#configured;
    this.#mayReclaim = false;
    try {
      this.#reclaimed = await this.#asked(() => this.#reclaim(limit));
      return this.#reclaimed;
    } catch (thrown) {
      this.#mayReclaim = true;
      throw thrown;
    }
  }

  /** Says that this engine is there, and looks at what signals may have missed. */
  async renew(): Promise<void> {
    if (this.#mustConfigure) await this.#configureAgain();
    const owner = this.#owner;
    const [times, held, paused, waits, endsIn, expired, inFlight, type] = (await this.#run(RENEW, [
      owner,
      String(this.#context.leaseMs),
    ])) as Renewal;
    if (held === 0 && owner === this.#owner) this.#loseLeases();
    this.note(times);
    this.notePaused(paused === 1);
    if (waits === 1) this.signalLeasable();
    if (endsIn === 0 || expired > 0) this.signalReclaimable();
    else this.#reclaimAt.set(endsIn);
    if (type === '') await this.#configureAgain();
    else this.#noteType(type === '1' ? 'fifo' : 'standard');
    if (this.#answerLost || inFlight !== this.#held.size) await this.#returnStrays();
  }

  /** Gives up what this engine still holds, so that others need not wait for it. */
  async release(): Promise<void> {
    this.stop();
    await this.#configured.catch(() => undefined);
    if (this.#owner !== '') await this.#run(RELEASE, [this.#owner]);
  }

  stop(): void {
    this.#due.stop();
    this.#reclaimAt.stop();
  }

  #noteType(there: QueuePolicy['type']): void {
    const here = this.policy?.type ?? there;
    if (here !== there && !this.#typeDiffers) {
      this.#context.log.warn('another engine gave this queue another type, which holds here too', {
        queue: this.name,
        here,
        there,
      });
    }
    this.#typeDiffers = here !== there;
  }

  /** Gives the queue its settings once more: they could not be stored, or Redis has lost them. */
  async #configureAgain(): Promise<void> {
    if (this.policy === undefined) return;
    this.#mustConfigure = false;
    this.configure(this.policy);
    await this.#configured;
  }

  async #configure(policy: QueuePolicy): Promise<void> {
    const { connection, keys } = this.#context;
    await connection.call((client) => client.sadd(keys.queues(), this.name));
    const fifo = policy.type === 'fifo' ? '1' : '0';
    for (;;) {
      const retain = String(policy.retainCompleted);
      const [more, times] = (await this.#run(CONFIGURE, [fifo, retain])) as [number, Times];
      this.note(times);
      if (more === 0) return;
    }
  }

  async #reclaim(limit: number): Promise<readonly Reclaimed[]> {
    const sentAt = this.#context.clock.now();
    const { leaseMs } = this.#context;
    const [times, owner, orphans, texts] = (await this.#run(RECLAIM, [
      this.#owner,
      String(leaseMs),
      String(limit),
    ])) as [Times, string, number, string[]];
    this.#owner = owner;
    this.note(times);
    const leases = this.#leasesOf(texts);
    if (leases.length >= limit) this.#mayReclaim = true;
    const trusted = new Set(this.#trusted(leases, sentAt));
    return leases
      .map((lease, index): Reclaimed => ({
        lease,
        cause: index < orphans ? 'orphaned' : 'expired',
      }))
      .filter(({ lease }) => trusted.has(lease));
  }

  /** Jobs taken for a verdict whose verdict is not stored. */
  #withoutVerdict(): readonly Reclaimed[] {
    return this.#reclaimed.filter(({ lease }) => this.holds(lease.job.id, lease.epoch));
  }

  /** Keeps in mind that leases may have been given although no answer came. */
  async #asked<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    this.#asking++;
    try {
      return await ask();
    } catch (thrown) {
      if (thrown instanceof RedisFailure && thrown.uncertain) this.#answerLost = true;
      throw thrown;
    } finally {
      this.#asking--;
    }
  }

  /**
   * Returns leases whose answer was lost: nobody else takes them over as long as this engine gives a
   * sign of life. What is asked before all answers are there tells nothing; it is asked again then.
   */
  async #returnStrays(): Promise<void> {
    this.#answerLost = this.#owner !== '' && this.#asking > 0;
    if (this.#owner === '' || this.#answerLost) return;
    try {
      const held = readLeaseNames((await this.#run(HELD, [this.#owner])) as string[]);
      const strays = held.filter(({ id, epoch }) => !this.holds(id, epoch));
      if (strays.length === 0) return;
      this.#context.log.warn('leases whose answer was lost are given back', {
        queue: this.name,
        jobs: strays.length,
      });
      this.#giveBack(strays);
    } catch (thrown) {
      this.#answerLost = true;
      throw thrown;
    }
  }

  #leaseArguments(limit: number, offer: FunctionOffer, limits: SharedLimits | undefined): string[] {
    const rate = limits?.rate ?? null;
    return [
      this.#owner,
      String(this.#context.leaseMs),
      String(limit),
      limits?.inFlight === undefined || limits.inFlight === null ? '' : String(limits.inFlight),
      rate === null ? '' : String(rate.max),
      rate === null ? '' : String(rate.perMs),
      this.#functionsVersion,
      ...this.#functions.filter((id) => offer.has(id)).map(functionKey),
    ];
  }

  #leasesOf(texts: readonly string[]): Lease[] {
    return readJobs(this.name, texts).map((job) => {
      this.#held.set(job.id, { epoch: job.epoch, history: job.history });
      return { job, attempt: job.attempts + 1, epoch: job.epoch };
    });
  }

  /** The leases, unless they are so old that others may soon have the jobs: then they go back. */
  #trusted(leases: readonly Lease[], sentAt: number): readonly Lease[] {
    const { clock, leaseMs, log } = this.#context;
    if (leases.length === 0 || clock.now() - sentAt <= leaseMs * TRUSTED_SHARE) return leases;
    log.warn('leases that came too late are given back', {
      queue: this.name,
      jobs: leases.length,
      afterMs: clock.now() - sentAt,
    });
    this.#giveBack(leases.map(({ job, epoch }) => ({ id: job.id, epoch })));
    return [];
  }

  #loseLeases(): void {
    this.#context.log.warn('the leases of this engine ended and were taken over by others', {
      queue: this.name,
      jobs: this.#held.size,
    });
    this.#owner = '';
  }

  #run(script: Parameters<typeof runScript>[1], args: readonly string[]): Promise<unknown> {
    return runScript(this.#context, script, [this.name], args);
  }
}
