import type { Engine } from '../../engine/engine.ts';
import { search } from '../../engine/bulk/search.ts';
import { conditionOf } from '../../engine/bulk/selection.ts';
import type { Selection } from '../../engine/bulk/task.ts';
import type { JobPage, ScannedJob } from '../../queue/store.ts';
import type { Job } from '../../queue/types.ts';

/** Searches kept open between two pages, at most, and for how long. */
const MOST_OPEN = 4;
const OPEN_MS = 60_000;

export interface PageRequest {
  readonly selection: Selection;
  readonly order: 'accepted' | 'died';
  readonly limit: number;
  readonly cursor: string | null;
}

interface OpenSearch {
  readonly pieces: AsyncGenerator<readonly ScannedJob[]>;
  /** What is left of the last piece, by the ids the jobs had then. */
  readonly rest: { readonly id: string; readonly job: ScannedJob }[];
  usedAt: number;
}

/**
 * Selected jobs page by page. The search of a page stays open for a while, so that the next page goes
 * on with it instead of looking through everything that is before it again.
 */
export class SelectedPages {
  readonly #engine: Engine;
  /** By what is looked for and the cursor of the page before. */
  readonly #open = new Map<string, OpenSearch>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @throws IiiError SELECTOR_INVALID, INVALID_ARGUMENTS (cursor), QUEUE_NOT_FOUND */
  async next(request: PageRequest): Promise<JobPage> {
    const { limit, cursor } = request;
    const { states } = request.selection;
    const found = this.#take(keyOf(request, cursor)) ?? this.#begin(request);
    const jobs: Job[] = [];
    let last = cursor;
    for (;;) {
      for (const { id, job } of found.rest.splice(0, limit - jobs.length)) {
        // a row may be another job's since the page before, or its job have gone on
        if (job.id !== id) continue;
        const whole = job.whole();
        if (whole === undefined || !(states?.includes(whole.state) ?? true)) continue;
        jobs.push(whole);
        last = job.cursor;
      }
      if (jobs.length === limit && found.rest.length > 0) break;
      const next = await found.pieces.next();
      if (next.done === true) return { jobs, nextCursor: null };
      found.rest.push(...next.value.map((job) => ({ id: job.id, job })));
    }
    this.#keep(keyOf(request, last), found);
    return { jobs, nextCursor: last };
  }

  #begin({ selection, order, cursor }: PageRequest): OpenSearch {
    const { store, clock } = this.#engine;
    const condition = conditionOf(selection, clock.now());
    const { queues, states } = selection;
    const scan = { queues, states, order, after: cursor };
    return { pieces: search(store, clock, scan, condition), rest: [], usedAt: clock.now() };
  }

  #take(key: string): OpenSearch | undefined {
    const found = this.#open.get(key);
    this.#open.delete(key);
    return found;
  }

  #keep(key: string, found: OpenSearch): void {
    const now = this.#engine.clock.now();
    found.usedAt = now;
    this.#open.set(key, found);
    for (const [known, { usedAt, pieces }] of this.#open) {
      if (this.#open.size <= MOST_OPEN && usedAt > now - OPEN_MS) continue;
      this.#open.delete(known);
      void pieces.return(undefined);
    }
  }
}

function keyOf({ selection, order }: PageRequest, cursor: string | null): string {
  return JSON.stringify([selection, order, cursor]);
}
