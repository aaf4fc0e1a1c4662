import type { AsyncMessage, Channel } from 'rabbitmq-client';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { Secret } from '../../base/secret.ts';
import type { ForeignChange, StateStore } from '../../state/store.ts';
import { Broker } from './broker.ts';
import { asUnavailable, brokerUnavailable, replyCodeOf, withoutPassword } from './broker-errors.ts';
import { bytesOf } from './topology.ts';

/** Entries that are on their way to an engine at once. */
const PREFETCH = 1_000;
const REOPEN_MS = 500;
/** How often a stream is asked for that another engine just declared and that does not run yet. */
const MOST_TRIES = 20;
/** What the broker answers then, one or the other: it fails, or has the stream on no node. */
const NOT_RUNNING_YET = ['INTERNAL_ERROR', 'PRECONDITION_FAILED'];
/** Longest time until a change has come back. */
const CHANGE_MS = 10_000;

/** One line of the log. A change holds only if the value still has the version that it was made from. */
interface Entry {
  readonly id: string;
  readonly scope: string;
  readonly key: string;
  /** JSON text; `null` for no value. */
  readonly value: string | null;
  readonly from: number;
}

interface Value {
  readonly text: string | undefined;
  /** Changes that held so far. */
  readonly version: number;
}

export interface RabbitStateStoreParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly url: Secret;
  readonly namePrefix?: string;
}

/**
 * Keeps small values in a stream of RabbitMQ: a log that every engine reads from its beginning, in one
 * order for all. All apply the same rule to the same lines, so all have the same values, and of two
 * changes made from the same version the first one holds and the other is made again. The log is not
 * shortened: it is for what an engine has to remember, not for counters.
 */
export class RabbitStateStore implements StateStore {
  readonly #parts: RabbitStateStoreParts;
  readonly #location: string;
  readonly #stream: string;
  readonly #broker: Broker;
  readonly #scopes = new Map<string, Map<string, Value>>();
  readonly #waiting = new Map<string, (held: boolean) => void>();
  readonly #watchers: ((change: ForeignChange | null) => void)[] = [];
  #channel: Channel | undefined;
  #isClosed = false;
  #isLoaded = false;
  /** One reading at a time, the first one while the store is opened. */
  #isReading = true;

