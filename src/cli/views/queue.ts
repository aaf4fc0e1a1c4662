import type { QueueDetail, QueueSummary } from '../../admin/contract.ts';
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

export const queueList: ListView<QueueSummary> = {
  columns: [
    { title: 'QUEUE', importance: 100, min: 8, value: (queue) => queue.name },
    { title: 'TYPE', importance: 40, value: (queue) => queue.type },
    count('WAITING', 90, (queue) => queue.waiting),
    count('DELAYED', 70, (queue) => queue.delayed),
    count('IN FLIGHT', 80, (queue) => queue.inFlight),
    count('DEAD', 95, (queue) => alarming(queue.dead)),
    count('OLDEST', 60, (queue, words) => words.duration(queue.oldestWaitingMs) || '-'),
    count('IN/S', 30, (queue) => rate(queue.inPerSecond)),
    count('OUT/S', 30, (queue) => rate(queue.outPerSecond)),
    count('WORKERS', 50, (queue) => queue.workers),
    {
      title: 'STATE',
      importance: 65,
      value: (queue) => (queue.paused ? { text: 'paused', tone: 'warn' } : 'active'),
    },
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
          ['in flight', queue.inFlight],
          ['dead', alarming(queue.dead)],
          ...(queue.config.type === 'fifo' ? ([['groups', queue.groups]] as const) : []),
          ['oldest waiting', words.duration(queue.oldestWaitingMs) || '-'],
          ['workers', queue.workers],
          ['per second', `${rate(queue.inPerSecond)} in, ${rate(queue.outPerSecond)} out`],
          ['empty in about', words.duration(queue.drainMs) || '-'],
          [
            'so far',
            `${queue.totals.enqueued} enqueued, ${queue.totals.completed} completed, ${queue.totals.failed} attempts failed`,
          ],
        ],
      },
    ];
    if (queue.waitingFor.length > 0) {
      sections.push({
        title: 'waits for functions that no worker offers',
        table: table(queue.waitingFor, [
          { title: 'FUNCTION', importance: 2, min: 10, value: (row) => row.functionId },
          { title: 'JOBS', importance: 3, align: 'right', value: (row) => row.jobs },
        ]),
      });
    }
    return sections;
  },
};

function pausedText({ pausedUntil }: QueueDetail, words: Words): string {
  return pausedUntil === undefined ? 'paused' : `paused, goes on ${words.time(pausedUntil)}`;
}

function rate(perSecond: number): string {
  return perSecond === 0 ? '0' : perSecond.toFixed(perSecond < 10 ? 1 : 0);
}
