import type { ArgumentSpec, CommandSpec } from '../command.ts';
import { DRY_RUN } from './options.ts';

const FOLDER: ArgumentSpec = {
  name: 'folder',
  summary: 'folder of the store (default ./data/queue_store)',
  completes: 'directory',
};

/** Commands that read a file store themselves, with an engine beside them or without. */
export const STORE_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['store', 'verify'],
    summary: 'check every record of a file store and its state',
    notes: [
      'Reads everything and changes nothing. The exit status is 1 when something is damaged; iii serve --repair then puts it aside and goes on with the rest.',
    ],
    arguments: [FOLDER],
    examples: [{ command: 'iii store verify ./data/queue_store', does: 'jobs by state, damage' }],
    load: () => import('../commands/store/verify.ts'),
  },
  {
    path: ['store', 'backup'],
    summary: 'copy a file store, also while the engine runs',
    notes: [
      'The copy has the jobs as they were at one instant, then the state (values, subscriptions), and is checked. To use it, start an engine on it with --store.',
    ],
    arguments: [
      { name: 'folder', summary: 'the store to copy', required: true, completes: 'directory' },
      { name: 'to', summary: 'a new or empty folder', required: true, completes: 'directory' },
    ],
    options: [DRY_RUN],
    examples: [
      { command: 'iii store backup ./data/queue_store /backup/monday', does: 'a consistent copy' },
    ],
    load: () => import('../commands/store/backup.ts'),
  },
  {
    path: ['store', 'info'],
    summary: 'what a file store holds, and which engine uses it',
    arguments: [FOLDER],
    examples: [{ command: 'iii store info', does: 'of ./data/queue_store' }],
    load: () => import('../commands/store/info.ts'),
  },
  {
    path: ['store', 'migrate'],
    summary: 'move jobs, subscriptions and values from one store to another',
    notes: [
      'Both stores are named by configuration files. No engine may use the source, nor a target in RabbitMQ. Waiting, delayed and dead jobs go with their ids, order, attempts and history, then subscriptions and what users keep in the state; each leaves the source when it was read back from the target and is the same. A run that broke off goes on where it was when it is run again. Finished jobs, bulk tasks and the audit trail stay.',
      'RabbitMQ keeps no priorities and no dedup keys. The rehearsal names the jobs that have one; they are moved only with --allow-loss. Out of RabbitMQ a rehearsal tells only the lengths of the queues, since nobody can look at a job there without being handed it; what is no job of the queues in the configuration stays, and the exit status is 3.',
    ],
    options: [
      {
        flags: '--from <file>',
        summary: 'configuration of the engine that has the jobs',
        completes: 'file',
      },
      {
        flags: '--to <file>',
        summary: 'configuration of the engine that is to have them',
        completes: 'file',
      },
      { flags: '--dry-run', summary: 'count what would be moved, and say what would be lost' },
      { flags: '--allow-loss', summary: 'move jobs also without what the target cannot keep' },
    ],
    examples: [
      {
        command: 'iii store migrate --from files.yaml --to redis.yaml --dry-run',
        does: 'what would be moved',
      },
    ],
    load: () => import('../commands/store/migrate.ts'),
  },
];
