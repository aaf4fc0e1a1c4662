import type { Clock } from '../../base/clock.ts';
import type { EnginePeers } from '../../queue/store.ts';

/**
 * An engine that nobody lists has gone when it stays so for this long: one that has just started
 * is not listed yet, and one that has just begun to listen has not heard of all.
 */
const UNHEARD_MS = 5_000;

/** Which engines still look after their tasks. */
export class TaskOwners {
  readonly #self: string;
  readonly #peers: EnginePeers | undefined;
  readonly #clock: Clock;
  /** Engines nobody lists, and since when. */
  readonly #unheard = new Map<string, number>();

  /** @param peers `undefined` where one engine has the store for itself */
  constructor(self: string, peers: EnginePeers | undefined, clock: Clock) {
    this.#self = self;
    this.#peers = peers;
    this.#clock = clock;
  }

  /** Tells of an owner whether its tasks are free, as the engines are now. */
  async look(): Promise<(owner: string | null) => boolean> {
    const seen = new Map((await this.#peers?.list())?.map(({ id, alive }) => [id, alive]));
    for (const id of this.#unheard.keys()) if (seen.has(id)) this.#unheard.delete(id);
    const now = this.#clock.now();
    return (owner) => {
      if (owner === null || owner === this.#self || this.#peers === undefined) return true;
      const alive = seen.get(owner);
      if (alive !== undefined) return !alive;
      const since = this.#unheard.get(owner) ?? now;
      this.#unheard.set(owner, since);
      return now - since >= UNHEARD_MS;
    };
  }
}
