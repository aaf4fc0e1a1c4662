import type { CommandSpec } from '../command.ts';
import { DRY_RUN } from './options.ts';

/** The command that measures an engine. */
export const BENCH_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['bench'],
    summary: 'make load on an engine, and measure it',
    notes: [
      'Its jobs have a function of their own, offered by this process, and without --queue a queue of their own too: that of a subscription, for which nothing has to be configured. It takes both away when it ends, also by Ctrl-C.',
      'Receipts are timed until the engine has a job, jobs until they ran. With --rate, jobs are due at even distances, and a time counts from when the job was due: what waits here while the engine is slow is not left out.',
      'The status is 1 when a job was lost, and 3 when some were refused.',
    ],
    options: [
      { flags: '--duration <duration>', summary: 'make load for this long (default 10s)' },
      { flags: '--jobs <count>', summary: 'or until so many jobs were made' },
      { flags: '--outstanding <count>', summary: 'jobs on their way at a time (default 100)' },
      { flags: '--rate <rate>', summary: 'make so many, and not as many as go: 50, 50/s, 600/m' },
      { flags: '--payload-bytes <count>', summary: 'size of a payload (default 300)' },
      { flags: '--groups <count>', summary: 'in FIFO order, in so many groups' },
      {
        flags: '--queue <queue>',
        summary: 'use a queue of the configuration; its own jobs wait behind those of the bench',
        completes: 'queue',
      },
      DRY_RUN,
    ],
    examples: [
      { command: 'iii bench', does: 'ten seconds, as fast as it goes' },
      { command: 'iii bench --rate 500/s --duration 1m', does: 'how long jobs take at that rate' },
      { command: 'iii bench --jobs 10000 --queue default -o json', does: 'for a script' },
    ],
    load: () => import('../commands/bench.ts'),
  },
];
