import type { RunCommand } from '../command.ts';
import { askEngine } from '../completion/ask.ts';
import { findWanted } from '../completion/words.ts';

/** Names a shell would take apart or a terminal would obey are not offered. */
const SAFE = /^[\w.:@/+,=-]+$/;

/** Prints one word per line, or `@file` and `@directory` where the shell knows better. */
export const run: RunCommand = async (context, input) => {
  const typed = input.rest('words').slice(1);
  const wanted = findWanted(typed);
  const current = typed.at(-1) ?? '';
  if (wanted.kind === 'file' || wanted.kind === 'directory') {
    await context.output.text(`@${wanted.kind}`);
    return 0;
  }
  const words =
    wanted.kind === 'words' ? wanted.words : await askEngine(context, wanted.what, typed);
  const offered = words.filter((word) => word.startsWith(current) && SAFE.test(word));
  if (offered.length > 0) await context.output.text(offered.join('\n'));
  return 0;
};
