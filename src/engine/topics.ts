import type { Clock } from '../base/clock.ts';
import { IiiError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Tracing } from '../base/tracing.ts';
import type { Job } from '../queue/types.ts';
import type { StateStore } from '../state/store.ts';
import { deadLetterMetadata, topicsDiedOn } from './dead-letter-way.ts';
import type { Enqueuer } from './enqueue.ts';
import type { FunctionRegistry } from './functions.ts';
import type { Call, Delivered, Invoker } from './invoke.ts';
import type { Queues } from './queues.ts';
import { StoredTotals } from './stored-totals.ts';
import type { Subscription } from './subscription.ts';
import type { Answer } from './workers.ts';

/** Scope of the state store in which subscriptions are remembered over a restart. */
const SCOPE = 'iii::subscriptions';
/** The same of what was counted. */
const DROPPED_SCOPE = 'iii::dropped';
const SKIPPED_SCOPE = 'iii::skipped';
/** Scope of a value that changes only when a server that engines share has lost what it kept. */
const MARK_SCOPE = 'iii::mark';
const MARK_KEY = 'subscriptions';

/** A message as it was published. */
export interface Message {
  readonly topic: string;
  /** JSON text. */
  readonly data: string;
  readonly traceparent: string | null;
  readonly baggage: string | null;
  /** Topics on which it has died, when it is a dead letter. */
  readonly diedOn?: readonly string[];
}

export interface TopicParts {
  readonly enqueuer: Enqueuer;
  readonly functions: FunctionRegistry;
  readonly invoker: Invoker;
  readonly queues: Queues;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tracing?: Tracing | undefined;
}

/**
 * Topics: each message is copied to every subscription, in one durable step. A subscription is a
 * queue of its own; it outlives its worker and the engine and ends only when somebody says so.
 */
export class Topics {
  /** Messages to each topic that were dropped because nobody was subscribed. */
  readonly dropped: Pick<StoredTotals, 'all'>;
  /** Messages of each subscription, by its queue, that its condition left out. */
  readonly skipped: Pick<StoredTotals, 'all'>;
  readonly #dropped: StoredTotals;
  readonly #skipped: StoredTotals;
  readonly #parts: TopicParts;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Subscriptions that are not stored yet. */
  readonly #subscribing = new Set<string>();
  #following: Promise<void> = Promise.resolve();
  #mark: string | undefined;

  constructor(parts: TopicParts) {
    this.#parts = parts;
    const { state, clock, log } = parts;
    this.#dropped = new StoredTotals({ state, scope: DROPPED_SCOPE, clock, log });
    this.#skipped = new StoredTotals({ state, scope: SKIPPED_SCOPE, clock, log });
    this.dropped = this.#dropped;
    this.skipped = this.#skipped;
  }

  /** Brings back the subscriptions of an earlier process, and follows those of other engines. */
  async start(): Promise<void> {
    const { state } = this.#parts;
    for (const totals of [this.#dropped, this.#skipped]) await totals.start();
    if (state.watch !== undefined) this.#mark = await this.#readMark();
    for (const [, text] of await state.list(SCOPE)) this.#open(JSON.parse(text) as Subscription);
    state.watch?.((change) => {
      if (change === null || change.scope === SCOPE) this.#followSoon();
    });
  }

  /** Keeps what was counted. Never rejects. */
  async stop(): Promise<void> {
    for (const totals of [this.#dropped, this.#skipped]) await totals.stop();
  }

  /**
   * Begins a subscription, or changes the settings of the one that topic and function share. Messages
   * reach it from now on; resolves when it would survive a restart.
   */
  async subscribe(subscription: Subscription): Promise<void> {
    const queue = subscription.policy.name;
    const text = JSON.stringify(subscription);
    const known = this.#subscriptions.get(queue);
    if (known !== undefined && JSON.stringify(known) === text) return;
    this.#open(subscription);
    this.#subscribing.add(queue);
    try {
      await this.#parts.state.update(SCOPE, queue, () => text);
    } finally {
      this.#subscribing.delete(queue);
    }
  }

  /** Ends a subscription. Its jobs stay until they are discarded, or it begins again. */
  async unsubscribe(queue: string): Promise<boolean> {
    if (!this.#subscriptions.delete(queue)) return false;
    const closed = this.#parts.queues.close(queue);
    // Recorded before the attempts in flight have ended, so that a new subscription is not undone.
    await this.#parts.state.update(SCOPE, queue, () => undefined);
    await closed;
    return true;
  }

  /** @throws IiiError `topic_not_set` */
  async publish(message: Message): Promise<void> {
    const { topic, data, traceparent, baggage, diedOn } = message;
    if (topic === '')
      throw new IiiError('topic_not_set', 'topic is required and must not be empty');
    const subscriptions = this.list().filter((subscription) => subscription.topic === topic);
    if (subscriptions.length === 0) {
      this.#dropped.add(topic);
      return;
    }
    const span = this.#parts.tracing?.begin({
      name: `publish ${topic}`,
      kind: 'producer',
      parent: traceparent,
      attributes: {
        'messaging.system': 'iii-queue',
        'messaging.destination.name': topic,
        'messaging.operation.name': 'publish',
        'messaging.operation.type': 'send',
        'iii.topic.copies': subscriptions.length,
      },
    });
    try {
      await this.#parts.enqueuer.enqueueCopies(
        subscriptions.map(({ policy, functionId }) => ({ policy, functionId })),
        {
          data,
          traceparent: span?.traceparent ?? traceparent,
          baggage,
          metadata: diedOn === undefined ? null : deadLetterMetadata(diedOn),
        },
      );
    } catch (thrown) {
      span?.end(messageOf(thrown));
      throw thrown;
    }
    span?.end();
  }

  list(): Subscription[] {
    return [...this.#subscriptions.values()];
  }

  get(queue: string): Subscription | undefined {
    return this.#subscriptions.get(queue);
  }

  #open(subscription: Subscription): void {
    const { policy, conditionFunctionId: condition } = subscription;
    const { functions, queues } = this.#parts;
    this.#subscriptions.set(policy.name, subscription);
    queues.open(policy, {
      // Without its condition a message waits, as without its function.
      offer: { has: (id) => functions.has(id) && (condition === null || functions.has(condition)) },
      run: (call, settle) => this.#run(subscription, call, settle),
      beforeDead: (job) => this.#publishDead(subscription, job),
    });
  }

  /**
   * Publishes the data of a dead job to the dead-letter topic of its subscription. Not to a topic on
   * which it died before: topics that are the dead-letter topic of each other would send it round for
   * ever, and give it again to functions that had no trouble with it.
   */
  async #publishDead({ topic, deadLetterTopic, policy }: Subscription, job: Job): Promise<void> {
    if (deadLetterTopic === null) return;
    const diedOn = [...topicsDiedOn(job.metadata), topic];
    if (diedOn.includes(deadLetterTopic)) {
      this.#parts.log.warn(
        'a dead message is kept and not published again: it died on that topic before',
        { queue: policy.name, job: job.id, topic, deadLetterTopic, way: diedOn },
      );
      return;
    }
    const { payload: data, traceparent, baggage } = job;
    await this.publish({ topic: deadLetterTopic, data, traceparent, baggage, diedOn });
  }

