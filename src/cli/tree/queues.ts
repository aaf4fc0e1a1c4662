import type { ArgumentSpec, CommandSpec, OptionSpec } from '../command.ts';
import {
  ANY_QUEUE,
  DRY_RUN,
  JOB,
  PAGE_OPTIONS,
  QUEUE,
  SELECTOR_OPTIONS,
  STATES,
  TASK_OPTIONS,
  WATCH,
  WITHOUT_UNDO,
  YES,
} from './options.ts';

const IDS: ArgumentSpec = { ...JOB, name: 'ids', required: false, variadic: true };
const LIMIT: OptionSpec = { flags: '--limit <count>', summary: 'at most this many, oldest first' };
const TO: OptionSpec = {
  flags: '--to <queue>',
  summary: 'the queue they go to',
  completes: 'queue',
};
/** Jobs that are selected instead of named. */
const JOBS_OF_QUEUE: readonly OptionSpec[] = [
  { flags: '--queue <queue>', summary: 'only of this queue', completes: 'queue' },
  { flags: '--all', summary: 'all of them' },
  STATES,
  ...SELECTOR_OPTIONS,
];

/** Commands that look at queues and jobs, and change them. */
export const QUEUE_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['queue', 'list'],
    summary: 'every queue with its counts',
    options: [WATCH],
    examples: [
      { command: 'iii queue list', does: 'a table' },
      { command: 'iii queue list --watch', does: 'redrawn every second' },
      { command: 'iii queue list -o json', does: 'for a script' },
    ],
    load: () => import('../commands/queue/list.ts'),
  },
  {
    path: ['queue', 'show'],
    summary: 'settings and counts of one queue, and what it waits for',
    arguments: [QUEUE],
    examples: [{ command: 'iii queue show payment', does: 'everything about it' }],
    load: () => import('../commands/queue/show.ts'),
  },
  {
    path: ['queue', 'pause'],
    summary: 'start no more jobs of a queue; jobs in flight finish',
    arguments: [QUEUE],
    options: [
      { flags: '--until <time>', summary: 'go on by itself then: now+2h, or RFC 3339' },
      DRY_RUN,
    ],
    examples: [
      { command: 'iii queue pause payment', does: 'it still accepts jobs' },
      { command: 'iii queue pause payment --until now+30m', does: 'goes on by itself' },
    ],
    load: () => import('../commands/queue/pause.ts'),
  },
  {
    path: ['queue', 'resume'],
    summary: 'start jobs of a paused queue again',
    arguments: [QUEUE],
    options: [DRY_RUN],
    examples: [{ command: 'iii queue resume payment', does: 'goes on where it was' }],
    load: () => import('../commands/queue/resume.ts'),
  },
  {
    path: ['queue', 'drain'],
    summary: 'wait until nothing of a queue waits or runs any more',
    notes: ['It waits as long as it takes; with --timeout it ends with 6 when that is over.'],
    arguments: [QUEUE],
    options: [DRY_RUN],
    examples: [{ command: 'iii queue drain payment', does: 'ends when it is empty' }],
    load: () => import('../commands/queue/drain.ts'),
  },
  {
    path: ['queue', 'purge'],
    summary: 'discard what waits in a queue; jobs in flight finish, dead ones stay',
    notes: ['For a while it can be undone: iii undo list.'],
    arguments: [QUEUE],
    options: [STATES, ...SELECTOR_OPTIONS, ...TASK_OPTIONS, LIMIT, WITHOUT_UNDO, DRY_RUN, YES],
    examples: [
      { command: 'iii queue purge payment --dry-run', does: 'what would be lost' },
      { command: 'iii queue purge payment', does: 'asks for the name of the queue' },
    ],
    load: () => import('../commands/queue/purge.ts'),
  },
  {
    path: ['job', 'list'],
    summary: 'jobs, in the order in which they were accepted',
    arguments: [ANY_QUEUE],
    options: [
      STATES,
      { flags: '-f, --function <id>', summary: 'only of this function', completes: 'function' },
      ...SELECTOR_OPTIONS,
      ...PAGE_OPTIONS,
      WATCH,
    ],
    examples: [
      { command: 'iii job list payment', does: 'jobs of one queue' },
      { command: 'iii job list --state in_flight', does: 'what is running now' },
    ],
    load: () => import('../commands/job/list.ts'),
  },
  {
    path: ['job', 'show'],
    summary: 'one job: payload, and every attempt with its error',
    arguments: [JOB],
    examples: [
      {
        command: 'iii job show 3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11',
        does: 'by the id of its receipt',
      },
    ],
    load: () => import('../commands/job/show.ts'),
  },
  {
    path: ['job', 'cancel'],
    summary: 'discard jobs that wait; those in flight go on',
    notes: ['For a while it can be undone: iii undo list.'],
    arguments: [IDS],
    options: [...JOBS_OF_QUEUE, ...TASK_OPTIONS, LIMIT, WITHOUT_UNDO, DRY_RUN, YES],
    examples: [
      {
        command: 'iii job cancel 3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11',
        does: 'asks first',
      },
      {
        command: `iii job cancel --queue mail --where 'payload.to="x@example.com"' --dry-run`,
        does: 'what would be cancelled',
      },
    ],
    load: () => import('../commands/job/cancel.ts'),
  },
  {
    path: ['job', 'retry'],
    summary: 'let jobs run now: dead ones, and those that wait for their next attempt',
    arguments: [IDS],
    options: [...JOBS_OF_QUEUE, ...TASK_OPTIONS, LIMIT, DRY_RUN, YES],
    examples: [
      { command: 'iii job retry 3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11', does: 'one job' },
      { command: 'iii job retry --queue mail --state delayed', does: 'without waiting' },
    ],
    load: () => import('../commands/job/retry.ts'),
  },
  {
    path: ['job', 'move'],
    summary: 'put jobs that wait or are dead into another queue',
    notes: ['They keep their id, and their place in the order of acceptance.'],
    arguments: [IDS],
    options: [TO, ...JOBS_OF_QUEUE, ...TASK_OPTIONS, LIMIT, DRY_RUN, YES],
    examples: [
      {
        command: 'iii job move 3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11 --to slow',
        does: 'one job',
      },
      { command: `iii job move --queue mail --where 'age>1h' --to slow`, does: 'the old ones' },
    ],
    load: () => import('../commands/job/move.ts'),
  },
  {
    path: ['job', 'edit'],
    summary: 'give a job that waits or is dead another payload',
    arguments: [JOB],
    options: [
      { flags: '-d, --data <json>', summary: 'the payload' },
      {
        flags: '--file <file>',
        summary: 'the payload from a file; - is what is piped in',
        completes: 'file',
      },
      DRY_RUN,
    ],
    examples: [
      {
        command: `iii job edit 3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11 --data '{"amount":12}'`,
        does: 'id, place and history stay',
      },
    ],
    load: () => import('../commands/job/edit.ts'),
  },
  {
    path: ['worker', 'list'],
    summary: 'connected workers',
    options: [WATCH],
    examples: [{ command: 'iii worker list', does: 'with what they offer and run' }],
    load: () => import('../commands/worker/list.ts'),
  },
  {
    path: ['worker', 'run'],
    summary: 'run files that export functions and what triggers them',
    notes: [
      'A file has export default iii({ triggers }), or is named *.step.js and exports config and handler. A folder stands for every file below it.',
      'TypeScript needs tsx installed beside the files, or a Node that reads it by itself.',
      'The first Ctrl-C lets running calls finish for --grace; a second one ends it at once, and their jobs go back to their queues.',
    ],
    arguments: [
      {
        name: 'files',
        summary: 'files, or folders with files',
        required: true,
        variadic: true,
        completes: 'file',
      },
    ],
    options: [
      { flags: '-w, --watch', summary: 'run them anew when one of them changes' },
      { flags: '--name <name>', summary: 'name of the worker (default: host and process id)' },
      { flags: '--concurrency <count>', summary: 'calls at the same time, at most' },
      { flags: '--grace <duration>', summary: 'time for running calls when stopping (30s)' },
    ],
    examples: [
      { command: 'iii worker run orders.mjs', does: 'one file' },
      { command: 'iii worker run steps --watch', does: 'a folder, with reload on change' },
    ],
    ownsSignals: true,
    load: () => import('../commands/worker/run.ts'),
  },
  {
    path: ['function', 'list'],
    summary: 'functions that can be called',
    options: [{ flags: '--internal', summary: "the engine's own ones too" }, WATCH],
    examples: [{ command: 'iii function list', does: 'and who offers each' }],
    load: () => import('../commands/function/list.ts'),
  },
  {
    path: ['function', 'show'],
    summary: 'one function: who offers it, and what would call it',
    arguments: [
      { name: 'id', summary: 'id of the function', required: true, completes: 'function' },
    ],
    examples: [
      {
        command: 'iii function show orders::charge',
        does: 'its workers, queues, triggers and subscriptions',
      },
    ],
    load: () => import('../commands/function/show.ts'),
  },
];
