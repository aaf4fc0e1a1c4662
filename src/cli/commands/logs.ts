import type { EventView } from '../../admin/event-contract.ts';
import type { AdminInput } from '../../admin/contract.ts';
import type { RunCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { printable } from '../output/escape.ts';
import { countOf } from '../../base/count.ts';
import { usageError } from '../usage.ts';
import { detailOf, lookOf } from '../views/event.ts';

/** How long the engine may hold an answer back until something happens. */
const WAIT_MS = 10_000;
/** Events that are shown first, of those the engine still knows. */
const RECENT = 10;

const WORD_COLUMNS = 11;
const QUEUE_COLUMNS = 14;

/** Groups of kinds that `--kind` takes. */
const KINDS: Readonly<Record<string, readonly EventView['kind'][]>> = {
  job: [
    'job_enqueued',
    'attempt_started',
    'job_completed',
    'job_retried',
    'job_dead',
    'job_returned',
    'job_discarded',
    'stale_answer',
  ],
  failure: ['job_retried', 'job_dead', 'job_returned', 'stale_answer'],
  dead: ['job_dead'],
  worker: ['worker_connected', 'worker_updated', 'worker_disconnected', 'functions_changed'],
  operator: ['queue_paused', 'jobs_redriven', 'job_discarded'],
};

export const run: RunCommand = async (context, input) => {
  const kinds = input.list('kind').flatMap((kind) => {
    const known = KINDS[kind];
    if (known !== undefined) return known;
    throw usageError(
      `there is no kind '${kind}'`,
      `choose of ${Object.keys(KINDS).join(', ')}`,
      'it is not among the kinds of events that are told',
    );
  });
  const queue = input.text('queue');
  const id = input.text('id');
  const recent = input.count('recent') ?? RECENT;
  const filter = {
    ...(kinds.length > 0 && { kinds }),
    ...(queue !== undefined && { queue }),
    ...(id !== undefined && { id }),
  };
  const engine = await context.engine();
  if (queue !== undefined) await engine.call('iii::queue::get', { queue });
  context.afterInterrupt = 'the engine goes on; only the watching ended';
  let after = await show(context, { ...filter, recent });
  while (!input.flag('once')) after = await show(context, { ...filter, after, waitMs: WAIT_MS });
  return 0;
};

/** Prints what one question answers; the answer is where to go on. */
async function show(context: Context, question: AdminInput<'iii::event::list'>): Promise<number> {
  const engine = await context.engine();
  const { output, settings } = context;
  const { events, last, missed } = await engine.call('iii::event::list', question, {
    timeoutMs: settings.timeoutMs + WAIT_MS,
  });
  if (missed > 0) await output.note(`${countOf(missed, 'event')} missed: they came too fast`);
  // a pipe gets what a program can read, unless something else was asked for
  const forPeople = output.forPeople && (context.io.stdout.isTerminal || settings.formatGiven);
  for (const event of events) {
    if (!forPeople) await output.jsonLine(event);
    else await output.text(await lineOf(context, event));
  }
  return last;
}

async function lineOf({ output }: Context, event: EventView): Promise<string> {
  const paint = await output.paint();
  const { word, tone } = lookOf(event);
  const padded = word.padEnd(WORD_COLUMNS);
  return [
    paint('dim', event.at.slice('2026-01-01T'.length, -1)),
    tone === undefined ? padded : paint(tone, padded),
    printable(event.queue ?? '').padEnd(QUEUE_COLUMNS),
    ...(event.id === undefined ? [] : [event.id]),
    printable(detailOf(event)),
  ].join('  ');
}
