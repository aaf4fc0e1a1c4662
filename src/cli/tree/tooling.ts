import type { CommandSpec } from '../command.ts';
import { WATCH } from './options.ts';

/** Commands that need no engine. */
export const TOOL_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['engine', 'list'],
    summary: 'the engines on the same jobs',
    options: [WATCH],
    notes: ['The one that answers is marked with *. One that fell silent is listed for an hour.'],
    examples: [
      { command: 'iii engine list', does: 'with their addresses and when they were seen' },
    ],
    load: () => import('../commands/engine/list.ts'),
  },
  {
    path: ['token', 'create'],
    summary: 'make a token, and the lines that let it in',
    options: [
      { flags: '--name <name>', summary: 'its name in the configuration (default: operator)' },
      {
        flags: '--role <role>',
        summary: 'what it may do (default: operate)',
        choices: ['read', 'operate', 'admin', 'worker'],
      },
    ],
    examples: [
      { command: 'iii token create --name ci --role read', does: 'prints it once; keep it' },
    ],
    load: () => import('../commands/token/create.ts'),
  },
  {
    path: ['completion'],
    summary: 'print the completion script of a shell',
    arguments: [
      {
        name: 'shell',
        summary: 'bash, zsh or fish',
        required: true,
        choices: ['bash', 'zsh', 'fish'],
      },
    ],
    examples: [
      { command: 'source <(iii completion bash)', does: 'for this shell' },
      { command: 'iii completion fish > ~/.config/fish/completions/iii.fish', does: 'for good' },
    ],
    load: () => import('../commands/completion.ts'),
  },
  {
    path: ['help'],
    summary: 'help on a command, exit-codes or examples',
    arguments: [{ name: 'topic', summary: 'a command, exit-codes or examples', variadic: true }],
    examples: [
      { command: 'iii help exit-codes', does: 'what each exit status means' },
      { command: 'iii help examples', does: 'a cheat sheet' },
    ],
    load: () => import('../commands/help.ts'),
  },
  {
    path: ['version'],
    summary: 'versions of this tool, the protocol, and the running engine',
    examples: [{ command: 'iii version', does: 'the same as iii --version' }],
    load: () => import('../commands/version.ts'),
  },
  {
    path: ['__complete'],
    summary: 'words a shell can offer next',
    arguments: [{ name: 'words', summary: 'shell, then the words typed so far', variadic: true }],
    examples: [],
    hidden: true,
    load: () => import('../commands/complete.ts'),
  },
];
