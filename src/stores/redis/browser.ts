import { readCursor, writeCursor } from '../../queue/cursor.ts';
import { scannedJob } from '../../queue/scan.ts';
import type {
  DeadSelection,
  JobFilter,
  JobPage,
  JobScan,
  QueueStats,
  Rewrite,
  ScannedJob,
} from '../../queue/store.ts';
import type { Job, JobState } from '../../queue/types.ts';
import type { RedisContext } from './context.ts';
import { runScript } from './context.ts';
import { functionOf, readJobs, rewriteArguments } from './job-text.ts';
import type { RedisQueue, Times } from './redis-queue.ts';
import { LIST, READ, STATS } from './scripts/browse.ts';
import { CANCEL, DEAD, END_DEATH } from './scripts/mend.ts';
import { REWRITE } from './scripts/rewrite.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Jobs in one slice of a scan. */
const SLICE = 500;

/** A slice of more is not kept together with the next. */
const AHEAD_BYTES = 8 * 1024 * 1024;

/** Letters by which the `list` script knows the states; it does not tell finished ones apart. */
const LETTERS: Readonly<Record<JobState, string>> = {
  waiting: 'w',
  delayed: 'd',
  in_flight: 'i',
  dead: 'x',
  completed: 'c',
  discarded: 'c',
};

type StatsAnswer = readonly [
  times: Times,
  waiting: number,
  delayed: number,
  inFlight: number,
  dead: number,
  retained: number,
  groups: number,
  oldestWaitingAt: string,
  paused: number,
  totals: readonly number[],
  functions: readonly string[],
];

/** A job in an order that goes over several queues. */
interface Placed {
  readonly place: number;
  readonly id: string;
  readonly queue: string;
}

/** A part of a scan, and where it goes on. */
interface Slice {
  readonly jobs: readonly ScannedJob[];
  readonly after: string | null;
}

/** Looks at the jobs of queues, and mends them. Every answer is that of one moment per queue. */
export class Browser {
  readonly #context: RedisContext;

  constructor(context: RedisContext) {
    this.#context = context;
  }

