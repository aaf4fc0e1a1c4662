import type { RunCommand } from '../command.ts';
import { commandHelp, nounHelp, rootHelp } from '../help.ts';
import { EXAMPLES_TOPIC, EXIT_CODES_TOPIC } from '../help-topics.ts';
import { findCommand, NOUNS } from '../tree.ts';
import { usageError } from '../usage.ts';

const DEFAULT_WIDTH = 100;

export const run: RunCommand = async (context, input) => {
  const words = input.rest('topic');
  await context.output.text(helpOn(words, context.io.stdout.columns ?? DEFAULT_WIDTH));
  return 0;
};

function helpOn(words: readonly string[], width: number): string {
  const topic = words.join(' ');
  if (topic === '') return rootHelp(width);
  if (topic === 'exit-codes') return EXIT_CODES_TOPIC;
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
