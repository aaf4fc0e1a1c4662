import type { DeadJob, QueueSummary } from '../../admin/contract.ts';
import type { Tone } from '../output/color.ts';
import { printable } from '../output/escape.ts';
import type { Look } from '../output/output.ts';
import { type Cell, type Column, splitTable } from '../output/table.ts';
import { cutText, textWidth } from '../output/width.ts';
import { countOf } from '../../base/count.ts';
import { detailOf, lookOf } from '../views/event.ts';
import { deadList } from '../views/dead.ts';
import { stateOf } from '../views/queue.ts';
import { currentQueue, shownQueues, type TopModel } from './model.ts';
import { sparkline } from './sparkline.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const SPARK_COLUMNS = 10;
/** Lines that failures get, at most, and the share of the screen. */
const MOST_FAILURES = 8;
const FAILURE_SHARE = 0.3;
const MARK_COLUMNS = 2;
/** Room for the longest word of a failure. */
const WORD_COLUMNS = 'returned'.length;

/** Stays on the screen, however narrow it is. */
const ASKED = ' [y/N]';

/** Fits into 40 columns and 12 lines. */
const HELP = [
  'up down j k   select a line',
  'enter         open the queue',
  'esc           back, or no filter',
  's             sort by another column',
  '/             find queues by name',
  'p             pause or resume the queue',
  'd             its dead jobs',
  'r             bring back dead jobs; asks',
  'q             quit',
];

/** The screen as lines, none wider than it and never more than it has. */
export async function drawScreen(
  model: TopModel,
  size: Size,
  look: Look,
): Promise<readonly string[]> {
  const head = [headline(model, size, look), ''];
  const foot = [footline(model, size, look)];
  const room = Math.max(1, size.rows - head.length - foot.length);
  const body = model.help
    ? HELP.map((line) => cutText(line, size.columns))
    : await drawBody(model, { ...size, rows: room }, look);
  const shown = body.slice(0, room);
  while (shown.length < room) shown.push('');
  return [...head, ...shown, ...foot].slice(-size.rows);
}

async function drawBody(model: TopModel, size: Size, look: Look): Promise<string[]> {
  if (model.view === 'dead') return drawDead(model, size, look);
  const failures = drawFailures(model, size, look);
  const top =
    model.view === 'queues'
      ? await drawQueues(model, { ...size, rows: size.rows - failures.length }, look)
      : drawQueue(model, size, look);
  const gap = Math.max(0, size.rows - top.length - failures.length);
  return [...top, ...new Array<string>(gap).fill(''), ...failures];
}

async function drawQueues(model: TopModel, size: Size, look: Look): Promise<string[]> {
  const queues = shownQueues(model);
  if (queues.length === 0) return [model.filter === '' ? 'No queues.' : 'No queue has this name.'];
  return drawList(queues, columnsOf(model), model.selected, size, look);
}

/** What matters while one looks: what comes and goes, and what does not. */
function columnsOf({ history, snapshot }: TopModel): readonly Column<QueueSummary>[] {
  const count = (
    title: string,
    importance: number,
    value: Column<QueueSummary>['value'],
  ): Column<QueueSummary> => ({ title, importance, align: 'right', value });
  const columns: Column<QueueSummary>[] = [
    { title: 'QUEUE', importance: 100, min: 8, wanted: 28, value: ({ name }) => name },
    count('WAITING', 90, ({ waiting }) => waiting),
    count('DELAYED', 45, ({ delayed }) => delayed),
    count('FLIGHT', 80, ({ inFlight }) => tinted(inFlight, 'good')),
    count('DEAD', 95, ({ dead }) => tinted(dead, 'bad')),
    count('OLDEST', 70, (queue, words) => words.duration(queue.oldestWaitingMs) || '-'),
    count('IN/S', 50, ({ inPerSecond }) => rateOf(inPerSecond)),
    count('OUT/S', 60, ({ outPerSecond }) => rateOf(outPerSecond)),
    {
      title: 'OUT',
      importance: 48,
      value: ({ name }) => sparkline(history.get(name) ?? [], SPARK_COLUMNS),
    },
    count('WORKERS', 40, ({ workers }) => workers),
  ];
  // a column for a state that no queue is in would only take room
  if (snapshot.queues.some((queue) => stateOf(queue) !== null)) {
    columns.push({
      title: 'STATE',
      importance: 75,
      value: (queue) => stateOf(queue) ?? '',
    });
  }
  return columns;
}

function tinted(amount: number, tone: Tone): Cell {
  return amount === 0 ? amount : { text: amount, tone };
}

function rateOf(perSecond: number): string {
  return perSecond === 0 ? '0' : perSecond.toFixed(perSecond < 10 ? 1 : 0);
}

function drawQueue(model: TopModel, size: Size, look: Look): string[] {
  const queue = currentQueue(model);
  if (queue === undefined) {
    return [cutText(`Queue ${printable(model.queue ?? '')} is gone.`, size.columns)];
  }
  const { paint, words } = look;
  const rates = model.history.get(queue.name) ?? [];
  const { text: state, tone } = stateText(queue);
  const kind = `  ${queue.type}  `;
  const name = cutText(printable(queue.name), size.columns - kind.length - state.length);
  return [
    `${paint('strong', name)}${kind}${tone === undefined ? state : paint(tone, state)}`,
    '',
    `waiting    ${queue.waiting}`,
    `delayed    ${queue.delayed}`,
    `in flight  ${queue.inFlight}`,
    `dead       ${queue.dead === 0 ? '0' : paint('bad', String(queue.dead))}`,
    `oldest     ${words.duration(queue.oldestWaitingMs) || '-'}`,
    `workers    ${queue.workers}`,
    `per second ${rateOf(queue.inPerSecond)} in, ${rateOf(queue.outPerSecond)} out  ${sparkline(rates, SPARK_COLUMNS).trim()}`,
    `wait p95   ${words.duration(queue.waitP95Ms ?? null) || '-'}${sloText(queue, look)}`,
    cutText(
      `so far     ${queue.totals.enqueued} enqueued, ${queue.totals.completed} completed, ${countOf(queue.totals.failed, 'attempt')} failed`,
      size.columns,
    ),
  ];
}

