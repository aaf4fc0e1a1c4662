import type { CommandSpec, OptionSpec } from '../command.ts';
import {
  ANY_QUEUE,
  DRY_RUN,
  JOB,
  JOB_IDS,
  PAGE_OPTIONS,
  QUEUE,
  DEAD_SELECTOR_OPTIONS,
  TASK_OPTIONS,
  WATCH,
  WITHOUT_UNDO,
  YES,
} from './options.ts';

const LIMIT: OptionSpec = {
  flags: '--limit <count>',
  summary: 'at most this many, oldest death first',
};

/** Commands that look at dead jobs, bring them back, and throw them away. */
export const DEAD_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['dlq', 'list'],
    summary: 'dead jobs of a queue, or how many each queue has',
    arguments: [ANY_QUEUE],
    options: [...DEAD_SELECTOR_OPTIONS, ...PAGE_OPTIONS, WATCH],
    examples: [
      { command: 'iii dlq list', does: 'dead jobs per queue' },
      { command: 'iii dlq list payment', does: 'each with its last error' },
      { command: `iii dlq list payment --where 'error~"429" and age>1h'`, does: 'some of them' },
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
      LIMIT,
      { flags: '--all', summary: 'every dead job (what it does anyway)' },
      ...DEAD_SELECTOR_OPTIONS,
      { flags: '--to <queue>', summary: 'to this queue instead of their own', completes: 'queue' },
      ...TASK_OPTIONS,
      { flags: '--canary <count>', summary: 'this many first; the rest when those succeed' },
      { flags: '--abort-if-fail-rate <share>', summary: 'share of them that may die again (0%)' },
      DRY_RUN,
      YES,
    ],
    examples: [
      { command: 'iii dlq redrive payment --dry-run', does: 'what would come back' },
      { command: 'iii dlq redrive payment', does: 'all dead jobs of a queue' },
      { command: 'iii dlq redrive --yes', does: 'all dead jobs of every queue' },
      {
        command: 'iii dlq redrive payment --canary 5 --rate 50/s',
        does: 'five first; stops by itself when they die again',
      },
    ],
    load: () => import('../commands/dlq/redrive.ts'),
  },
  {
    path: ['dlq', 'discard'],
    summary: 'throw dead jobs away',
    notes: ['For a while it can be undone: iii undo list.'],
    arguments: [ANY_QUEUE],
    options: [
      JOB_IDS,
      { flags: '--all', summary: 'every dead job of the queue' },
      LIMIT,
      ...DEAD_SELECTOR_OPTIONS,
      ...TASK_OPTIONS,
      WITHOUT_UNDO,
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
    path: ['dlq', 'purge'],
    summary: 'throw every dead job of a queue away, or those that a selector selects',
    notes: ['For a while it can be undone: iii undo list.'],
    arguments: [QUEUE],
    options: [LIMIT, ...DEAD_SELECTOR_OPTIONS, ...TASK_OPTIONS, WITHOUT_UNDO, DRY_RUN, YES],
    examples: [
      { command: 'iii dlq purge payment --dry-run', does: 'what would be lost' },
      { command: 'iii dlq purge payment', does: 'asks for the name of the queue' },
    ],
    load: () => import('../commands/dlq/purge.ts'),
  },
  {
    path: ['dlq', 'errors'],
    summary: 'dead jobs by what they died of',
    notes: [
      'Errors that differ only in ids, numbers, paths and quoted texts are one cluster; --cluster takes its fingerprint in every command.',
    ],
    arguments: [QUEUE],
    options: [...DEAD_SELECTOR_OPTIONS, WATCH],
    examples: [
      { command: 'iii dlq errors payment', does: 'the causes, most jobs first' },
      { command: 'iii dlq errors payment --since now-1h', does: 'those of the last hour' },
    ],
    load: () => import('../commands/dlq/errors.ts'),
  },
  {
    path: ['dlq', 'export'],
    summary: 'write dead jobs to a file, one per line',
    arguments: [QUEUE],
    options: [
      { flags: '--file <file>', summary: 'where to (default: standard output)', completes: 'file' },
      { flags: '--limit <count>', summary: 'at most this many' },
      ...DEAD_SELECTOR_OPTIONS,
    ],
    examples: [
      { command: 'iii dlq export payment --file dead.ndjson', does: 'all of them' },
      { command: 'iii dlq export payment --cluster 3f0e6c1e5d', does: 'those of one cause' },
    ],
    load: () => import('../commands/dlq/export.ts'),
  },
  {
    path: ['dlq', 'import'],
    summary: 'take dead jobs from a file',
    notes: [
      'Ids, history and order are kept. A job that is dead here already is replaced when it differs; jobs that are alive or done are left alone. Doing it twice does nothing twice.',
      'The file may have been edited; it must still have its first and its last line.',
    ],
    arguments: [ANY_QUEUE],
    options: [
      {
        flags: '--file <file>',
        summary: 'where from; - or nothing: what is piped in',
        completes: 'file',
      },
      DRY_RUN,
      YES,
    ],
    examples: [
      {
        command: 'iii dlq import --file dead.ndjson --dry-run',
        does: 'what would change, per job',
      },
      { command: 'iii dlq import payment --file dead.ndjson', does: 'into this queue' },
    ],
    load: () => import('../commands/dlq/import.ts'),
  },
];
