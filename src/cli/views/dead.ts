import type { AdminResult, DeadJob } from '../../admin/contract.ts';
import type { ListView } from '../output/output.ts';

type DeadCount = AdminResult<'iii::dlq::summary'>['queues'][number];

export const deadCounts: ListView<DeadCount> = {
  columns: [
    { title: 'QUEUE', importance: 100, min: 8, copied: true, value: (row) => row.queue },
    {
      title: 'DEAD',
      importance: 90,
      align: 'right',
      value: (row) => (row.dead === 0 ? 0 : { text: row.dead, tone: 'bad' }),
    },
    {
      title: 'OLDEST',
      importance: 50,
      value: (row, words) => words.time(row.oldestFailedAt) || '-',
    },
    { title: 'KEPT IN', importance: 20, min: 8, value: (row) => row.deadLetterQueue },
  ],
  name: (row) => row.queue,
  empty: 'There are no queues.',
};

/** Dead jobs of one queue. */
export function deadList(queue: string): ListView<Omit<DeadJob, 'payloadText'>> {
  return {
    columns: [
      { title: 'ID', importance: 100, min: 9, copied: true, value: (job) => job.id },
      { title: 'FUNCTION', importance: 60, min: 10, value: (job) => job.functionId },
      { title: 'GROUP', importance: 20, min: 6, value: (job) => job.group ?? '' },
      { title: 'ATTEMPTS', importance: 40, align: 'right', value: (job) => job.attempts },
      { title: 'REASON', importance: 45, value: (job) => job.reason },
      {
        title: 'ERROR',
        importance: 90,
        min: 12,
        wanted: 40,
        value: ({ error }) => `${error.code}: ${error.message}`,
      },
      { title: 'DIED', importance: 70, value: (job, words) => words.time(job.failedAt) },
    ],
    name: (job) => job.id,
    empty: `No dead jobs in ${queue}.`,
  };
}
