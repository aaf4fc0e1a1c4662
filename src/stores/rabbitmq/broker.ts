import type { Channel, Connection, Envelope } from 'rabbitmq-client';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Secret } from '../../base/secret.ts';
import { storeUnreachable } from '../../queue/store-unreachable.ts';
import { connectError, PublishError } from './broker-errors.ts';
import { loadClient } from './load-client.ts';
import { withLogin } from './login.ts';
import { Publisher } from './publisher.ts';
import { socketOf, WriteBatch } from './write-batch.ts';

/** Longest time for the first connection. */
const FIRST_CONNECT_MS = 10_000;
/** Pause before what follows a connection is tried again. */
const SETUP_RETRY_MS = 500;
const RECONNECT = { retryLow: 100, retryHigh: 1_500, acquireTimeout: 3_000 };
/** Seconds; two without a sign and the connection is given up. */
const HEARTBEAT_S = 5;
/** Bytes of a frame; a message's headers have to fit into one. */
const FRAME_BYTES = 131_072;

export interface BrokerParts {
  readonly url: Secret;
  /** The URL without its password. */
  readonly location: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called whenever both connections are there (again). */
  readonly onUp: () => void;
}

/**
 * The connections to one broker: one for what is published, one for what is consumed, since a broker
 * low on memory stops reading from whoever publishes, and acknowledgements must still get through.
 * Both come back by themselves.
 */
export class Broker {
  readonly #parts: BrokerParts;
  #publishing: Connection | undefined;
  #consuming: Connection | undefined;
  #publisher: Publisher | undefined;
  /** Open as long as the consuming connection lives. */
  #canary: Channel | undefined;
  #admin: Channel | undefined;
  #adminTail: Promise<unknown> = Promise.resolve();
  /** Why nothing can be published; `null` while all is well. */
  #trouble: string | null = 'it is not connected yet';
  #blocked: string | null = null;
  #closed = false;
  #settingUp = false;
  #lastError = 'the connection was lost';

  constructor(parts: BrokerParts) {
    this.#parts = parts;
  }

