import type { StateStore } from '../state/store.ts';

const SCOPE = 'iii::parked';

/** Due time of a head that is parked until somebody resumes its group: the last one that can be written. */
export const UNTIL_RESUMED = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** How a head was parked. Times are milliseconds since the epoch. */
export interface Parking {
  readonly by: string;
  readonly at: number;
  /** When the group goes on by itself: the due time the job was given. */
  readonly until: number;
  /** The due time it had before. */
  readonly dueBefore: number;
}

/** What a job is now, as far as it says whether it is still parked. */
interface Place {
  readonly id: string;
  readonly state: string;
  readonly dueAt: number;
}

/**
 * Remembers why the head of a group waits. That it waits is a delay of the job itself, so the store
 * keeps it, and whatever makes the job due or ends it also ends the parking.
 */
export class ParkedGroups {
  readonly #state: StateStore;

  constructor(state: StateStore) {
    this.#state = state;
  }

  /** How a job was parked; `null` when it is not any more. */
  async of(job: Place): Promise<Parking | null> {
    return stillOf(job, await this.#state.get(SCOPE, job.id));
  }

  /** Tells of many jobs without asking for each. */
  async all(): Promise<(job: Place) => Parking | null> {
    const texts = await this.#state.list(SCOPE);
    return (job) => stillOf(job, texts.get(job.id));
  }

  async remember(id: string, parking: Parking): Promise<void> {
    const text = JSON.stringify(parking);
    await this.#state.update(SCOPE, id, () => text);
  }

  async forget(id: string): Promise<void> {
    await this.#state.update(SCOPE, id, () => undefined);
  }

  /** Forgets those whose jobs went on without it. */
  async tidy(placeOf: (id: string) => Promise<Place | undefined>): Promise<void> {
    for (const [id, text] of await this.#state.list(SCOPE)) {
      const job = await placeOf(id);
      if (job === undefined || stillOf(job, text) === null) await this.forget(id);
    }
  }
}

function stillOf({ state, dueAt }: Place, text: string | undefined): Parking | null {
  if (text === undefined || state !== 'delayed') return null;
  const parking = JSON.parse(text) as Parking;
  return parking.until === dueAt ? parking : null;
}
