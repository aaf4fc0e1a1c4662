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

/** Who changed what: kept beside the jobs, as safe as those. */
export class AuditTrail {
  readonly #state: StateStore;
  readonly #clock: Clock;
  #next = 1;
  #oldest = 1;

  constructor(state: StateStore, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
  }

  async start(): Promise<void> {
    const keys = [...(await this.#state.list(SCOPE)).keys()];
    this.#oldest = Number(keys.at(0) ?? 1);
    this.#next = Number(keys.at(-1) ?? 0) + 1;
  }

  /** Resolves when the entry is as safe as the jobs are. */
  async add(entry: Omit<AuditEntry, 'at'>): Promise<void> {
    const text = JSON.stringify({ at: this.#clock.now(), ...entry } satisfies AuditEntry);
    const key = keyOf(this.#next++);
    const writes = [this.#state.update(SCOPE, key, () => text)];
    for (; this.#next - this.#oldest > MOST; this.#oldest++) {
      writes.push(this.#state.update(SCOPE, keyOf(this.#oldest), () => undefined));
    }
    await Promise.all(writes);
  }

  /** The latest entries, latest first. */
  async list(limit: number): Promise<readonly AuditEntry[]> {
    const texts = [...(await this.#state.list(SCOPE)).values()];
    return texts
      .slice(Math.max(0, texts.length - limit))
      .toReversed()
      .map((text) => JSON.parse(text) as AuditEntry);
  }
}

function keyOf(number: number): string {
  return String(number).padStart(KEY_LENGTH, '0');
}
