import type { AdminClient } from '../../admin/client.ts';
import type { QueueSummary } from '../../admin/contract.ts';
import type { Context } from '../context.ts';
import type { Column } from '../output/table.ts';
import { countOf } from '../../base/count.ts';
import { pause } from '../wait.ts';
import { QUEUES } from './scenario.ts';

const LOOK_EVERY_MS = 100;
/** Least time between two lines where there is no terminal to redraw. */
const LINE_EVERY_MS = 500;

const COLUMNS: readonly Column<QueueSummary>[] = [
  { title: 'QUEUE', importance: 100, value: ({ name }) => name },
  { title: 'WAITING', importance: 90, align: 'right', value: ({ waiting }) => waiting },
  { title: 'DELAYED', importance: 70, align: 'right', value: ({ delayed }) => delayed },
  { title: 'IN FLIGHT', importance: 60, align: 'right', value: ({ inFlight }) => inFlight },
  {
    title: 'DEAD',
    importance: 95,
    align: 'right',
    value: ({ dead }) => (dead === 0 ? 0 : { text: dead, tone: 'bad' }),
  },
  { title: 'COMPLETED', importance: 80, align: 'right', value: ({ totals }) => totals.completed },
];

/**
 * Shows the demo's queues until nothing in them can move any more: redrawn in place on a terminal,
 * as lines elsewhere, not at all when the output is for a program. Answers their last state.
 */
export async function watchUntilQuiet(
  context: Context,
  engine: AdminClient,
): Promise<readonly QueueSummary[]> {
  const show = chooseView(context);
  for (;;) {
    const { queues } = await engine.call('iii::queue::list', {});
    const ours = queues.filter(({ name }) => QUEUES.some((known) => known === name));
    const quiet = ours.every(
      ({ waiting, delayed, inFlight }) => waiting + delayed + inFlight === 0,
    );
    await show(ours, quiet);
    if (quiet) return ours;
    await pause(context.clock, LOOK_EVERY_MS, context.signal);
  }
}

type Show = (queues: readonly QueueSummary[], isLast: boolean) => Promise<void>;

function chooseView(context: Context): Show {
  const { output, io } = context;
  if (!output.forPeople) return async () => undefined;
  if (io.stdout.isTerminal && io.env['TERM'] !== 'dumb') return redrawn(context);
  return asLines(context);
}

function redrawn({ output }: Context): Show {
  let drawn = 0;
  return async (queues) => {
    const table = await output.table(queues, COLUMNS);
    const goBack = drawn === 0 ? '' : `\u001b[${drawn}A\u001b[J`;
    drawn = table.split('\n').length - 1;
    await output.text(goBack + table);
  };
}

function asLines({ output, clock }: Context): Show {
  let last = '';
  let nextAt = 0;
  return async (queues, isLast) => {
    const text = queues.map((queue) => `   ${lineOf(queue)}\n`).join('');
    if (text === last || (clock.now() < nextAt && !isLast)) return;
    last = text;
    nextAt = clock.now() + LINE_EVERY_MS;
    await output.text(text);
  };
}

function lineOf({ name, waiting, delayed, inFlight, dead, totals }: QueueSummary): string {
  return (
    `${name}: ${countOf(totals.completed, 'job')} completed, ${waiting} waiting, ` +
    `${delayed} delayed, ${inFlight} in flight, ${dead} dead`
  );
}
