import type { ArgumentSpec, CommandSpec } from '../command.ts';
import { DRY_RUN, YES } from './options.ts';

const FILE: ArgumentSpec = { name: 'file', summary: 'the configuration', completes: 'file' };
const USUAL_FILES = 'Without a file: iii-config.yaml or config.yaml in the current folder.';

/** Commands about the configuration: a file, and what an engine runs with. */
export const CONFIG_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['config', 'validate'],
    summary: 'check a configuration file, like a compiler',
    notes: [`${USUAL_FILES} -o github writes annotations for GitHub Actions.`],
    arguments: [FILE],
    options: [{ flags: '--strict', summary: 'warnings fail too' }],
    formats: ['github'],
    examples: [
      { command: 'iii config validate iii-config.yaml', does: 'problems, and the queues it makes' },
      { command: 'iii config validate --strict -o github', does: 'in a GitHub workflow' },
    ],
    load: () => import('../commands/config/validate.ts'),
  },
  {
    path: ['config', 'show'],
    summary: 'every setting as it is: of the running engine, or as a file would make it',
    notes: [
      'Without a file: of the running engine. Passwords and tokens are masked.',
      'Origins: a line of the file, a variable in it ($NAME), an option of iii serve, default, or who applied it.',
    ],
    arguments: [FILE],
    options: [{ flags: '--origin', summary: 'where each value comes from' }],
    examples: [
      { command: 'iii config show --origin', does: 'what the engine runs with, and why' },
      { command: 'iii config show iii-config.yaml -o json', does: 'what a file resolves to' },
    ],
    load: () => import('../commands/config/show.ts'),
  },
  {
    path: ['config', 'schema'],
    summary: 'the JSON Schema of the configuration file, for editors',
    notes: [
      'An editor that knows YAML uses it when the first line of the file is what --header prints: # yaml-language-server: $schema=...',
    ],
    options: [{ flags: '--header', summary: 'print that first line instead' }],
    examples: [
      { command: 'iii config schema > iii-config.schema.json', does: 'a copy of your own' },
      { command: 'iii config schema --header', does: 'the line that makes editors use it' },
    ],
    load: () => import('../commands/config/schema.ts'),
  },
  {
    path: ['config', 'plan'],
    summary: 'how a file differs from what the engine runs with, and what applying it would do',
    notes: [
      'live: applied while jobs run. destructive: jobs that are there lose something. restart: left until the engine is started anew.',
      `The status is 8 when there are differences, and 0 when there are none. ${USUAL_FILES}`,
    ],
    arguments: [FILE],
    options: [
      {
        flags: '--plan-out <file>',
        summary: 'write the plan down, for iii config apply --plan',
        completes: 'file',
      },
    ],
    examples: [
      { command: 'iii config plan iii-config.yaml', does: 'each difference with its effect' },
      {
        command: 'iii config plan iii-config.yaml --plan-out plan.json',
        does: 'to apply it later',
      },
    ],
    load: () => import('../commands/config/plan.ts'),
  },
  {
    path: ['config', 'apply'],
    summary: 'give the running engine the settings of a file, without a restart where that can be',
    notes: [
      'Settings of queues change while jobs run; attempts in flight go on. What jobs lose something by is asked for. What needs a restart is left, and the status is 3.',
      'With --plan: exactly that plan, refused (7) when the engine has another configuration by now.',
    ],
    arguments: [FILE],
    options: [
      {
        flags: '--plan <file>',
        summary: 'what iii config plan --plan-out wrote',
        completes: 'file',
      },
      DRY_RUN,
      YES,
    ],
    examples: [
      { command: 'iii config apply iii-config.yaml --dry-run', does: 'the same as a plan' },
      { command: 'iii config apply iii-config.yaml', does: 'applies what needs no restart' },
      { command: 'iii config apply --plan plan.json', does: 'exactly what was planned' },
    ],
    load: () => import('../commands/config/apply.ts'),
  },
];
