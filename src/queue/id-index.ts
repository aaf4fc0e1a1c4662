import type { IdColumn } from './columns.ts';
import { NO_ROW } from './columns.ts';

const SHARDS = 256;
const SMALLEST_SHARD = 32;
const HEX = '0123456789abcdef';
/** Value of each hex digit by character code; 255 for everything else. */
const DIGIT = new Uint8Array(128).fill(255);
for (let value = 0; value < 16; value++) {
  DIGIT[HEX.charCodeAt(value)] = value;
  DIGIT[HEX.toUpperCase().charCodeAt(value)] = value;
}
const UUID_LENGTH = 36;
const DASH = 45;

/** Reads a UUID's 128 bits into four words. Answers whether the text was one. */
export function readUuid(text: string, words: Int32Array | Uint32Array): boolean {
  if (text.length !== UUID_LENGTH) return false;
  let digits = 0;
  let word = 0;
  for (let at = 0; at < UUID_LENGTH; at++) {
    const code = text.charCodeAt(at);
    if (at === 8 || at === 13 || at === 18 || at === 23) {
      if (code !== DASH) return false;
      continue;
    }
    const digit = DIGIT[code] ?? 255;
    if (digit === 255) return false;
    word = (word << 4) | digit;
    digits++;
    if ((digits & 7) === 0) words[(digits >>> 3) - 1] = word;
  }
  return true;
}

interface Shard {
  /** Row plus 1; 0 is empty. Open addressing with linear probing, at most 3/4 full. */
  slots: Uint32Array;
  used: number;
}

/**
 * From a job's UUID to its row. The ids themselves are in the column; the index holds rows only. It
 * is cut into shards that grow and shrink one at a time, so that no single step is long.
 */
export class IdIndex {
  readonly #ids: IdColumn;
  readonly #shards: Shard[] = [];
  readonly #words = new Int32Array(4);

  constructor(ids: IdColumn) {
    this.#ids = ids;
    for (let shard = 0; shard < SHARDS; shard++) {
      this.#shards.push({ slots: new Uint32Array(SMALLEST_SHARD), used: 0 });
    }
  }

  /** The row of this id; `NO_ROW` when there is none, or when the text is not a UUID. */
  find(id: string): number {
    const words = this.#words;
    if (!readUuid(id, words)) return NO_ROW;
    const hash = hashOf(words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0);
    const { slots } = this.#shardOf(hash);
    const mask = slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = slots[at] ?? 0;
      if (entry === 0) return NO_ROW;
      if (this.#ids.holds(entry - 1, words)) return entry - 1;
    }
  }

  /** Makes room for so many ids at once, instead of step by step. */
  reserve(count: number): void {
    // ids spread evenly, but not exactly
    const needed = (count / SHARDS) * 1.1;
    for (const shard of this.#shards) {
      let { length } = shard.slots;
      while (needed * 4 > length * 3) length *= 2;
      if (length > shard.slots.length) this.#resize(shard, length);
    }
  }

  /** Gives `row` this id. Answers why not when it is no UUID, or another row has it. */
  add(row: number, id: string): 'invalid' | 'taken' | null {
    const words = this.#words;
    if (!readUuid(id, words)) return 'invalid';
    const hash = hashOf(words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0);
    const shard = this.#shardOf(hash);
    if ((shard.used + 1) * 4 > shard.slots.length * 3) this.#resize(shard, shard.slots.length * 2);
    const { slots } = shard;
    const mask = slots.length - 1;
    let at = hash & mask;
    for (; slots[at] !== 0; at = (at + 1) & mask) {
      if (this.#ids.holds((slots[at] ?? 0) - 1, words)) return 'taken';
    }
    slots[at] = row + 1;
    shard.used++;
    this.#ids.set(row, words);
    return null;
  }

  remove(row: number): void {
    const hash = this.#hashOfRow(row);
    const shard = this.#shardOf(hash);
    const { slots } = shard;
    const mask = slots.length - 1;
    let hole = hash & mask;
    while (slots[hole] !== row + 1) {
      if (slots[hole] === 0) return;
      hole = (hole + 1) & mask;
    }
    // Entries after the hole move back into it when their own place is not behind the hole.
    for (let at = (hole + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const entry = slots[at] ?? 0;
      const home = this.#hashOfRow(entry - 1) & mask;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        slots[hole] = entry;
        hole = at;
      }
    }
    slots[hole] = 0;
    shard.used--;
    if (slots.length > SMALLEST_SHARD && shard.used * 8 < slots.length) {
      this.#resize(shard, slots.length / 2);
    }
  }

  /** The id of a row, lower case. */
  textOf(row: number): string {
    let digits = '';
    for (let index = 0; index < 4; index++) {
      digits += (this.#ids.word(row, index) >>> 0).toString(16).padStart(8, '0');
    }
    return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`;
  }

  #shardOf(hash: number): Shard {
    const shard = this.#shards[hash >>> 24];
    if (shard === undefined) throw new RangeError('no shard');
    return shard;
  }

  #hashOfRow(row: number): number {
    const ids = this.#ids;
    return hashOf(ids.word(row, 0), ids.word(row, 1), ids.word(row, 2), ids.word(row, 3));
  }

  #resize(shard: Shard, length: number): void {
    const slots = new Uint32Array(length);
    const mask = length - 1;
    for (const entry of shard.slots) {
      if (entry === 0) continue;
      let at = this.#hashOfRow(entry - 1) & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = entry;
    }
    shard.slots = slots;
  }
}

/** Mixes all four words: time-ordered UUIDs share their beginning. */
function hashOf(a: number, b: number, c: number, d: number): number {
  let hash = Math.imul(a ^ (d >>> 7), 0x9e3779b1) ^ Math.imul(b ^ d, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ c, 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}
