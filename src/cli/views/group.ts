import type { GroupView } from '../../admin/group-contract.ts';
import type { ListView } from '../output/output.ts';
import { stateOf } from './job.ts';

const BLOCKS: Readonly<Record<NonNullable<GroupView['blockedBy']>, string>> = {
  backoff: 'waits to be retried',
  delay: 'delayed',
  no_worker: 'no worker',
  paused: 'queue paused',
};

export const groupList: ListView<GroupView> = {
  columns: [
    { title: 'GROUP', importance: 100, min: 8, value: ({ group }) => group },
    { title: 'JOBS', importance: 90, align: 'right', value: ({ jobs }) => jobs },
    { title: 'HEAD', importance: 50, min: 9, copied: true, value: ({ head }) => head.id },
    { title: 'STATE', importance: 80, value: ({ head }) => stateOf(head.state) },
    {
      title: 'BLOCKED BY',
      importance: 95,
      value: ({ blockedBy }) =>
        blockedBy === null ? '' : { text: BLOCKS[blockedBy], tone: 'warn' },
    },
    { title: 'ATTEMPTS', importance: 40, align: 'right', value: ({ head }) => head.attempts },
    { title: 'DUE', importance: 60, value: ({ head }, words) => words.time(head.dueAt) },
    { title: 'SINCE', importance: 55, value: ({ head }, words) => words.time(head.enqueuedAt) },
  ],
  name: ({ group }) => group,
  empty: 'No groups.',
};
