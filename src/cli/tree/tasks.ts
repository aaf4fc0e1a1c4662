import type { ArgumentSpec, CommandSpec } from '../command.ts';
import { DRY_RUN, WATCH } from './options.ts';

const TASK: ArgumentSpec = { name: 'task', summary: 'id of the task', required: true };

/** Commands about bulk changes: how they go, what can be undone, who did what. */
export const TASK_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['task', 'list'],
    summary: 'bulk changes that run or ran, the latest first',
    options: [WATCH],
    examples: [{ command: 'iii task list', does: 'with how far each is' }],
    load: () => import('../commands/task/list.ts'),
  },
  {
    path: ['task', 'show'],
    summary: 'one bulk change: what it did, what it left alone and why',
    arguments: [TASK],
    examples: [{ command: 'iii task show 3f0e6c1e', does: 'everything about it' }],
    load: () => import('../commands/task/show.ts'),
  },
  {
    path: ['task', 'watch'],
    summary: 'wait until a task has ended',
    notes: ['It waits as long as it takes; with --timeout it ends with 6 when that is over.'],
    arguments: [TASK],
    examples: [{ command: 'iii task watch 3f0e6c1e', does: 'ends with 0 when it was done' }],
    load: () => import('../commands/task/watch.ts'),
  },
  {
    path: ['task', 'pause'],
    summary: 'let a task rest after the batch under way',
    arguments: [TASK],
    options: [DRY_RUN],
    examples: [{ command: 'iii task pause 3f0e6c1e', does: 'stays so over a restart' }],
    load: () => import('../commands/task/pause.ts'),
  },
  {
    path: ['task', 'resume'],
    summary: 'let a paused task go on',
    arguments: [TASK],
    options: [DRY_RUN],
    examples: [{ command: 'iii task resume 3f0e6c1e', does: 'where it was' }],
    load: () => import('../commands/task/resume.ts'),
  },
  {
    path: ['task', 'cancel'],
    summary: 'end a task after the batch under way; what it did stays',
    arguments: [TASK],
    options: [DRY_RUN],
    examples: [{ command: 'iii task cancel 3f0e6c1e', does: 'it cannot be resumed' }],
    load: () => import('../commands/task/cancel.ts'),
  },
  {
    path: ['undo', 'list'],
    summary: 'what was discarded, purged or cancelled and can be brought back',
    options: [WATCH],
    examples: [{ command: 'iii undo list', does: 'and until when' }],
    load: () => import('../commands/undo/list.ts'),
  },
  {
    path: ['undo', 'apply'],
    summary: 'bring back the jobs that a task ended',
    arguments: [TASK],
    options: [DRY_RUN],
    examples: [{ command: 'iii undo apply 3f0e6c1e', does: 'each to its place' }],
    load: () => import('../commands/undo/apply.ts'),
  },
  {
    path: ['audit'],
    summary: 'who changed what, the latest first',
    options: [{ flags: '--limit <count>', summary: 'at most this many (default 50)' }, WATCH],
    examples: [{ command: 'iii audit', does: 'the last 50 changes' }],
    load: () => import('../commands/audit.ts'),
  },
];