  async stats(queue: RedisQueue): Promise<QueueStats> {
    const answer = (await runScript(this.#context, STATS, [queue.name], [])) as StatsAnswer;
    const [times, waiting, delayed, inFlight, dead, retained, groups, oldest, paused] = answer;
    queue.note(times);
    const [totals, functions] = [answer[9], answer[10]];
    const waitingByFunction = new Map<string, number>();
    for (let at = 0; at < functions.length; at += 2) {
      const jobs = Number(functions[at + 1]);
      if (jobs > 0) waitingByFunction.set(functionOf(functions[at] ?? '""'), jobs);
    }
    return {
      waiting,
      delayed,
      inFlight,
      dead,
      retained,
      oldestWaitingAt: oldest === '' ? null : Number(oldest),
      waitingByFunction,
      groups,
      paused: paused === 1,
      totals: {
        enqueued: totals[0] ?? 0,
        completed: totals[1] ?? 0,
        failed: totals[2] ?? 0,
        dead: totals[3] ?? 0,
        redriven: totals[4] ?? 0,
        discarded: totals[5] ?? 0,
      },
    };
  }

  /** The jobs of these ids in one queue; absent ones are left out. */
  async read(queue: string, ids: readonly string[]): Promise<Job[]> {
    if (ids.length === 0) return [];
    const texts = (await runScript(this.#context, READ, [queue], ids)) as string[];
    return readJobs(queue, texts);
  }

  async find(queues: readonly RedisQueue[], id: string): Promise<Job | undefined> {
    const key = id.toLowerCase();
    if (!UUID.test(key)) return undefined;
    const found = await Promise.all(queues.map(({ name }) => this.read(name, [key])));
    return found.flat()[0];
  }

  async list(queues: readonly RedisQueue[], filter: JobFilter): Promise<JobPage> {
    const { order, states, functionId } = filter;
    const limit = Math.max(1, Math.floor(filter.limit));
    const isWanted = (job: Job): boolean =>
      (states === null || states.includes(job.state)) &&
      (functionId === null || job.functionId === functionId) &&
      (order === 'accepted' || job.state === 'dead');
    let after = filter.cursor === null ? '' : String(readCursor(filter.cursor, order));
    const found: { readonly job: Job; readonly place: number }[] = [];
    while (found.length <= limit) {
      const wanted = limit + 1 - found.length;
      const placed = await this.#listPlaces(queues, { order, after, wanted, states });
      const jobs = await this.#readAll(placed);
      for (const { id, place } of placed) {
        const job = jobs.get(id);
        if (job !== undefined && isWanted(job)) found.push({ job, place });
      }
      const last = placed.at(-1);
      if (last === undefined || placed.length < wanted) break;
      after = String(last.place);
    }
    const page = found.slice(0, limit);
    const end = page.at(-1);
    return {
      jobs: page.map(({ job }) => job),
      nextCursor: found.length > limit && end !== undefined ? writeCursor(order, end.place) : null,
    };
  }

  /** Ends waiting and delayed jobs, wherever they are. */
  async cancel(queues: readonly RedisQueue[], ids: readonly string[]): Promise<string[]> {
    const keys = uuidsOf(ids);
    if (keys.length === 0) return [];
    const done = new Set<string>();
    await Promise.all(
      queues.map(async (queue) => {
        const args = [String(queue.retain), ...keys];
        const answer = await runScript(this.#context, CANCEL, [queue.name], args);
        const [times, cancelled] = answer as [Times, string[]];
        queue.note(times);
        for (const id of cancelled) done.add(id);
      }),
    );
    return keys.filter((id) => done.has(id));
  }

  /** Brings dead jobs back, or discards them: oldest death first over all these queues. */
  async endDeath(
    queues: readonly RedisQueue[],
    selection: DeadSelection,
    how: 'redrive' | 'discard',
  ): Promise<string[]> {
    const limit = Math.floor(selection.limit);
    if (limit <= 0) return [];
    const ids = selection.ids === null ? null : uuidsOf(selection.ids);
    const dead = await this.#merge(queues, limit, false, ({ name }) =>
      runScript(
        this.#context,
        DEAD,
        [name],
        [String(limit), ids === null ? '' : '1', ...(ids ?? [])],
      ),
    );
    const done = new Set<string>();
    for (const queue of queues) {
      const own = dead.filter((one) => one.queue === queue.name).map(({ id }) => id);
      if (own.length === 0) continue;
      const args = [how, String(queue.retain), ...own];
      const answer = await runScript(this.#context, END_DEATH, [queue.name], args);
      const [times, ended] = answer as [Times, string[]];
      queue.note(times);
      for (const id of ended) done.add(id);
    }
    return dead.filter(({ id }) => done.has(id)).map(({ id }) => id);
  }

  /** The jobs of a kind in slices: the next one is on its way while one is looked at. */
  async *scan(queues: readonly RedisQueue[], scan: JobScan): AsyncGenerator<readonly ScannedJob[]> {
    let next = this.#slice(queues, scan, scan.after);
    for (;;) {
      const { jobs, after } = await next;
      const isAhead = after !== null && bytesOf(jobs) < AHEAD_BYTES;
      if (isAhead) {
        next = this.#slice(queues, scan, after);
        // nobody may ask for it any more
        next.catch(() => undefined);
      }
      if (jobs.length > 0) yield jobs;
      if (after === null) return;
      if (!isAhead) next = this.#slice(queues, scan, after);
    }
  }

  async #slice(
    queues: readonly RedisQueue[],
    { order, states }: JobScan,
    behind: string | null,
  ): Promise<Slice> {
    const after = behind === null ? '' : String(readCursor(behind, order));
    const placed = await this.#listPlaces(queues, { order, after, wanted: SLICE, states });
    const found = await this.#readAll(placed);
    const jobs: ScannedJob[] = [];
    for (const { id, place } of placed) {
      const job = found.get(id);
      if (job === undefined || states?.includes(job.state) === false) continue;
      if (order === 'accepted' || job.state === 'dead') {
        jobs.push(scannedJob(job, writeCursor(order, place)));
      }
    }
    const last = placed.at(-1);
    const isLast = last === undefined || placed.length < SLICE;
    return { jobs, after: isLast ? null : writeCursor(order, last.place) };
  }

  /** Puts a job in the place of the version that is in `source`, or where none is. */
  async rewrite(
    target: RedisQueue,
    source: RedisQueue,
    { job, expects }: Rewrite,
  ): Promise<boolean> {
    const expected = expects === 'absent' ? ['', ''] : [LETTERS[expects.state], `${expects.epoch}`];
    const args = [job.id, ...expected, ...rewriteArguments(job)];
    const answer = await runScript(this.#context, REWRITE, [target.name, source.name], args);
    const [done, times, sourceTimes] = answer as [number, Times, Times];
    target.note(times);
    if (source !== target) source.note(sourceTimes);
    return done === 1;
  }

  #listPlaces(
    queues: readonly RedisQueue[],
    page: {
      readonly order: JobFilter['order'];
      readonly after: string;
      readonly wanted: number;
      readonly states: readonly JobState[] | null;
    },
  ): Promise<Placed[]> {
    const states = page.states ?? (Object.keys(LETTERS) as JobState[]);
    const letters = states.map((state) => LETTERS[state]).join('');
    const args = [page.order, page.after, String(page.wanted), letters];
    return this.#merge(queues, page.wanted, page.order === 'last_died', ({ name }) =>
      runScript(this.#context, LIST, [name], args),
    );
  }

  /** The first of several queues' answers, each of which is in order. */
  async #merge(
    queues: readonly RedisQueue[],
    limit: number,
    descending: boolean,
    ask: (queue: RedisQueue) => Promise<unknown>,
  ): Promise<Placed[]> {
    const answers = await Promise.all(
      queues.map(async (queue) => {
        const answer = (await ask(queue)) as string[];
        const placed: Placed[] = [];
        for (let at = 0; at < answer.length; at += 2) {
          placed.push({ place: Number(answer[at]), id: answer[at + 1] ?? '', queue: queue.name });
        }
        return placed;
      }),
    );
    const sign = descending ? -1 : 1;
    return answers
      .flat()
      .sort((a, b) => sign * (a.place - b.place))
      .slice(0, limit);
  }

  async #readAll(placed: readonly Placed[]): Promise<ReadonlyMap<string, Job>> {
    const byQueue = new Map<string, Placed[]>();
    for (const one of placed) {
      const own = byQueue.get(one.queue);
      if (own === undefined) byQueue.set(one.queue, [one]);
      else own.push(one);
    }
    const jobs = await Promise.all(
      [...byQueue].map(([queue, own]) =>
        this.read(
          queue,
          own.map(({ id }) => id),
        ),
      ),
    );
    return new Map(jobs.flat().map((job) => [job.id, job]));
  }
}

function bytesOf(jobs: readonly ScannedJob[]): number {
  return jobs.reduce((sum, job) => sum + job.payload().length, 0);
}

/** Ids as they stand in keys, each once; what is no UUID is left out. */
function uuidsOf(ids: readonly string[]): string[] {
  return [...new Set(ids.map((id) => id.toLowerCase()))].filter((id) => UUID.test(id));
}
