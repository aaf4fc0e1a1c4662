import type { CommandSpec, OptionSpec } from '../src/cli/command.ts';
import { EXAMPLES_TOPIC, EXIT_CODES_TOPIC } from '../src/cli/help-topics.ts';
import { usageOf } from '../src/cli/help.ts';
import { COMMANDS } from '../src/cli/tree.ts';
import { GLOBAL_OPTIONS } from '../src/cli/tree/options.ts';

type Terms = readonly (readonly [string, string])[];

const ENVIRONMENT: Terms = [
  ['III_URL', 'The engine, where --url and --context are not given.'],
  ['III_CONTEXT', 'The engine by its name, where III_URL is not set either.'],
  ['III_TOKEN', 'The token, where --token-file is not given.'],
  ['III_TOKEN_FILE', 'A file that holds the token.'],
  ['III_TIMEOUT', 'Longest wait for an answer, such as 30s.'],
  ['III_OUTPUT', 'Output format, as in --output.'],
  ['NO_COLOR, FORCE_COLOR', 'No colour, or colour also where there is no terminal.'],
];

const FILES: Terms = [
  ['iii-config.yaml, config.yaml', 'Configuration of the engine, in the current folder.'],
  ['data', 'Jobs of an engine without a configured store, in the current folder.'],
  ['.iii.yaml', 'Settings of this tool for the current folder.'],
  ['~/.config/iii/config.yaml', 'Settings of this tool, or below $XDG_CONFIG_HOME.'],
  ['~/.config/iii/contexts.yaml', 'Engines by name, written by iii context.'],
];

/** The manual page of the command line, made from its command tree, for `man` and `groff -man`. */
export function manPage(): string {
  const shown = COMMANDS.filter(({ hidden }) => hidden !== true);
  return [
    '.\\" Made from the command tree by: npm run generate',
    '.TH III 1 "" "iii" "User Commands"',
    '.SH NAME',
    'iii \\- job queues on the command line, with the engine inside',
    '.SH SYNOPSIS',
    `${bold('iii')} ${italic('command')} [${italic('options')}]`,
    '.SH DESCRIPTION',
    text('iii serve runs an engine; every other command talks to a running one.'),
    text('A command is a noun and a verb, or one word; iii <command> --help has the same as here.'),
    text('Results go to standard output, everything else to standard error.'),
    '.SH COMMANDS',
    ...shown.flatMap(describeCommand),
    '.SH OPTIONS OF EVERY COMMAND',
    ...listOptions(GLOBAL_OPTIONS),
    '.SH ENVIRONMENT',
    ...listTerms(ENVIRONMENT),
    '.SH FILES',
    ...listTerms(FILES),
    '.SH EXIT STATUS',
    ...listTerms(exitStatuses()),
    '.SH EXAMPLES',
    '.nf',
    ...EXAMPLES_TOPIC.trimEnd().split('\n').map(text),
    '.fi',
    '',
  ].join('\n');
}

function describeCommand(spec: CommandSpec): readonly string[] {
  const options = (spec.options ?? []).filter(({ hidden }) => hidden !== true);
  return [
    `.SS iii ${text(spec.path.join(' '))}`,
    text(`${capitalised(spec.summary)}.`),
    '.PP',
    bold(usageOf(spec)),
    ...listTerms((spec.arguments ?? []).map(({ name, summary }) => [name, summary] as const)),
    ...listOptions(options),
    ...(spec.notes ?? []).flatMap((note) => ['.PP', text(note)]),
    ...spec.examples.flatMap(({ command, does }) => [
      '.PP',
      `${capitalised(text(does))}:`,
      '.PP',
      '.RS 4',
      '.nf',
      text(command),
      '.fi',
      '.RE',
    ]),
  ];
}

function listOptions(options: readonly OptionSpec[]): readonly string[] {
  return listTerms(
    options.map(({ flags, summary, choices }) => [
      flags,
      choices === undefined || choices.every((choice) => summary.includes(choice))
        ? summary
        : `${summary}: ${choices.join(', ')}`,
    ]),
  );
}

function listTerms(terms: Terms): readonly string[] {
  return terms.flatMap(([term, meaning]) => ['.TP', bold(term), text(meaning)]);
}

function exitStatuses(): Terms {
  return [...EXIT_CODES_TOPIC.matchAll(/^ {2}(\d+) +(.+)$/gm)].map(
    ([, status = '', meaning = '']) => [status, meaning],
  );
}

function capitalised(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function bold(words: string): string {
  return `\\fB${text(words)}\\fR`;
}

function italic(words: string): string {
  return `\\fI${text(words)}\\fR`;
}

/** Characters that a typesetter takes for others, or for commands of its own. */
const SPECIAL: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '"': '\\(dq',
  '^': '\\(ha',
  '~': '\\(ti',
};

/** One line of text as it is, on paper as on a terminal. */
function text(line: string): string {
  return line
    .replaceAll(/[\\'`"^~-]/g, (character) => SPECIAL[character] ?? character)
    .replaceAll(/[^\x20-\x7e]/gu, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`;
    })
    .replace(/^\./, '\\&.');
}
