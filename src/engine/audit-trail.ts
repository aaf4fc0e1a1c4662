import type { Clock } from '../base/clock.ts';
import type { StateStore } from '../state/store.ts';

const SCOPE = 'iii::audit';
/** Entries kept; the oldest go first. */
const MOST = 2_000;
const KEY_LENGTH = 12;

/** One change that an operator made. */
export interface AuditEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Name of the token, or address, or `this process`. */
  readonly by: string;
  /** The function that was called, or what a task did. */
  readonly action: string;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

/**
 * Who changed what: kept beside the jobs, as safe as those, and one for all engines that share those.
 * Each entry takes the next number that is free, so that none takes the place of another.
 */
export class AuditTrail {
  readonly #state: StateStore;
  readonly #clock: Clock;
  /** The lowest number that may be free. */
  #next = 1;

  constructor(state: StateStore, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
  }

  async start(): Promise<void> {
    this.#state.watch?.((change) => {
      if (change === null) void this.#passOverAll().catch(() => undefined);
      else if (change.scope === SCOPE) this.#passOver(change.key);
    });
    const keys = await this.#passOverAll();
    for (const key of keys.slice(0, -MOST)) await this.#remove(key);
  }

  /** Resolves when the entry is as safe as the jobs are. */
  async add(entry: Omit<AuditEntry, 'at'>): Promise<void> {
    const text = JSON.stringify({ at: this.#clock.now(), ...entry } satisfies AuditEntry);
    for (;;) {
      const number = this.#next++;
      const [{ before }] = await Promise.all([
        this.#state.update(SCOPE, keyOf(number), (other) => other ?? text),
        number > MOST ? this.#remove(keyOf(number - MOST)) : undefined,
      ]);
      if (before === undefined) return;
      // another engine was faster, and maybe not only with this one
      await this.#passOverAll();
    }
  }

  /** The latest entries, latest first. */
  async list(limit: number): Promise<readonly AuditEntry[]> {
    const texts = [...(await this.#state.list(SCOPE)).values()];
    return texts
      .slice(Math.max(0, texts.length - limit))
      .toReversed()
      .map((text) => JSON.parse(text) as AuditEntry);
  }

  async #passOverAll(): Promise<readonly string[]> {
    const keys = [...(await this.#state.list(SCOPE)).keys()];
    this.#passOver(keys.at(-1) ?? '0');
    return keys;
  }

  #passOver(key: string): void {
    this.#next = Math.max(this.#next, Number(key) + 1);
  }

  async #remove(key: string): Promise<void> {
    await this.#state.update(SCOPE, key, () => undefined);
  }
}

function keyOf(number: number): string {
  return String(number).padStart(KEY_LENGTH, '0');
}
