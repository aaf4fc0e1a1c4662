import { IiiError } from '../../base/errors.ts';
import type { Context } from '../context.ts';
import type { CommandInput } from '../input.ts';
import { viewContext } from '../views/context.ts';
import {
  type Contexts,
  type EngineContext,
  findContext,
  listNames,
  writeContexts,
} from './contexts-file.ts';

/** The context of this name; rejects with what there is instead. */
export function knownContext(contexts: Contexts, name: string): EngineContext {
  const context = findContext(contexts, name);
  if (context !== undefined) return context;
  throw new IiiError('NOT_FOUND', `there is no context '${name}'`, {
    hint: listNames(contexts),
  });
}

/** Writes the contexts as they are to be, or only says so with `--dry-run`. */
export async function changeContexts(
  context: Context,
  input: CommandInput,
  change: {
    readonly after: Contexts;
    /** The one it is about, as it is after or was before. */
    readonly about: EngineContext;
    readonly sentence: string;
    /** The same, when it is only shown. */
    readonly dryRun: string;
  },
): Promise<void> {
  const { after, about } = change;
  const dryRun = input.flag('dryRun');
  if (!dryRun) await writeContexts(context.io, after);
  const view = viewContext(about, after.current);
  await context.output.done(
    dryRun ? { ...view, dryRun } : view,
    dryRun ? change.dryRun : change.sentence,
    about.name,
  );
}
