/**
 * Every key there is. `{…}` around the name of a queue is what a Redis cluster hashes, so that all
 * keys of one queue live in one slot; scripts get the base and derive the rest.
 *
 * Of a queue, behind its base `PREFIX:{QUEUE}`:
 *
 * | suffix | type | holds |
 * |---|---|---|
 * | none | hash | settings, totals, and `tick`: the highest number given out |
 * | `:j:ID` | string | a job's header, see `job-text.ts` |
 * | `:b:ID` | string | its body: what the producer gave |
 * | `:t:ID` | string | its history |
 * | `:w` | sorted set | waiting jobs, by acceptance |
 * | `:l:FUNCTION` | sorted set | those that can be leased, by priority, then acceptance |
 * | `:g:GROUP` | sorted set | those behind the head of their group, by acceptance |
 * | `:h` | hash | group to head |
 * | `:f` | hash | function to number of waiting jobs |
 * | `:fl` | set | functions that were ever waited for |
 * | `:d`, `:ds` | sorted sets | delayed jobs, by due time and by acceptance |
 * | `:i` | sorted set | jobs in flight, by number of their owner |
 * | `:o` | sorted set | owners, by the time their leases end |
 * | `:x`, `:xs` | sorted sets | dead jobs, by death and by acceptance |
 * | `:c` | list | finished jobs still kept, oldest end first |
 * | `:e` | sorted set | times to live of jobs that were never started |
 * | `:ex` | sorted set | jobs whose time to live ended and that await their verdict |
 * | `:k` | hash | dedup key to job |
 * | `:r` | sorted set | starts of attempts within the window of the rate limit |
 * | `:z` | set | engines that found less than they had room for, to be told of new work |
 */
export class RedisKeys {
  readonly #prefix: string;
  readonly #channel: string;

  /** @param place where Redis is, as `RedisConnection.place` has it */
  constructor(prefix: string, place: string) {
    this.#prefix = prefix;
    const database = Number(/\/(\d+)$/.exec(place)?.[1] ?? 0);
    this.#channel = database === 0 ? `${prefix}:signals` : `${prefix}:signals:${database}`;
  }

  base(queue: string): string {
    return `${this.#prefix}:{${encodeName(queue)}}`;
  }

  /** Hash of group to head of one queue. */
  heads(queue: string): string {
    return `${this.base(queue)}:h`;
  }

  /** Set of the names of all queues. */
  queues(): string {
    return `${this.#prefix}:queues`;
  }

  /**
   * Pub/sub channel on which engines tell each other of work, pauses and values. All databases of a
   * server have their channels in common, so that it names the database.
   */
  signals(): string {
    return this.#channel;
  }

  /** Hash of engine id to what it said about itself. */
  engines(): string {
    return `${this.#prefix}:{engines}`;
  }

  /** Hash of the values of one scope. */
  scope(scope: string): string {
    return `${this.#prefix}:{values}:${scope}`;
  }

  /** Set of the scopes that hold a value. */
  scopes(): string {
    return `${this.#prefix}:{values}`;
  }

  /** Taken while something is claimed. */
  claim(name: string): string {
    return `${this.#prefix}:claim:${name}`;
  }
}

/** Braces would end what is hashed too early. */
function encodeName(queue: string): string {
  return queue.replaceAll(/[%{}]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
}

/** The name of a queue as it stands in a key. */
export function decodeName(encoded: string): string {
  return encoded.replaceAll(/%([0-9a-f]{2})/g, (_all, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}
