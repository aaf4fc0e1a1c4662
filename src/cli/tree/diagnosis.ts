import type { ArgumentSpec, CommandSpec } from '../command.ts';
import { DRY_RUN, JOB, QUEUE, WATCH, YES } from './options.ts';

const GROUP: ArgumentSpec = {
  name: 'group',
  summary: 'value of the group field: acme, 12 or JSON',
  required: true,
};

/** Commands that say what is wrong. */
export const DIAGNOSIS_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['job', 'explain'],
    summary: 'why a job is not running now, and what would change it',
    notes: [
      'The first reason is what to look at: paused, behind an older job of its group, delayed, no worker, busy, rate limited, in flight.',
    ],
    arguments: [JOB],
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
    arguments: [QUEUE],
    options: [
      { flags: '--blocked', summary: 'only those that something other than their turn holds back' },
      { flags: '--limit <count>', summary: 'at most this many (default 50)' },
      WATCH,
    ],
    examples: [
      { command: 'iii group list payment', does: 'oldest first' },
      { command: 'iii group list payment --blocked', does: 'those that stand still, and why' },
    ],
    load: () => import('../commands/group/list.ts'),
  },
  {
    path: ['group', 'show'],
    summary: 'one group: its head, why that does not run, what it failed of, what waits behind it',
    arguments: [QUEUE, GROUP],
    options: [{ flags: '--limit <count>', summary: 'jobs behind the head, at most (default 10)' }],
    examples: [{ command: 'iii group show payment acme', does: 'everything about it' }],
    load: () => import('../commands/group/show.ts'),
  },
  {
    path: ['group', 'skip'],
    summary: 'let a group go on without its head, which becomes a dead job',
    notes: ['iii dlq redrive brings the job back to its place, before those that are still there.'],
    arguments: [QUEUE, GROUP],
    options: [
      { flags: '--reason <text>', summary: 'why, for whoever finds it later' },
      DRY_RUN,
      YES,
    ],
    examples: [
      { command: 'iii group skip payment acme --dry-run', does: 'which job it would be' },
      { command: 'iii group skip payment acme --reason refunded', does: 'asks first' },
    ],
    load: () => import('../commands/group/skip.ts'),
  },
  {
    path: ['group', 'park'],
    summary: 'let a group wait until a time, or until it is resumed; the other groups go on',
    notes: ['Not while its head is in flight.'],
    arguments: [QUEUE, GROUP],
    options: [
      { flags: '--until <time>', summary: 'go on by itself then: now+2h, or RFC 3339' },
      { flags: '--for <duration>', summary: 'go on by itself after that: 30m, 2h' },
      DRY_RUN,
    ],
    examples: [
      { command: 'iii group park payment acme --for 2h', does: 'goes on by itself' },
      { command: 'iii group park payment acme', does: 'until iii group resume' },
    ],
    load: () => import('../commands/group/park.ts'),
  },
  {
    path: ['group', 'resume'],
    summary: 'let a parked group go on',
    arguments: [QUEUE, GROUP],
    options: [DRY_RUN],
    examples: [{ command: 'iii group resume payment acme', does: 'with the job it waited with' }],
    load: () => import('../commands/group/resume.ts'),
  },
  {
    path: ['doctor'],
    summary: 'what is wrong with an engine, and what mends each thing',
    notes: [
      'It looks at the answer, versions, clocks, the guarantee of the store, missing workers, paused and waiting queues, dead jobs, subscriptions and the configuration file of this folder.',
      'The status is 1 when jobs are stuck or a file is not valid, and 0 when there are only warnings.',
    ],
    examples: [
      { command: 'iii doctor', does: 'every check' },
      { command: 'iii doctor -o json', does: 'for a monitor' },
    ],
    load: () => import('../commands/doctor.ts'),
  },
  {
    path: ['logs'],
    summary: 'what happens in the engine, as it happens',
    notes: [
      'On a terminal a line each; in a pipe JSON lines. It goes on until Ctrl-C.',
      'Kinds: job (everything about jobs), failure, dead, worker, operator.',
    ],
    options: [
      { flags: '--queue <queue>', summary: 'only of this queue', completes: 'queue' },
      { flags: '--id <id>', summary: 'only of this job', completes: 'job' },
      {
        flags: '-k, --kind <kind>',
        summary: 'only of this kind; may be given several times',
        choices: ['job', 'failure', 'dead', 'worker', 'operator'],
        repeatable: true,
      },
      { flags: '--recent <count>', summary: 'show this many earlier ones first (default 10)' },
      { flags: '--once', summary: 'end after those' },
    ],
    examples: [
      { command: 'iii logs --kind failure', does: 'what fails, and with which error' },
      { command: 'iii logs --queue payment | jq .error', does: 'for a program' },
    ],
    load: () => import('../commands/logs.ts'),
  },
  {
    path: ['wait'],
    summary: 'until a job has ended, or a queue has nothing left to run',
    notes: ['It waits for --timeout, 5 minutes by default, and ends with 6 when that is over.'],
    arguments: [
      { name: 'noun', summary: 'job or queue', required: true, choices: ['job', 'queue'] },
      { name: 'name', summary: 'id of the job, or name of the queue', required: true },
    ],
    options: [
      {
        flags: '--for <state>',
        summary:
          'the end a job is to come to; with another one the status is 1 (default completed)',
        choices: ['completed', 'dead', 'discarded', 'end'],
      },
    ],
    examples: [
      { command: 'iii wait job 3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11', does: '0 when it completed' },
      { command: 'iii wait queue payment --timeout 10m', does: 'until it is empty' },
    ],
    load: () => import('../commands/wait.ts'),
  },
  {
    path: ['top'],
    summary: 'queues, workers and failures, live on the whole screen',
    notes: ['Keys: ? shows them. It changes nothing but what p (pause) and r (redrive) ask for.'],
    options: [{ flags: '--interval <duration>', summary: 'how often it asks (default 1s)' }],
    examples: [
      { command: 'iii top', does: 'q ends it' },
      { command: 'iii top --interval 5s', does: 'over a slow line' },
    ],
    load: () => import('../commands/top.ts'),
  },
];