  constructor(parts: RabbitStateStoreParts) {
    this.#parts = parts;
    this.#location = withoutPassword(parts.url.reveal());
    this.#stream = `${parts.namePrefix ?? 'iii'}.state`;
    const { clock, log, url } = parts;
    this.#broker = new Broker({
      url,
      location: this.#location,
      clock,
      log,
      onUp: () => void this.#readAgain(),
    });
  }

  async open(): Promise<void> {
    await this.#broker.open();
    try {
      await this.#read();
      this.#isReading = false;
    } catch (thrown) {
      await this.close();
      throw asUnavailable(this.#location, thrown);
    }
  }

  async get(scope: string, key: string): Promise<string | undefined> {
    return Promise.resolve(this.#scopes.get(scope)?.get(key)?.text);
  }

  async list(scope: string): Promise<ReadonlyMap<string, string>> {
    const found: [string, string][] = [];
    for (const [key, { text }] of this.#scopes.get(scope) ?? []) {
      if (text !== undefined) found.push([key, text]);
    }
    return Promise.resolve(new Map(found.sort(([a], [b]) => (a < b ? -1 : 1))));
  }

  async scopes(): Promise<readonly string[]> {
    const filled = [...this.#scopes].filter(([, values]) =>
      [...values.values()].some(({ text }) => text !== undefined),
    );
    return Promise.resolve(filled.map(([scope]) => scope).sort());
  }

  async update(
    scope: string,
    key: string,
    change: (before: string | undefined) => string | undefined,
  ): Promise<{ readonly before: string | undefined; readonly after: string | undefined }> {
    for (;;) {
      const { trouble } = this.#broker;
      if (trouble !== null) throw brokerUnavailable(this.#location, trouble);
      const { text: before, version } = this.#valueOf(scope, key);
      const after = change(before);
      const id = this.#parts.random.uuid();
      if (await this.#write({ id, scope, key, value: after ?? null, from: version })) {
        return { before, after };
      }
    }
  }

  watch(listener: (change: ForeignChange | null) => void): void {
    this.#watchers.push(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#channel?.active === true) await this.#channel.close().catch(() => undefined);
    await this.#broker.close();
  }

  /** Appends a line and waits until it comes back; answers whether it held. */
  #write(entry: Entry): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const fail = (thrown: unknown): void => {
        this.#waiting.delete(entry.id);
        cancel();
        reject(asUnavailable(this.#location, thrown));
      };
      const cancel = this.#parts.clock.after(CHANGE_MS, () => {
        fail(new Error(`a change did not come back within ${CHANGE_MS} ms`));
      });
      this.#waiting.set(entry.id, (held) => {
        cancel();
        resolve(held);
      });
      const body = Buffer.from(JSON.stringify(entry));
      this.#broker
        .publish({ routingKey: this.#stream, contentEncoding: 'utf-8' }, body)
        .catch(fail);
    });
  }

  async #readAgain(): Promise<void> {
    if (this.#isClosed || this.#isReading || this.#channel?.active === true) return;
    this.#isReading = true;
    try {
      await this.#read();
      for (const watcher of this.#watchers) watcher(null);
    } catch {
      this.#parts.clock.after(REOPEN_MS, () => void this.#readAgain());
    } finally {
      this.#isReading = false;
    }
  }

  /** Reads the log from its beginning; resolves when everything that is in it now has been read. */
  async #read(): Promise<void> {
    this.#isLoaded = false;
    this.#scopes.clear();
    await this.#broker.admin((channel) =>
      channel.queueDeclare({
        queue: this.#stream,
        durable: true,
        arguments: { 'x-queue-type': 'stream' },
      }),
    );
    await this.#consumeOnceItRuns();
    // a change of nothing: when it is back, everything before it is here
    await this.#write({
      id: this.#parts.random.uuid(),
      scope: '',
      key: '',
      value: null,
      from: -1,
    });
    this.#isLoaded = true;
  }

  /**
   * Whoever declares a stream is told that it is there as soon as any engine began to make it. To
   * consume it before it runs is a failure of the broker, which ends the whole connection: then it is
   * tried again on the next one.
   */
  async #consumeOnceItRuns(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const isLast = tries === MOST_TRIES;
      try {
        if (this.#broker.isUp || isLast) {
          await this.#consume();
          return;
        }
      } catch (thrown) {
        if (isLast || !NOT_RUNNING_YET.includes(replyCodeOf(thrown))) throw thrown;
      }
      await this.#rest();
    }
  }

  async #consume(): Promise<void> {
    const channel = await this.#broker.channel();
    this.#channel = channel;
    channel.once('close', () => {
      if (!this.#isClosed) this.#parts.clock.after(REOPEN_MS, () => void this.#readAgain());
    });
    await channel.basicQos({ prefetchCount: PREFETCH });
    await channel.basicConsume(
      { queue: this.#stream, arguments: { 'x-stream-offset': 'first' } },
      (message) => {
        this.#apply(message);
        if (channel.active) channel.basicAck({ deliveryTag: message.deliveryTag });
      },
    );
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.clock.after(REOPEN_MS, resolve);
    });
  }

  #apply(message: AsyncMessage): void {
    const raw: unknown = message.body;
    const { id, scope, key, value, from } = JSON.parse(bytesOf(raw).toString()) as Entry;
    const { version } = this.#valueOf(scope, key);
    const holds = from === version;
    if (holds) {
      const values = this.#scopes.get(scope) ?? new Map<string, Value>();
      values.set(key, { text: value ?? undefined, version: version + 1 });
      this.#scopes.set(scope, values);
    }
    const own = this.#waiting.get(id);
    this.#waiting.delete(id);
    own?.(holds);
    if (own !== undefined || !holds || !this.#isLoaded) return;
    for (const watcher of this.#watchers) watcher({ scope, key });
  }

  #valueOf(scope: string, key: string): Value {
    return this.#scopes.get(scope)?.get(key) ?? { text: undefined, version: 0 };
  }
}