  /** One delivery: the condition first, if there is one, then the function. */
  #run(
    { conditionFunctionId, policy }: Subscription,
    call: Call,
    settle: (answer: Answer) => void,
  ): Delivered | undefined {
    const { invoker } = this.#parts;
    if (conditionFunctionId === null) return invoker.deliver(call, settle);
    let current: Delivered | undefined;
    const onCondition = (answer: Answer): void => {
      if (answer.kind === 'error') {
        const message = `the condition ${conditionFunctionId} failed: ${answer.error.message}`;
        settle({ kind: 'error', error: { ...answer.error, message } });
      } else if (answer.kind === 'lost') {
        settle(answer);
      } else if (answer.result === 'false') {
        this.#skipped.add(policy.name);
        settle({ kind: 'result', result: null });
      } else {
        current = invoker.deliver(call, settle);
        // Whoever offered the function went away meanwhile: the attempt is given back.
        if (current === undefined) settle({ kind: 'lost' });
      }
    };
    current = invoker.deliver({ ...call, functionId: conditionFunctionId }, onCondition);
    if (current === undefined) return undefined;
    return {
      runner: current.runner,
      abandon: () => {
        current?.abandon();
      },
    };
  }

  /** Subscribes without making the caller wait; what fails is logged. */
  subscribeSoon(subscription: Subscription): void {
    this.#soon(subscription.policy.name, this.subscribe(subscription));
  }

  /** Unsubscribes without making the caller wait; what fails is logged. */
  unsubscribeSoon(queue: string): void {
    this.#soon(queue, this.unsubscribe(queue));
  }

  /** Takes over what other engines changed, one change after the other. */
  #followSoon(): void {
    this.#following = this.#following
      .then(() => this.#follow())
      .catch((thrown: unknown) => {
        const error = messageOf(thrown);
        this.#parts.log.error('subscriptions of other engines could not be read', { error });
      });
  }

  async #follow(): Promise<void> {
    const { state } = this.#parts;
    const [mark, read] = await Promise.all([state.get(MARK_SCOPE, MARK_KEY), state.list(SCOPE)]);
    const isSame = mark !== undefined && mark === this.#mark;
    const stored = isSame ? read : await this.#restore();
    for (const [queue, text] of stored) {
      const known = this.#subscriptions.get(queue);
      if (known === undefined || JSON.stringify(known) !== text) {
        this.#open(JSON.parse(text) as Subscription);
      }
    }
    for (const queue of this.#subscriptions.keys()) {
      if (stored.has(queue) || this.#subscribing.has(queue)) continue;
      this.#subscriptions.delete(queue);
      await this.#parts.queues.close(queue);
    }
  }

  /** The mark of the data, made where there is none. */
  async #readMark(): Promise<string | undefined> {
    const { state, clock } = this.#parts;
    const there = await state.get(MARK_SCOPE, MARK_KEY);
    if (there !== undefined) return there;
    const made = String(clock.wallNow());
    return (await state.update(MARK_SCOPE, MARK_KEY, (before) => before ?? made)).after;
  }

  /** Stores what nobody ended: it is gone because the server came back without its data. */
  async #restore(): Promise<ReadonlyMap<string, string>> {
    const { state, log } = this.#parts;
    log.warn('the subscriptions of the store are lost; those this engine knows are stored again', {
      subscriptions: this.#subscriptions.size,
    });
    for (const [queue, subscription] of this.#subscriptions) {
      await state.update(SCOPE, queue, (before) => before ?? JSON.stringify(subscription));
    }
    this.#mark = await this.#readMark();
    return state.list(SCOPE);
  }

  #soon(subscription: string, change: Promise<unknown>): void {
    change.catch((thrown: unknown) => {
      const error = messageOf(thrown);
      this.#parts.log.error('a change of a subscription could not be stored', {
        subscription,
        error,
      });
    });
  }
}
