import type { RunCommand } from '../command.ts';
import { askEngine } from '../completion/ask.ts';
import { findWanted, type Wanted } from '../completion/words.ts';
import type { Context } from '../context.ts';
import { readContexts } from '../contexts/contexts-file.ts';

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
  const words = await listWords(context, wanted, typed);
  const offered = words.filter((word) => word.startsWith(current) && SAFE.test(word));
  if (offered.length > 0) await context.output.text(offered.join('\n'));
  return 0;
};

async function listWords(
  context: Context,
  wanted: Exclude<Wanted, { readonly kind: 'file' | 'directory' }>,
  typed: readonly string[],
): Promise<readonly string[]> {
  switch (wanted.kind) {
    case 'words':
      return wanted.words;
    case 'context':
      return (await readContexts(context.io)).all.map(({ name }) => name);
    case 'ask':
      return askEngine(context, wanted.what, typed);
  }
}
