const SHARDS = 256;
const SHARD_MASK = SHARDS - 1;
/** Characters of a text that decide its shard; the rest only decide within it. */
const HASHED_LENGTH = 16;

/**
 * A map for very many entries. A `Map` that outgrows its room copies all it has in one step, which
 * takes a tenth of a second at a million entries; here each shard grows by itself.
 */
export class ShardedMap<Key extends string | number, Value> {
  readonly #shards: (Map<Key, Value> | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Key): Value | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  has(key: Key): boolean {
    return this.#shards[shardOf(key)]?.has(key) === true;
  }

  set(key: Key, value: Value): void {
    const at = shardOf(key);
    const shard = (this.#shards[at] ??= new Map<Key, Value>());
    const before = shard.size;
    shard.set(key, value);
    this.#size += shard.size - before;
  }

  /** Answers whether it was there. */
  delete(key: Key): boolean {
    const isGone = this.#shards[shardOf(key)]?.delete(key) === true;
    if (isGone) this.#size--;
    return isGone;
  }
}

/** Texts that differ mostly do so at their end. */
function shardOf(key: string | number): number {
  if (typeof key === 'number') return key & SHARD_MASK;
  let hash = key.length;
  for (let at = Math.max(0, key.length - HASHED_LENGTH); at < key.length; at++) {
    hash = Math.imul(hash, 31) + key.charCodeAt(at);
  }
  return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & SHARD_MASK;
}
