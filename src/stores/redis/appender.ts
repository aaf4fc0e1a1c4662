import { IiiError } from '../../base/errors.ts';
import type { Receipt } from '../../queue/store.ts';
import type { NewJob } from '../../queue/types.ts';
import { Batcher } from './batcher.ts';
import { lostOnTheWay } from './connection.ts';
import type { RedisContext } from './context.ts';
import { runScript } from './context.ts';
import { appendArguments } from './job-text.ts';
import type { RedisQueue, Times } from './redis-queue.ts';
import { RedisFailure } from './redis-errors.ts';
import { APPEND } from './scripts/append.ts';

/** Jobs accepted by one script call, at most, unless one call alone brings more. */
const APPEND_BATCH = 500;
/** Calls that are worth two batches, one carried out while the other is written. */
const HALVED_FROM = 8;
/** How long an append whose answer was lost waits for the connection before it gives up. */
const RECONNECT_MS = 3_000;

type Call = readonly NewJob[];
type Answer = [0, string[]] | [1, Times[], string[]];
/** What became of one call: its receipts, or why it was refused. */
type Outcome = readonly Receipt[] | IiiError;

/** Accepts jobs: all calls of a moment in one step, each of them whole or not at all. */
export class Appender {
  readonly #context: RedisContext;
  readonly #queueOf: (name: string) => RedisQueue;
  readonly #calls: Batcher<Call, Outcome>;
  #refusal: RedisFailure | null = null;

  constructor(context: RedisContext, queueOf: (name: string) => RedisQueue) {
    this.#context = context;
    this.#queueOf = queueOf;
    this.#calls = new Batcher((calls) => this.#appendAll(calls), {
      mostWeight: APPEND_BATCH,
      halvedFrom: HALVED_FROM,
    });
  }

  /** Why Redis, although it was there, refused the last job. Producers are told each time, the log once. */
  get refusal(): RedisFailure | null {
    return this.#refusal;
  }

  /** @throws IiiError CONFLICT when an id is taken; RedisFailure */
  async append(jobs: Call): Promise<readonly Receipt[]> {
    const outcome = await this.#calls.add(jobs, jobs.length);
    if (outcome instanceof IiiError) throw outcome;
    return outcome;
  }

  async #appendAll(calls: readonly Call[]): Promise<readonly Outcome[]> {
    const all = calls.flat();
    const together = repeatedId(all) === undefined ? await this.#append(all) : undefined;
    if (together !== undefined && !(together instanceof IiiError)) {
      let from = 0;
      return calls.map((jobs) => together.slice(from, (from += jobs.length)));
    }
    // Some id is there already: only the call that brought it is refused.
    const outcomes: Outcome[] = [];
    for (const jobs of calls) {
      const repeated = repeatedId(jobs);
      outcomes.push(repeated === undefined ? await this.#append(jobs) : taken(repeated));
    }
    return outcomes;
  }

  /** Carries one step out, once: also when the answer to the first try was lost. */
  async #append(jobs: Call): Promise<Outcome> {
    const queues = [...new Set(jobs.map(({ queue }) => queue))];
    await Promise.all(queues.map((queue) => this.#queueOf(queue).configured()));
    const numbers = new Map(queues.map((queue, index) => [queue, index + 1]));
    const args = jobs.flatMap((job) => appendArguments(numbers.get(job.queue) ?? 1, job));
    const send = (again: string): Promise<unknown> =>
      runScript(this.#context, APPEND, queues, [again, ...args]);
    const answer = (await send('')
      .catch(async (thrown: unknown) => {
        if (!lostOnTheWay(thrown)) throw thrown;
        await this.#context.connection.ready(RECONNECT_MS);
        return send('1');
      })
      .catch((thrown: unknown) => {
        this.#noteRefusal(thrown);
        throw thrown;
      })) as Answer;
    this.#noteAcceptance();
    if (answer[0] === 0) return taken(answer[1][0] ?? '');
    for (const [index, times] of answer[1].entries()) {
      const name = queues[index] ?? '';
      const accepted = jobs.filter(({ queue }) => queue === name);
      const functionIds = new Set(accepted.map(({ functionId }) => functionId));
      this.#queueOf(name).noteAccepted(times, [...functionIds]);
    }
    return jobs.map(({ id }, index) => {
      const receipt = answer[2][index] ?? id;
      return { id: receipt, duplicate: receipt !== id };
    });
  }

  #noteRefusal(thrown: unknown): void {
    if (!(thrown instanceof RedisFailure) || !thrown.answered) return;
    const { message, hint } = thrown;
    if (message === this.#refusal?.message) return;
    this.#refusal = thrown;
    this.#context.log.error('Redis takes no jobs; producers are told', { error: message, hint });
  }

  #noteAcceptance(): void {
    if (this.#refusal === null) return;
    this.#refusal = null;
    this.#context.log.info('Redis takes jobs again');
  }
}

/** An id that more than one of the jobs has. */
function repeatedId(jobs: readonly NewJob[]): string | undefined {
  const seen = new Set<string>();
  for (const { id } of jobs) {
    if (seen.has(id)) return id;
    seen.add(id);
  }
  return undefined;
}

function taken(id: string): IiiError {
  return new IiiError('CONFLICT', `There is already a job with the id ${id}.`);
}
