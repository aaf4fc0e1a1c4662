import type { ArgumentSpec, CommandSpec } from '../command.ts';
import { DRY_RUN, JOB_IDS, PAGE_OPTIONS, YES } from './options.ts';

const QUEUE: ArgumentSpec = {
  name: 'queue',
  summary: 'name of the queue',
  required: true,
  completes: 'queue',
};
const ANY_QUEUE: ArgumentSpec = { ...QUEUE, required: false };
const JOB: ArgumentSpec = {
  name: 'id',
  summary: 'id of the job',
  required: true,
  completes: 'job',
};

/** Commands that look at queues and jobs, and change them. */
export const QUEUE_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['queue', 'list'],
    summary: 'every queue with its counts',
    options: [{ flags: '-w, --watch', summary: 'again every second' }],
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
    options: [DRY_RUN],
    examples: [{ command: 'iii queue pause payment', does: 'it still accepts jobs' }],
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
    path: ['job', 'list'],
    summary: 'jobs, in the order in which they were accepted',
    arguments: [ANY_QUEUE],
    options: [
      {
        flags: '-s, --state <state>',
        summary: 'only this state; may be given several times',
        choices: ['waiting', 'delayed', 'in_flight', 'dead', 'completed', 'discarded'],
        repeatable: true,
      },
      { flags: '-f, --function <id>', summary: 'only of this function', completes: 'function' },
      ...PAGE_OPTIONS,
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
    arguments: [{ ...JOB, name: 'ids', variadic: true }],
    options: [DRY_RUN, YES],
    examples: [
      {
        command: 'iii job cancel 3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11',
        does: 'asks first',
      },
    ],
    load: () => import('../commands/job/cancel.ts'),
  },
  {
    path: ['dlq', 'list'],
    summary: 'dead jobs of a queue, or how many each queue has',
    arguments: [ANY_QUEUE],
    options: PAGE_OPTIONS,
    examples: [
      { command: 'iii dlq list', does: 'dead jobs per queue' },
      { command: 'iii dlq list payment', does: 'each with its last error' },
      { command: 'iii dlq list payment --all -o ndjson', does: 'all of them, to a script' },
    ],
    load: () => import('../commands/dlq/list.ts'),
  },
  {
    path: ['dlq', 'show'],
    summary: 'everything about one dead job',
    arguments: [{ ...JOB, completes: 'dead' }],
    examples: [
      {
        command: 'iii dlq show 3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11',
        does: 'with every attempt and its error',
      },
    ],
    load: () => import('../commands/dlq/show.ts'),
  },
  {
    path: ['dlq', 'redrive'],
    summary: 'bring dead jobs back to their queue',
    notes: [
      'Attempts start from 0 and the id stays; in a fifo queue a job goes back to its original place.',
      'On a terminal it shows the plan and asks; in a script it just does it, because nothing is destroyed.',
    ],
    arguments: [ANY_QUEUE],
    options: [
      JOB_IDS,
      { flags: '--limit <count>', summary: 'at most this many, oldest death first' },
      { flags: '--all', summary: 'every dead job (what it does anyway)' },
      DRY_RUN,
      YES,
    ],
    examples: [
      { command: 'iii dlq redrive payment --dry-run', does: 'what would come back' },
      { command: 'iii dlq redrive payment', does: 'all dead jobs of a queue' },
      { command: 'iii dlq redrive --yes', does: 'all dead jobs of every queue' },
    ],
    load: () => import('../commands/dlq/redrive.ts'),
  },
  {
    path: ['dlq', 'discard'],
    summary: 'throw dead jobs away',
    arguments: [QUEUE],
    options: [
      JOB_IDS,
      { flags: '--all', summary: 'every dead job of the queue' },
      { flags: '--limit <count>', summary: 'with --all: at most this many, oldest death first' },
      DRY_RUN,
      YES,
    ],
    examples: [
      {
        command: 'iii dlq discard payment --id 3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11',
        does: 'one job; asks first',
      },
      { command: 'iii dlq discard payment --all --dry-run', does: 'what would be lost' },
    ],
    load: () => import('../commands/dlq/discard.ts'),
  },
  {
    path: ['worker', 'list'],
    summary: 'connected workers',
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
    options: [{ flags: '--internal', summary: "the engine's own ones too" }],
    examples: [{ command: 'iii function list', does: 'and who offers each' }],
    load: () => import('../commands/function/list.ts'),
  },
];
