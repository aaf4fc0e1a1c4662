import type { RunCommand } from '../command.ts';
import { commandHelp, nounHelp, rootHelp } from '../help.ts';
import { EXAMPLES_TOPIC, EXIT_CODES_TOPIC } from '../help-topics.ts';
import { wrap } from '../output/wrap.ts';
import { findCommand, NOUNS } from '../tree.ts';
import { usageError } from '../usage.ts';

const DEFAULT_WIDTH = 100;

export const run: RunCommand = async (context, input) => {
  const words = input.rest('topic');
  await context.output.text(helpOn(words, context.io.stdout.columns ?? DEFAULT_WIDTH));
  return 0;
};

/** Breaks lines that are too long; what follows a status stays beside it. */
function breakLines(text: string, width: number): string {
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const indent = /^ +\d+ +/.exec(line)?.[0].length ?? 0;
      return (
        line.slice(0, indent) +
        wrap(line.slice(indent), width - indent).replaceAll('\n', `\n${' '.repeat(indent)}`)
      );
    });
  return lines.join('\n');
}

function helpOn(words: readonly string[], width: number): string {
  const topic = words.join(' ');
  if (topic === '') return rootHelp(width);
  if (topic === 'exit-codes') return breakLines(EXIT_CODES_TOPIC, width);
  if (topic === 'examples') return EXAMPLES_TOPIC;
  const command = findCommand(words);
  if (command !== undefined) return commandHelp(command, width);
  if (NOUNS.some(({ name }) => name === topic)) return nounHelp(topic, width);
  throw usageError(
    `there is no help on '${topic}'`,
    'every command: iii --help',
    'it is neither a command, nor exit-codes or examples',
  );
}