function sloText({ slo }: QueueSummary, { words }: Look): string {
  return slo === undefined || slo === null ? '' : `, SLO ${words.duration(slo.waitP95Ms)}`;
}

function stateText(queue: QueueSummary): { readonly text: string; readonly tone?: Tone } {
  if (queue.paused) return { text: 'paused', tone: 'warn' };
  return queue.slo?.isMet === false ? { text: 'over SLO', tone: 'bad' } : { text: 'active' };
}

async function drawDead(model: TopModel, size: Size, look: Look): Promise<string[]> {
  const order = ', oldest death first';
  const subject = `Dead jobs of ${printable(model.queue ?? '')}`;
  const title = look.paint('strong', cutText(subject, size.columns - order.length)) + order;
  const { dead } = model.snapshot;
  if (dead.length === 0) return [title, '', 'None.'];
  const list = await drawList<DeadJob>(
    dead,
    deadList(model.queue ?? '').columns,
    model.selected,
    { ...size, rows: size.rows - 2 },
    look,
  );
  return [title, '', ...list];
}

/** A table of which the part around the selected line is shown, that line marked. */
async function drawList<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  selected: number,
  size: Size,
  look: Look,
): Promise<string[]> {
  const layOut = async (linesPerRow: number) => {
    const room = Math.max(1, Math.floor(size.rows / linesPerRow) - 1);
    const first = Math.max(0, Math.min(selected - Math.floor(room / 2), rows.length - room));
    const shown = rows.slice(first, first + room);
    return { first, ...splitTable(await look.table(shown, columns), shown.length) };
  };
  let laid = await layOut(1);
  if (laid.linesPerRow > 1) laid = await layOut(laid.linesPerRow);
  const { first, lines, linesPerRow } = laid;
  const marked = (selected - first + 1) * linesPerRow;
  return lines.map((line, at) =>
    at === marked ? `${look.paint('strong', '>')} ${line}` : `${' '.repeat(MARK_COLUMNS)}${line}`,
  );
}

function drawFailures(model: TopModel, size: Size, { paint }: Look): string[] {
  const { failures, queue } = model;
  const shown = failures.filter((failure) => queue === null || failure.queue === queue);
  if (shown.length === 0) return [];
  const lines = Math.min(MOST_FAILURES, Math.floor(size.rows * FAILURE_SHARE) - 2, shown.length);
  if (lines < 1) return [];
  return [
    '',
    paint('dim', 'NEWEST FAILURES'),
    ...shown.slice(0, lines).map((failure) => {
      const { word: unpadded, tone } = lookOf(failure);
      const word = unpadded.padEnd(WORD_COLUMNS);
      const place = `${failure.at.slice(11, 19)}  `;
      const rest = `  ${printable(failure.queue ?? '')}  ${printable(detailOf(failure))}`;
      const room = size.columns - place.length - word.length;
      return `${paint('dim', place)}${tone === undefined ? word : paint(tone, word)}${cutText(rest, Math.max(0, room))}`;
    }),
  ];
}

function headline(model: TopModel, size: Size, { paint }: Look): string {
  const { info, url, snapshot, lost } = model;
  const sum = (pick: (queue: QueueSummary) => number): number =>
    snapshot.queues.reduce((total, queue) => total + pick(queue), 0);
  const left = `iii ${info.version}  ${url}  ${info.store}`;
  if (lost !== null) return paint('bad', cutText(`${left}  no answer: ${lost}`, size.columns));
  const right = `${countOf(snapshot.workers.length, 'worker')}  in ${sum((queue) => queue.inPerSecond).toFixed(1)}/s  out ${sum((queue) => queue.outPerSecond).toFixed(1)}/s`;
  const gap = size.columns - textWidth(left) - textWidth(right);
  if (gap < 2) return paint('strong', cutText(right, size.columns));
  return `${paint('strong', left)}${' '.repeat(gap)}${right}`;
}

function footline(model: TopModel, size: Size, { paint }: Look): string {
  const { pending, message, filtering, filter, sort } = model;
  if (pending !== null) {
    const question = cutText(printable(pending.question), size.columns - ASKED.length);
    return paint('warn', question + ASKED);
  }
  if (message !== null) return cutText(printable(message), size.columns);
  if (filtering) return cutText(`/${printable(filter)}_`, size.columns);
  const keys = ['q quit', '? help', 'enter open', 'd dead', 'p pause', 'r redrive'];
  const kept = filter === '' ? [] : [`/${printable(filter)}`];
  return paint('dim', cutText(whatFits([...kept, ...keys, `s sort: ${sort}`], size), size.columns));
}

/** As many as fit whole, the first in any case. */
function whatFits([first = '', ...rest]: readonly string[], { columns }: Size): string {
  let line = first;
  for (const part of rest) {
    if (textWidth(line) + 2 + textWidth(part) > columns) break;
    line += `  ${part}`;
  }
  return line;
}
