import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { CommandSpec, OptionSpec } from './command.ts';
import { commandHelp, nounHelp, rootHelp, shortHelp, usageOf } from './help.ts';
import { COMMANDS, commandsOf, findCommand, NOUNS } from './tree.ts';
import { GLOBAL_OPTIONS } from './tree/options.ts';
import { usageError } from './usage.ts';

/** What the words of a call ask for. */
export type Parsed =
  | { readonly kind: 'help'; readonly text: string }
  | {
      readonly kind: 'command';
      readonly spec: CommandSpec;
      readonly args: readonly string[];
      readonly options: Readonly<Record<string, unknown>>;
    };

/** Reads the words after `iii`. Rejects with a usage error that names what was probably meant. */
export function parseArguments(argv: readonly string[], width: number): Parsed {
  let help = '';
  let found: Parsed | undefined;
  let reached: CommandSpec | undefined;
  const version = findCommand(['version']);

  const prepare = (command: Command, renderHelp: () => string): Command =>
    command
      .exitOverride()
      .helpCommand(false)
      .helpOption('-h, --help')
      .configureHelp({ formatHelp: renderHelp })
      .configureOutput({
        writeOut: (text) => {
          help += text;
        },
        writeErr: () => undefined,
      });

  const program = prepare(new Command('iii'), () => rootHelp(width));
  program.option('-V, --version', '').addOption(new Option('-v').hideHelp());
  for (const option of GLOBAL_OPTIONS) {
    if (!option.flags.startsWith('-h')) program.addOption(toOption(option, false));
  }

  const nouns = new Map<string, Command>();
  for (const { name } of NOUNS) {
    const noun = prepare(program.command(name), () => nounHelp(name, width));
    nouns.set(name, noun);
  }
  for (const spec of COMMANDS) {
    const [first = '', second] = spec.path;
    const parent = second === undefined ? program : nouns.get(first);
    if (parent === undefined) throw new Error(`${first} is not among the nouns`);
    const hidden = spec.hidden === true ? { hidden: true } : {};
    const command = prepare(parent.command(second ?? first, hidden), () =>
      commandHelp(spec, width),
    );
    for (const { name, required, variadic, choices } of spec.arguments ?? []) {
      const shown = variadic === true ? `${name}...` : name;
      command.argument(
        required === true ? `<${shown}>` : `[${shown}]`,
        '',
        (value: string, before) => {
          if (choices !== undefined && !choices.includes(value)) {
            throw new InvalidArgumentError(`Choose one of ${choices.join(', ')}.`);
          }
          return variadic === true ? [...((before as string[] | undefined) ?? []), value] : value;
        },
      );
    }
    for (const option of spec.options ?? []) command.addOption(toOption(option, true));
    if (first === '__complete') command.allowUnknownOption().helpOption(false);
    command.action(() => {
      reached = spec;
      found = {
        kind: 'command',
        spec,
        args: command.args,
        options: { ...program.opts(), ...command.opts() },
      };
    });
  }

  try {
    program.parse(argv, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    const options = program.opts();
    if (thrown.code === 'commander.help' && options['version'] === true && version !== undefined) {
      return { kind: 'command', spec: version, args: [], options };
    }
    if (thrown.code === 'commander.help' && argv.length === 0) {
      return { kind: 'help', text: shortHelp(width) };
    }
    if (thrown.code === 'commander.help' || thrown.code === 'commander.helpDisplayed') {
      return { kind: 'help', text: help === '' ? helpFor(program.args, width) : help };
    }
    throw explain(thrown, program.args, reached);
  }
  return found ?? { kind: 'help', text: shortHelp(width) };
}

/** Help on the noun a call stopped at, or on everything. */
function helpFor(words: readonly string[], width: number): string {
  const noun = NOUNS.find(({ name }) => name === words[0]);
  return noun === undefined ? rootHelp(width) : nounHelp(noun.name, width);
}

function toOption(spec: OptionSpec, strictChoices: boolean): Option {
  const option = new Option(spec.flags.replace('<memory|folder>', '<folder>'), spec.summary);
  if (spec.hidden === true) option.hideHelp();
  option.argParser<unknown>((value: string, before: unknown) => {
    if (strictChoices && spec.choices !== undefined && !spec.choices.includes(value)) {
      throw new InvalidArgumentError(`Choose one of ${spec.choices.join(', ')}.`);
    }
    return spec.repeatable === true ? [...((before as string[] | undefined) ?? []), value] : value;
  });
  return option;
}

/** A parser's complaint as ours: the sentence, then what was probably meant. */
function explain(
  complaint: CommanderError,
  words: readonly string[],
  reached: CommandSpec | undefined,
): Error {
  const [sentence = '', suggestion] = complaint.message.replace(/^error: /, '').split('\n');
  const spec = reached ?? commandNamed(words);
  const command = spec === undefined ? 'iii' : `iii ${spec.path.join(' ')}`;
  const meant = suggestion === undefined ? '' : `${suggestion.replace(/[()]/g, '')} `;
  if (complaint.code === 'commander.unknownCommand') return unknownCommand(words, meant);
  return usageError(
    sentence,
    `${meant}See: ${command} --help`,
    `it is used like this: ${spec === undefined ? 'iii <command> [options]' : usageOf(spec)}`,
  );
}

function unknownCommand(words: readonly string[], meant: string): Error {
  const noun = NOUNS.find(({ name }) => name === words[0]);
  if (noun === undefined) {
    return usageError(
      `there is no command 'iii ${words[0] ?? ''}'`,
      `${meant}Every command: iii --help`,
      'the first word is not a command of iii',
    );
  }
  const verbs = commandsOf(noun.name).map(({ path }) => path[1]);
  return usageError(
    `there is no command 'iii ${noun.name} ${words[1] ?? ''}'`,
    `${meant}See: iii ${noun.name} --help`,
    `${noun.name} has ${verbs.join(', ')}`,
  );
}

function commandNamed(words: readonly string[]): CommandSpec | undefined {
  return (
    COMMANDS.find(
      ({ path }) => path.length === 2 && path.join(' ') === words.slice(0, 2).join(' '),
    ) ?? COMMANDS.find(({ path }) => path.length === 1 && path[0] === words[0])
  );
}
