import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { Secret } from '../../base/secret.ts';
import type { ForeignChange, StateStore } from '../../state/store.ts';
import { lostOnTheWay, RedisConnection } from './connection.ts';
import { RedisKeys } from './keys.ts';
import { openFailed, unavailable } from './redis-errors.ts';
import { defineScript } from './scripts/script.ts';

/** How long a change whose answer was lost waits for the connection. */
const RECONNECT_MS = 3_000;
const VALUE_SIGNAL = 'value';

/**
 * Replaces a value, if it is still what it was.
 *
 * KEYS[1]  hash of the scope
 * KEYS[2]  set of the scopes
 * ARGV     key, scope, value before with `=` before it or empty for none, value after likewise,
 *          channel, session
 * returns  1; 0 when another value is there
 */
const REPLACE = defineScript('replace', [
  String.raw`
local key, scope, before, after = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local value = redis.call('HGET', KEYS[1], key)
if (value and '=' .. value or '') ~= before then return 0 end
if after == '' then
  redis.call('HDEL', KEYS[1], key)
  if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SREM', KEYS[2], scope) end
else
  redis.call('HSET', KEYS[1], key, string.sub(after, 2))
  redis.call('SADD', KEYS[2], scope)
end
if before ~= after then
  redis.call('PUBLISH', ARGV[5], 'value\n' .. ARGV[6] .. '\n' .. cjson.encode({ scope, key }))
end
return 1
`,
]);

export interface RedisStateStoreParts {
  readonly url: Secret;
  readonly keyPrefix: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Keeps values in Redis, shared with every engine that uses the same prefix there. */
export class RedisStateStore implements StateStore {
  readonly #connection: RedisConnection;
  readonly #keys: RedisKeys;
  readonly #session: string;
  /** By scope and key: the last change that is under way. */
  readonly #changing = new Map<string, Promise<void>>();
  readonly #watchers: ((change: ForeignChange | null) => void)[] = [];
  #listened = false;

  constructor({ url, keyPrefix, clock, random, log }: RedisStateStoreParts) {
    this.#connection = new RedisConnection({ url, clock, log });
    this.#keys = new RedisKeys(keyPrefix, this.#connection.place);
    this.#session = random.uuid();
  }

  async open(): Promise<void> {
    try {
      await this.#connection.open();
      await this.#connection.subscribe(
        this.#keys.signals(),
        (message) => {
          this.#onMessage(message);
        },
        (listens) => {
          this.#onListening(listens);
        },
      );
    } catch (thrown) {
      await this.#connection.close();
      throw openFailed(thrown);
    }
  }

  get(scope: string, key: string): Promise<string | undefined> {
    return this.#call(
      async (client) => (await client.hget(this.#keys.scope(scope), key)) ?? undefined,
    );
  }

  async list(scope: string): Promise<ReadonlyMap<string, string>> {
    // Not hgetall: an object has no place for a key such as __proto__.
    const flat = await this.#call((client) => client.call('HGETALL', this.#keys.scope(scope)));
    const texts = flat as string[];
    const entries: [string, string][] = [];
    for (let at = 0; at < texts.length; at += 2)
      entries.push([texts[at] ?? '', texts[at + 1] ?? '']);
    return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async scopes(): Promise<readonly string[]> {
    return (await this.#call((client) => client.smembers(this.#keys.scopes()))).sort();
  }

  async update(
    scope: string,
    key: string,
    change: (before: string | undefined) => string | undefined,
  ): Promise<{ readonly before: string | undefined; readonly after: string | undefined }> {
    // Changes of this engine wait for each other, so that only those of others have to be tried again.
    const name = JSON.stringify([scope, key]);
    const before = this.#changing.get(name) ?? Promise.resolve();
    const changed = before.then(() => this.#update(scope, key, change));
    const over = changed.then(
      () => undefined,
      () => undefined,
    );
    this.#changing.set(name, over);
    void over.then(() => {
      if (this.#changing.get(name) === over) this.#changing.delete(name);
    });
    return changed;
  }

  watch(listener: (change: ForeignChange | null) => void): void {
    this.#watchers.push(listener);
  }

  async claim(name: string, forMs: number): Promise<boolean> {
    const answer = await this.#call((client) =>
      client.set(this.#keys.claim(name), this.#session, 'PX', Math.max(1, Math.round(forMs)), 'NX'),
    );
    return answer === 'OK';
  }

  close(): Promise<void> {
    this.#watchers.length = 0;
    return this.#connection.close();
  }

  async #update(
    scope: string,
    key: string,
    change: (before: string | undefined) => string | undefined,
  ): Promise<{ readonly before: string | undefined; readonly after: string | undefined }> {
    for (;;) {
      const before = await this.get(scope, key);
      const after = change(before);
      if (await this.#replace(scope, key, before, after)) return { before, after };
    }
  }

  async #replace(
    scope: string,
    key: string,
    before: string | undefined,
    after: string | undefined,
  ): Promise<boolean> {
    const keys = [this.#keys.scope(scope), this.#keys.scopes()];
    const values = [before, after].map((value) => (value === undefined ? '' : `=${value}`));
    const args = [key, scope, ...values, this.#keys.signals(), this.#session];
    const send = (): Promise<unknown> => this.#connection.run(REPLACE, keys, args);
    try {
      return (await send()) === 1;
    } catch (thrown) {
      if (!lostOnTheWay(thrown)) throw unavailable(thrown);
    }
    try {
      await this.#connection.ready(RECONNECT_MS);
      // Either it took place already, or it does now; another value means that neither is so.
      return (await this.get(scope, key)) === after || (await send()) === 1;
    } catch (thrown) {
      throw unavailable(thrown);
    }
  }

  async #call<Answer>(
    send: Parameters<typeof RedisConnection.prototype.call<Answer>>[0],
  ): Promise<Answer> {
    try {
      return await this.#connection.call(send);
    } catch (thrown) {
      throw unavailable(thrown);
    }
  }

  /** What was changed while nobody listened is not told again. */
  #onListening(listens: boolean): void {
    if (!listens) return;
    if (this.#listened) for (const watcher of this.#watchers) watcher(null);
    this.#listened = true;
  }

  #onMessage(message: string): void {
    const [kind, session, change = ''] = message.split('\n');
    if (kind !== VALUE_SIGNAL || session === this.#session) return;
    const [scope, key] = JSON.parse(change) as [string, string];
    for (const watcher of this.#watchers) watcher({ scope, key });
  }
}
