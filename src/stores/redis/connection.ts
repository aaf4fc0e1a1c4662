import type { Redis, RedisOptions } from 'ioredis';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Secret } from '../../base/secret.ts';
import { loadClient } from './load-client.ts';
import { clusterRefused, databaseRefused, failureOf, RedisFailure } from './redis-errors.ts';
import type { Script } from './scripts/script.ts';

/** Longest wait for an answer. */
const ANSWER_MS = 3_000;
const CONNECT_MS = 2_000;
/** Major version of Redis since which a script may begin with flags. */
const FLAGS_SINCE = 7;
/** Pauses between tries to connect: from the first to the longest. */
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;
/** How long a command waits for a connection that is just being made. */
const PATIENCE_MS = 1_000;

export interface ConnectionParts {
  readonly url: Secret;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * A connection to Redis that comes back by itself. Commands are sent at once or not at all: nothing
 * is sent again by the library, so that whoever sent it decides what a missing answer means.
 */
export class RedisConnection {
  /** Host, port and database, without secrets. */
  readonly place: string;
  readonly #parts: ConnectionParts;
  #client: Redis | undefined;
  #subscriber: Redis | undefined;
  #majorVersion = 0;
  #closed = false;
  /** Whether the loss of the connection was logged. */
  #lost = false;
  #lastError = 'it is not connected';
  /** Why the database of the URL cannot be used. */
  #refusedDatabase: string | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.place = placeOf(parts.url.reveal());
  }

  /**
   * Connects for the first time.
   * @throws RedisFailure when that is not possible now; IiiError STORE_FAILED when it is a cluster, or
   * does not have the database
   */
  async open(): Promise<void> {
    const Client = await loadClient();
    const client = new Client(this.#parts.url.reveal(), this.#options());
    this.#client = client;
    this.#watch(client);
    let server: string;
    try {
      await client.connect();
      server = await client.info('server').catch(() => '');
    } catch (thrown) {
      const cause = this.#causeOf(thrown);
      client.disconnect();
      this.#checkDatabase();
      const isReply = thrown instanceof Error && thrown.name === 'ReplyError';
      throw failureOf(isReply ? thrown : new Error(cause), this.place, false);
    }
    if (this.#refusedDatabase !== undefined) client.disconnect();
    this.#checkDatabase();
    if (server.includes('redis_mode:cluster')) {
      client.disconnect();
      throw clusterRefused(this.place);
    }
    this.#majorVersion = majorVersion(server);
  }

  /**
   * Listens on a channel, over a connection of its own.
   * @param onReady called whenever it listens (again): what was said before may have been missed
   */
  async subscribe(
    channel: string,
    onMessage: (message: string) => void,
    onReady: (listens: boolean) => void,
  ): Promise<void> {
    const subscriber = this.#connected().duplicate({
      ...this.#options(),
      commandTimeout: ANSWER_MS,
    });
    this.#subscriber = subscriber;
    subscriber.on('error', () => undefined);
    subscriber.on('message', (_channel: string, message: string) => {
      onMessage(message);
    });
    subscriber.on('close', () => {
      onReady(false);
    });
    subscriber.on('ready', () => {
      subscriber.subscribe(channel).then(
        () => {
          onReady(true);
        },
        () => {
          subscriber.disconnect(true);
        },
      );
    });
    await subscriber.connect();
  }

  get isReady(): boolean {
    return this.#client?.status === 'ready';
  }

