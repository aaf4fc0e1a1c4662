import type { AdminClient } from '../../admin/client.ts';
import { IiiError } from '../../base/errors.ts';
import type { Context } from '../context.ts';
import { checkJson } from '../json-input.ts';
import { bar } from '../output/progress.ts';
import { countOf } from '../../base/count.ts';
import { describeFailure } from '../report.ts';
import { usageError } from '../usage.ts';
import { type Line, openLines } from './lines.ts';
import type { Target } from './options.ts';
import { explainRejection } from './reject.ts';

/** Jobs sent and not answered yet, at most. */
const OUTSTANDING = 256;

/** Errors of one job; any other ends the whole batch, because the next line would meet it too. */
const JOB_ERRORS: ReadonlySet<string> = new Set(['USAGE', 'enqueue_error', 'serialization_error']);

type Outcome = { readonly id: string } | { readonly error: unknown };

export interface BatchOptions {
  readonly file: string;
  readonly failFast: boolean;
  readonly dryRun: boolean;
}

/** Enqueues every line of a file; answers the exit status. */
export async function enqueueLines(
  context: Context,
  target: Target,
  options: BatchOptions,
): Promise<number> {
  const engine = await context.engine();
  if (options.dryRun) await engine.call('iii::queue::get', { queue: target.queue });
  const batch = new Batch(context, engine, target, options);
  return batch.run();
}

class Batch {
  readonly #context: Context;
  readonly #engine: AdminClient;
  readonly #target: Target;
  readonly #options: BatchOptions;
  /** Prints outcomes in the order of the lines. */
  #printed: Promise<void> = Promise.resolve();
  #outstanding = 0;
  #release: (() => void) | undefined;
  #accepted = 0;
  #rejected = 0;
  /** Ends the batch: a failure that is not of one line, or the first bad line with `--fail-fast`. */
  #stopped = false;
  #fatal: unknown;

  constructor(context: Context, engine: AdminClient, target: Target, options: BatchOptions) {
    this.#context = context;
    this.#engine = engine;
    this.#target = target;
    this.#options = options;
  }

  async run(): Promise<number> {
    const { output, signal } = this.#context;
    const source = openLines(this.#context, this.#options.file);
    const progress = output.progress('enqueueing');
    signal.addEventListener('abort', () => this.#release?.());
    // To stop at the first bad line, each must be known to be good before the next is sent.
    const allowed = this.#options.failFast ? 1 : OUTSTANDING;
    try {
      for await (const line of source.lines) {
        this.#take(line);
        const share = source.share();
        progress.update(`${share === undefined ? '' : `${bar(share)} `}${this.#counts()}`);
        if (this.#outstanding >= allowed) await this.#room();
        if (this.#stopped) break;
      }
      await this.#printed;
    } catch (thrown) {
      this.#fatal ??= thrown;
    } finally {
      progress.stop();
    }
    if (this.#fatal !== undefined) throw this.#withCounts(this.#fatal);
    await this.#summarise();
    return this.#rejected > 0 ? 3 : 0;
  }

  #take(line: Line): void {
    this.#outstanding += 1;
    const outcome = this.#enqueue(line).then(
      (id): Outcome => ({ id }),
      (error: unknown): Outcome => ({ error }),
    );
    this.#printed = this.#printed
      .then(async () => {
        const done = await outcome;
        this.#outstanding -= 1;
        if (!this.#stopped || 'id' in done) await this.#print(line, done);
      })
      .catch((thrown: unknown) => {
        this.#fatal ??= thrown;
        this.#stopped = true;
      })
      .finally(() => this.#release?.());
  }

  async #enqueue({ text }: Line): Promise<string> {
    checkJson(text, 'the line');
    if (this.#options.dryRun) return '';
    try {
      return await this.#engine.enqueue(this.#target.functionId, text, this.#target.action);
    } catch (thrown) {
      throw await explainRejection(this.#engine, this.#target.queue, thrown);
    }
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  async #print(line: Line, outcome: Outcome): Promise<void> {
    if ('id' in outcome) {
      this.#accepted += 1;
      if (!this.#options.dryRun) await this.#printReceipt(outcome.id);
      return;
    }
    const { error } = outcome;
    if (!(error instanceof IiiError) || !JOB_ERRORS.has(error.code)) throw error;
    this.#rejected += 1;
    if (this.#options.failFast) this.#stopped = true;
    const { output } = this.#context;
    await output.problem(
      output.format === 'json' || output.format === 'ndjson'
        ? JSON.stringify({
            line: line.number,
            error: { code: error.code, message: error.message, hint: error.hint ?? null },
          })
        : `line ${line.number}: ${describeFailure(error, false)}`,
    );
  }

  async #printReceipt(messageReceiptId: string): Promise<void> {
    const { output, io } = this.#context;
    const { queue, functionId } = this.#target;
    const receipt = { messageReceiptId, queue, functionId };
    if (output.format === 'json' || output.format === 'ndjson') await output.jsonLine(receipt);
    else if (output.format === 'yaml') await output.value([receipt]);
    else if (output.format === 'name') await output.text(messageReceiptId);
    // On a terminal the bar says enough; a file or pipe gets every receipt.
    else if (!io.stdout.isTerminal)
      await output.text(`${messageReceiptId}  ${queue}  ${functionId}`);
  }

  async #summarise(): Promise<void> {
    const { output } = this.#context;
    if (this.#options.dryRun) {
      await output.done(
        {
          queue: this.#target.queue,
          functionId: this.#target.functionId,
          dryRun: true,
          jobs: this.#accepted,
          rejected: this.#rejected,
        },
        `${this.#counts('would be enqueued')}.`,
        this.#target.queue,
      );
    } else if (output.forPeople) await output.note(`${this.#counts()}.`);
  }

  #counts(verb = 'enqueued'): string {
    const bad = this.#rejected === 0 ? '' : `, ${countOf(this.#rejected, 'bad line')}`;
    return `${countOf(this.#accepted, 'job')} ${verb} in ${this.#target.queue}${bad}`;
  }

  /** A failure in the middle says how far it came: those jobs are in the queue. */
  #withCounts(thrown: unknown): unknown {
    if (!(thrown instanceof IiiError) || this.#accepted === 0) return thrown;
    return new IiiError(thrown.code, thrown.message, {
      reason: thrown.reason,
      hint: `${countOf(this.#accepted, 'job')} had been accepted and stay; their receipts are above`,
      details: { ...thrown.details, accepted: this.#accepted },
      cause: thrown,
    });
  }
}

/** Options that make no sense for many jobs at once. */
export function refuseForMany(given: readonly (string | false)[]): void {
  const clash = given.find((name) => name !== false);
  if (clash === undefined) return;
  throw usageError(
    `--ndjson and ${clash} contradict each other`,
    'give one of them',
    `--ndjson is for many jobs, and ${clash} for one`,
  );
}
