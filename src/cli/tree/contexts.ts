import type { ArgumentSpec, CommandSpec } from '../command.ts';
import { DRY_RUN } from './options.ts';

const NAME: ArgumentSpec = {
  name: 'name',
  summary: 'name of the context',
  required: true,
  completes: 'context',
};

/** Commands about engines that have names. */
export const CONTEXT_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['context', 'list'],
    summary: 'engines by name; * is in use',
    examples: [{ command: 'iii context list', does: 'with address, and where the token is' }],
    load: () => import('../commands/context/list.ts'),
  },
  {
    path: ['context', 'show'],
    summary: 'which engine a command would talk to, and who says so',
    notes: [
      'An engine is named by --url, --context, III_URL, III_CONTEXT, ./.iii.yaml, the context in use, the settings of the user, in this order.',
    ],
    arguments: [{ ...NAME, required: false }],
    examples: [
      { command: 'iii context show', does: 'where the next command would go' },
      { command: 'iii context show production', does: 'one that has a name' },
    ],
    load: () => import('../commands/context/show.ts'),
  },
  {
    path: ['context', 'use'],
    summary: 'talk to this engine from now on, where nothing else names one',
    arguments: [{ ...NAME, required: false }],
    options: [{ flags: '--none', summary: 'use none of them' }, DRY_RUN],
    examples: [
      { command: 'iii context use production', does: 'until another one is used' },
      { command: 'iii context use --none', does: 'back to the settings and the default' },
    ],
    load: () => import('../commands/context/use.ts'),
  },
  {
    path: ['context', 'add'],
    summary: 'give an engine a name, and a token that goes only there',
    notes: [
      'The address is --url. With --token-file the path is remembered and the file is read by each call; with --token-stdin the token itself is kept, in a file that only you can read. It is sent to this address alone, and only when the engine is named by its context.',
    ],
    arguments: [{ name: 'name', summary: 'letters, digits, . _ and -', required: true }],
    options: [
      { flags: '--token-stdin', summary: 'keep the token that is piped in' },
      { flags: '--replace', summary: 'if there is one of this name, put this in its place' },
      { flags: '--use', summary: 'use it from now on' },
      DRY_RUN,
    ],
    examples: [
      {
        command:
          'iii context add production --url wss://queues.example.com --token-file ~/.iii-token',
        does: 'the token stays in its file',
      },
      {
        command: 'iii context add staging --url ws://staging:49134 --token-stdin --use',
        does: 'from a pipe: vault read … | iii context add …',
      },
    ],
    load: () => import('../commands/context/add.ts'),
  },
  {
    path: ['context', 'remove'],
    summary: 'forget an engine, and the token kept for it',
    arguments: [NAME],
    options: [DRY_RUN],
    examples: [{ command: 'iii context remove staging', does: 'a token file stays where it is' }],
    load: () => import('../commands/context/remove.ts'),
  },
];
