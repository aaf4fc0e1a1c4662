import type { QueueDetail, QueueSummary } from '../../admin/contract.ts';
import { countOf } from '../../base/count.ts';
import type { ListView, RecordView, Section } from '../output/output.ts';
import type { Cell, Column } from '../output/table.ts';
import type { Words } from '../output/words.ts';
import { describePolicy } from './policy.ts';

const count = (
  title: string,
  importance: number,
  value: Column<QueueSummary>['value'],
): Column<QueueSummary> => ({ title, importance, align: 'right', value });

/** A number that is worth a look when it is not 0. */
const alarming = (amount: number): Cell => (amount === 0 ? amount : { text: amount, tone: 'bad' });

/** Attempts that run: things move. */
const moving = (amount: number): Cell => (amount === 0 ? amount : { text: amount, tone: 'good' });

export const queueList: ListView<QueueSummary> = {
  columns: [
    { title: 'QUEUE', importance: 100, min: 8, copied: true, value: (queue) => queue.name },
    { title: 'TYPE', importance: 40, value: (queue) => queue.type },
    count('WAITING', 90, (queue) => queue.waiting),
    count('DELAYED', 55, (queue) => queue.delayed),
    count('IN FLIGHT', 80, (queue) => moving(queue.inFlight)),
    count('DEAD', 95, (queue) => alarming(queue.dead)),
    count('OLDEST', 60, (queue, words) => words.duration(queue.oldestWaitingMs) || '-'),
    count('IN/S', 30, (queue) => rate(queue.inPerSecond)),
    count('OUT/S', 30, (queue) => rate(queue.outPerSecond)),
    count('WORKERS', 65, (queue) => queue.workers),
    { title: 'STATE', importance: 85, value: (queue) => stateOf(queue) ?? 'active' },
  ],
  name: (queue) => queue.name,
  empty: 'There are no queues.',
};

export const queueRecord: RecordView<QueueDetail> = {
  name: (queue) => queue.name,
  sections: (queue, { words, table }) => {
    const sections: Section[] = [
      {
        fields: [
          ['queue', { text: queue.name, tone: 'strong' }],
          ['settings', describePolicy(queue.config)],
          ['state', queue.paused ? { text: pausedText(queue, words), tone: 'warn' } : 'active'],
          ['waiting', queue.waiting],
          ['delayed', queue.delayed],
          ['in flight', moving(queue.inFlight)],
          ['dead', alarming(queue.dead)],
          ...(queue.config.type === 'fifo' ? ([['groups', queue.groups]] as const) : []),
          ['oldest waiting', words.duration(queue.oldestWaitingMs) || '-'],
          ['workers', queue.workers],
          ['per second', `${rate(queue.inPerSecond)} in, ${rate(queue.outPerSecond)} out`],
          ['empty in about', drainText(queue, words)],
          ['wait p95', waitText(queue, words)],
          ...needFields(queue, words),
          ...alertFields(queue, words),
          [
            'so far',
            `${queue.totals.enqueued} enqueued, ${queue.totals.completed} completed, ${countOf(queue.totals.failed, 'attempt')} failed`,
          ],
        ],
      },
    ];
    if (queue.waitingFor.length > 0) {
      sections.push({
        title: 'waits for functions that no worker offers',
        table: table(queue.waitingFor, [
          {
            title: 'FUNCTION',
            importance: 100,
            min: 10,
            copied: true,
            value: (row) => row.functionId,
          },
          { title: 'JOBS', importance: 90, align: 'right', value: (row) => row.jobs },
        ]),
      });
    }
    return sections;
  },
};

/** What an operator should see first: a pause, or jobs that wait too long; `null` when all is well. */
export function stateOf({ paused, slo }: QueueSummary): Cell | null {
  if (paused) return { text: 'paused', tone: 'warn' };
  return slo?.isMet === false ? { text: 'over SLO', tone: 'bad' } : null;
}

function drainText({ drainMs, waiting, delayed }: QueueDetail, words: Words): string {
  if (drainMs !== null) return words.duration(drainMs);
  return waiting + delayed === 0 ? '-' : 'not at this rate';
}

/** What attempts wait, beside what they should. */
function waitText({ waitP95Ms = null, slo = null }: QueueDetail, words: Words): Cell {
  if (slo === null) return words.duration(waitP95Ms) || '-';
  const { currentWaitP95Ms, isMet } = slo;
  const text = `${words.duration(currentWaitP95Ms) || '-'}, SLO ${words.duration(slo.waitP95Ms)}: ${isMet ? 'ok' : 'breached'}`;
  return isMet ? text : { text, tone: 'bad' };
}

/** What it takes to keep up; nothing while that is not known. */
function needFields(queue: QueueDetail, words: Words): readonly (readonly [string, Cell])[] {
  const { workersNeeded = null, concurrencyNeeded = null, jobMs = null, config } = queue;
  if (workersNeeded === null || concurrencyNeeded === null || jobMs === null) return [];
  const limit = config.type === 'fifo' ? config.groupConcurrency : config.concurrency;
  const key = config.type === 'fifo' ? 'group_concurrency' : 'concurrency';
  const isShort = workersNeeded > queue.workers || concurrencyNeeded > limit;
  const more = concurrencyNeeded > limit ? `, and ${key}: ${concurrencyNeeded}` : '';
  const text = `${workersNeeded}${more} (a job runs ${words.duration(jobMs)})`;
  return [['workers needed', isShort ? { text, tone: 'warn' } : text]];
}

function alertFields({ alerts }: QueueDetail, words: Words): readonly (readonly [string, Cell])[] {
  if (alerts === undefined || alerts.length === 0) return [];
  const texts = alerts.map(({ alert, since }) => `${alert}, firing since ${words.time(since)}`);
  return [['alerts', { text: texts.join('; '), tone: 'bad' }]];
}

function pausedText({ pausedUntil }: QueueDetail, words: Words): string {
  return pausedUntil === undefined ? 'paused' : `paused, goes on ${words.time(pausedUntil)}`;
}

function rate(perSecond: number): string {
  return perSecond === 0 ? '0' : perSecond.toFixed(perSecond < 10 ? 1 : 0);
}
