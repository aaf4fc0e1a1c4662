import type { CommandSpec, Example, OptionSpec } from './command.ts';
import { COMMANDS, commandsOf, findCommand, NOUNS } from './tree.ts';
import { GLOBAL_OPTIONS } from './tree/options.ts';
import { wrap } from './output/wrap.ts';

const SUMMARY = 'iii: job queues on the command line, with the engine inside';

/** What `iii` prints without arguments. */
export function shortHelp(width: number): string {
  return [
    SUMMARY,
    examples([
      { command: 'iii serve', does: 'run an engine' },
      {
        command: `iii enqueue default --function hello --data '{"name":"you"}'`,
        does: 'give it a job',
      },
      { command: 'iii queue list', does: 'see what it does' },
    ]),
    'All commands: iii --help. A cheat sheet: iii help examples.',
  ]
    .map((part) => `${wrap(part, width)}\n`)
    .join('\n');
}

/** Help for a call that asks for nothing else; such a call needs no parser. */
export function requestedHelp(argv: readonly string[], width: number): string | undefined {
  if (argv.length === 0) return shortHelp(width);
  const last = argv.at(-1);
  if (last !== '--help' && last !== '-h') return undefined;
  const words = argv.slice(0, -1);
  if (words.length === 0) return rootHelp(width);
  const command = findCommand(words);
  if (command !== undefined && command.hidden !== true) return commandHelp(command, width);
  const noun = NOUNS.find(({ name }) => name === words.join(' '));
  return noun === undefined ? undefined : nounHelp(noun.name, width);
}

/** `iii --help`. */
export function rootHelp(width: number): string {
  const single = COMMANDS.filter(({ path, hidden }) => path.length === 1 && hidden !== true);
  const rows = [
    ...single.slice(0, 4).map(({ path, summary }) => [path.join(' '), summary] as const),
    ...NOUNS.map(
      ({ name, summary }) =>
        [
          `${name} ${commandsOf(name)
            .map(({ path }) => path[1])
            .join('|')}`,
          summary,
        ] as const,
    ),
    ...single.slice(4).map(({ path, summary }) => [path.join(' '), summary] as const),
  ];
  return [
    shortHelp(width).trimEnd(),
    section('COMMANDS', definitions(rows, width)),
    section('OPTIONS OF EVERY COMMAND', optionLines(GLOBAL_OPTIONS, width)),
    `${wrap('Help on one command: iii <command> --help. Exit statuses: iii help exit-codes.', width)}\n`,
  ].join('\n');
}

/** `iii <noun> --help`. */
export function nounHelp(noun: string, width: number): string {
  const commands = commandsOf(noun);
  const rows = commands.map(({ path, summary }) => [path.join(' '), summary] as const);
  const shown = commands.flatMap((command) => command.examples.slice(0, 1));
  return [
    `iii ${noun}: ${NOUNS.find(({ name }) => name === noun)?.summary ?? ''}\n`,
    examples(shown),
    section('COMMANDS', definitions(rows, width)),
  ].join('\n');
}

/** `iii <command> --help`: examples first. */
export function commandHelp(spec: CommandSpec, width: number): string {
  const parts = [`${wrap(`iii ${spec.path.join(' ')}: ${spec.summary}`, width)}\n`];
  if (spec.examples.length > 0) parts.push(examples(spec.examples));
  parts.push(section('USAGE', `  ${usageOf(spec)}\n`));
  if (spec.arguments !== undefined) {
    const rows = spec.arguments.map(({ name, summary }) => [name, summary] as const);
    parts.push(section('ARGUMENTS', definitions(rows, width)));
  }
  const shown = (spec.options ?? []).filter(({ hidden }) => hidden !== true);
  if (shown.length > 0) parts.push(section('OPTIONS', optionLines(shown, width)));
  parts.push(section('OPTIONS OF EVERY COMMAND', optionLines(GLOBAL_OPTIONS, width)));
  for (const note of spec.notes ?? []) parts.push(`${wrap(note, width)}\n`);
  return parts.join('\n');
}

/** The command with its arguments: `iii enqueue <queue> [options]`. */
export function usageOf(spec: CommandSpec): string {
  const words = (spec.arguments ?? []).map(({ name, required, variadic }) => {
    const shown = variadic === true ? `${name}...` : name;
    return required === true ? `<${shown}>` : `[${shown}]`;
  });
  return ['iii', ...spec.path, ...words, '[options]'].join(' ');
}

function examples(shown: readonly Example[]): string {
  return section(
    'EXAMPLES',
    shown.map(({ command, does }) => `  ${command}\n      ${does}\n`).join(''),
  );
}

function section(title: string, body: string): string {
  return `${title}\n${body}`;
}

function optionLines(options: readonly OptionSpec[], width: number): string {
  return definitions(
    options.map(({ flags, summary }) => [flags.startsWith('--') ? `    ${flags}` : flags, summary]),
    width,
  );
}

/** Two columns; on a narrow terminal the second goes below the first. */
function definitions(rows: readonly (readonly [string, string])[], width: number): string {
  const first = Math.max(...rows.map(([term]) => term.length));
  const indent = width < first + 30 ? 6 : first + 4;
  return rows
    .map(([term, meaning]) => {
      const lines = wrap(meaning, width - indent).split('\n');
      const body = lines.join(`\n${' '.repeat(indent)}`);
      return indent === 6 ? `  ${term}\n      ${body}\n` : `  ${term.padEnd(first)}  ${body}\n`;
    })
    .join('');
}