  /** Carries out a script. @throws RedisFailure */
  async run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const { lua, sha } = this.#majorVersion >= FLAGS_SINCE ? script.flagged : script.plain;
    return this.call(async (client) => {
      try {
        return await client.evalsha(sha, keys.length, ...keys, ...args);
      } catch (thrown) {
        // The server was restarted, or somebody flushed its scripts.
        if (!messageOf(thrown).startsWith('NOSCRIPT')) throw thrown;
        return client.eval(lua, keys.length, ...keys, ...args);
      }
    });
  }

  /** Sends commands on the connection, waiting a moment for one that is just being made. @throws RedisFailure */
  async call<Answer>(send: (client: Redis) => Promise<Answer>): Promise<Answer> {
    if (!this.isReady) await this.ready(PATIENCE_MS);
    try {
      return await send(this.#connected());
    } catch (thrown) {
      throw failureOf(thrown, this.place, true);
    }
  }

  /**
   * Lets all that is sent in this turn of the event loop leave in one write: Redis reads it at once,
   * and with `appendfsync always` syncs once for all of it before it answers.
   */
  gather(): void {
    if (!this.isReady) return;
    const { stream } = this.#connected();
    if (stream.writableCorked > 0) return;
    stream.cork();
    process.nextTick(() => {
      stream.uncork();
    });
  }

  /** Resolves when there is a connection. @throws RedisFailure when there is none in time */
  async ready(withinMs: number): Promise<void> {
    if (this.isReady) return;
    const { clock } = this.#parts;
    const inTime = await new Promise<boolean>((resolve) => {
      const onReady = (): void => {
        cancel();
        resolve(true);
      };
      const cancel = clock.after(withinMs, () => {
        this.#waiting.delete(onReady);
        resolve(false);
      });
      this.#waiting.add(onReady);
    });
    if (!inTime) throw failureOf(new Error(this.#lastError), this.place, false);
  }

  /** Drops a connection that no longer answers, and connects anew. */
  reset(): void {
    if (this.#closed) return;
    this.#lastError = 'it did not answer';
    this.#client?.disconnect(true);
    this.#subscriber?.disconnect(true);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const clients = [this.#subscriber, this.#client];
    for (const client of clients) {
      if (client?.status === 'ready') await client.quit().catch(() => undefined);
      client?.disconnect();
    }
  }

  /** Why the first connection was not made. */
  #causeOf(thrown: unknown): string {
    const cause = this.#lastError === 'it is not connected' ? messageOf(thrown) : this.#lastError;
    // a server without TLS reads the greeting as a command that has no end yet
    const isTls = this.#parts.url.reveal().startsWith('rediss:');
    return isTls && cause.includes('ETIMEDOUT')
      ? `${cause}: rediss:// asks for TLS, which this port may not speak`
      : cause;
  }

  /** @throws IiiError STORE_FAILED */
  #checkDatabase(): void {
    if (this.#refusedDatabase === undefined) return;
    throw databaseRefused(this.place, this.#refusedDatabase);
  }

  #connected(): Redis {
    if (this.#client === undefined) throw failureOf(new Error('it is closed'), this.place, false);
    return this.#client;
  }

  #options(): RedisOptions {
    return {
      lazyConnect: true,
      enableOfflineQueue: false,
      // It asks INFO, which a user may be forbidden. A server that still loads says so to each command.
      enableReadyCheck: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_MS,
      commandTimeout: ANSWER_MS,
      keepAlive: 5_000,
      connectionName: 'iii',
      // After a failover the old primary says READONLY: connecting anew finds the other one.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
      retryStrategy: (times) =>
        this.#closed ? null : Math.min(FIRST_RETRY_MS * 2 ** (times - 1), LONGEST_RETRY_MS),
    };
  }

  #watch(client: Redis): void {
    const { log } = this.#parts;
    client.on('error', (error: Error) => {
      this.#lastError = error.message === '' ? codeOf(error) : error.message;
      if (!isAboutDatabase(error)) return;
      this.#refusedDatabase = error.message;
      // The library would go on with database 0, which is somebody else's.
      client.disconnect(true);
    });
    client.on('close', () => {
      if (this.#closed || this.#lost || this.#majorVersion === 0) return;
      this.#lost = true;
      log.warn('the connection to Redis is lost; it is being made again', { redis: this.place });
    });
    client.on('ready', () => {
      if (this.#lost) log.info('Redis is connected again', { redis: this.place });
      this.#lost = false;
      this.#lastError = 'the connection was lost';
      for (const resolve of this.#waiting) resolve();
      this.#waiting.clear();
    });
  }
}

/** Whether it is worth waiting for the connection and asking again. */
export function lostOnTheWay(thrown: unknown): boolean {
  return thrown instanceof RedisFailure && thrown.uncertain && thrown.connectionLost;
}

/** Whether Redis has refused to use the database of the URL. */
function isAboutDatabase(error: Error): boolean {
  const { command } = error as { command?: { name?: unknown } };
  return command?.name === 'select';
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.name;
}

function majorVersion(info: string): number {
  const match = /redis_version:(\d+)/.exec(info);
  return match === null ? 6 : Number(match[1]);
}

/** Host, port and database of a URL. */
function placeOf(text: string): string {
  const url = new URL(text);
  const database = url.pathname.length > 1 ? url.pathname : '';
  return `${url.hostname}:${url.port === '' ? '6379' : url.port}${database}`;
}