  /** Connects. `onUp` is for what comes later. @throws IiiError UNAVAILABLE when that cannot be done now */
  async open(): Promise<void> {
    const client = await loadClient();
    const { url, location } = this.#parts;
    const connect = (purpose: string): Connection => {
      const connection = new client.Connection({
        url: withLogin(url.reveal()),
        connectionName: `iii ${purpose}`,
        heartbeat: HEARTBEAT_S,
        frameMax: FRAME_BYTES,
        noDelay: true,
        ...RECONNECT,
      });
      connection.on('error', (error) => {
        this.#lastError = connectError(error);
      });
      return connection;
    };
    this.#publishing = connect('publishing');
    this.#consuming = connect('consuming');
    try {
      await Promise.all(
        [this.#publishing, this.#consuming].map((one) => one.onConnect(FIRST_CONNECT_MS, true)),
      );
      await this.#setUp();
    } catch (thrown) {
      const reason = this.#lastErrorOr(thrown);
      await this.close();
      const message = `RabbitMQ at ${location} cannot be reached: ${reason}`;
      throw storeUnreachable(message, 'amqp_url', thrown);
    }
    for (const one of [this.#publishing, this.#consuming]) {
      one.on('connection', () => void this.#setUpUntilDone());
    }
    this.#publishing.on('connection.blocked', (reason) => {
      this.#blocked = reason;
      this.#parts.log.warn('RabbitMQ accepts nothing: it is low on resources', { reason });
      this.#publisher?.giveUp(`it is low on resources (${reason})`);
    });
    this.#publishing.on('connection.unblocked', () => {
      this.#blocked = null;
      this.#parts.log.info('RabbitMQ accepts jobs again');
    });
  }

  get isUp(): boolean {
    return this.#trouble === null;
  }

  /** Why nothing can be published now; `null` when it can. */
  get trouble(): string | null {
    return (
      this.#trouble ?? (this.#blocked === null ? null : `it is low on resources (${this.#blocked})`)
    );
  }

  /**
   * Publishes a durable message and waits until the broker has confirmed that it is safe in a queue.
   * @throws PublishError
   */
  async publish(envelope: Envelope, body: Buffer): Promise<void> {
    const { trouble } = this;
    if (trouble !== null || this.#publisher === undefined) {
      throw new PublishError('lost', trouble ?? this.#lastError);
    }
    await this.#publisher.publish(envelope, body);
  }

  /** Sends something that may get lost; never fails. */
  tell(envelope: Envelope, body: Buffer): void {
    if (this.trouble !== null) return;
    this.#publisher?.tell(envelope, body);
  }

  /** A channel of the consuming connection; the caller closes it. Its errors end it and nothing else. */
  async channel(): Promise<Channel> {
    if (this.#consuming === undefined || this.#closed) throw new Error('the store is closed');
    return openChannel(this.#consuming);
  }

  /** Lets what is sent on channels of the consuming connection leave in one write. */
  inOneWrite(send: () => void): void {
    const socket = this.#consuming && socketOf(this.#consuming);
    socket?.cork();
    try {
      send();
    } finally {
      socket?.uncork();
    }
  }

  /**
   * Runs commands, one call after the other, on a channel kept for that. A command that the broker
   * refuses ends the channel; the next call gets a new one.
   */
  admin<Result>(run: (channel: Channel) => Promise<Result>): Promise<Result> {
    const turn = this.#adminTail.then(async () => {
      if (this.#admin?.active !== true || this.#closed) this.#admin = await this.channel();
      return run(this.#admin);
    });
    this.#adminTail = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#goDown('the store is closed');
    // a channel that is closed before a refusal comes is closed twice, and the broker ends the connection
    await this.#adminTail;
    await this.#publisher?.close();
    for (const channel of [this.#admin, this.#canary]) {
      if (channel?.active === true) await channel.close().catch(() => undefined);
    }
    for (const connection of [this.#publishing, this.#consuming]) connection?.unsafeDestroy();
  }

  async #setUpUntilDone(): Promise<void> {
    if (this.#settingUp) return;
    this.#settingUp = true;
    try {
      while (!this.#closed && this.#trouble !== null) {
        try {
          await this.#setUp();
          this.#parts.log.info('RabbitMQ is connected again');
          this.#parts.onUp();
        } catch (thrown) {
          this.#lastError = messageOf(thrown);
          await this.#restBeforeRetry();
        }
      }
    } finally {
      this.#settingUp = false;
    }
  }

  #restBeforeRetry(): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.clock.after(SETUP_RETRY_MS, resolve);
    });
  }

  async #setUp(): Promise<void> {
    if (this.#publishing === undefined) return;
    if (this.#publisher?.isActive !== true) {
      const connection = this.#publishing;
      const channel = await openChannel(connection);
      const batch = new WriteBatch(() => socketOf(connection));
      const publisher = await Publisher.on(channel, batch, this.#parts.clock);
      channel.once('close', () => {
        if (this.#publisher === publisher) this.#lose();
      });
      this.#publisher = publisher;
    }
    if (this.#canary?.active !== true) {
      const canary = await this.channel();
      canary.once('close', () => {
        this.#lose();
      });
      this.#canary = canary;
    }
    if (!this.#publisher.isActive) throw new Error(this.#lastError);
    this.#trouble = null;
  }

  /** A connection, or the channel for publishing, is gone: both sides begin anew. */
  #lose(): void {
    if (this.#closed) return;
    if (this.#trouble === null) {
      this.#parts.log.warn('RabbitMQ is gone; the engine connects again', {
        broker: this.#parts.location,
        error: this.#lastError,
      });
    }
    this.#goDown(`it cannot be reached (${this.#lastError})`);
    void this.#setUpUntilDone();
  }

  #goDown(reason: string): void {
    this.#trouble = reason;
    this.#blocked = null;
    this.#publisher?.giveUp(reason);
  }

  #lastErrorOr(thrown: unknown): string {
    return this.#lastError === 'the connection was lost' ? messageOf(thrown) : this.#lastError;
  }
}

/** A channel whose errors are reported to whoever waits for them, and otherwise only end it. */
async function openChannel(connection: Connection): Promise<Channel> {
  const channel = await connection.acquire({ emitErrorsFromChannel: true });
  channel.on('error', () => undefined);
  return channel;
}
