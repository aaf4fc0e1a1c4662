import type { CommandSpec } from '../command.ts';

/** Commands that say what is wrong. */
export const DIAGNOSIS_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['job', 'explain'],
    summary: 'why a job is not running now, and what would change it',
    notes: [
      'The first reason is what to look at: paused, behind an older job of its group, delayed, no worker, busy, rate limited, in flight.',
    ],
    arguments: [{ name: 'id', summary: 'id of the job', required: true, completes: 'job' }],
    examples: [
      {
        command: 'iii job explain 3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11',
        does: 'the reason, and the command that changes it',
      },
    ],
    load: () => import('../commands/job/explain.ts'),
  },
  {
    path: ['group', 'list'],
    summary: 'groups of a fifo queue that have jobs, with the job each waits for',
    arguments: [
      { name: 'queue', summary: 'name of the queue', required: true, completes: 'queue' },
    ],
    options: [
      { flags: '--blocked', summary: 'only those that something other than their turn holds back' },
      { flags: '--limit <count>', summary: 'at most this many (default 50)' },
    ],
    examples: [
      { command: 'iii group list payment', does: 'oldest first' },
      { command: 'iii group list payment --blocked', does: 'those that stand still, and why' },
    ],
    load: () => import('../commands/group/list.ts'),
  },
];
