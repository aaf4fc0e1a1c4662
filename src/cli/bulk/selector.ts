import type { SelectorInput } from '../../admin/bulk-contract.ts';
import type { Context } from '../context.ts';
import { type CommandInput, readTime } from '../input.ts';
import { usageError } from '../usage.ts';

const NAMES = ['where', 'cluster', 'since', 'until'] as const;

/**
 * The options that say which jobs, checked as the engine checks them: a wrong one is told also when no
 * engine runs.
 */
export async function readSelector(context: Context, input: CommandInput): Promise<SelectorInput> {
  const selector: Record<string, string> = {};
  for (const name of NAMES) {
    const text = input.text(name);
    if (text === undefined) continue;
    if (text.trim() === '') {
      throw usageError(
        `--${name} is empty`,
        'leave it out, or say which jobs',
        'it selects nothing, which could be meant as everything',
      );
    }
    selector[name] = text;
  }
  for (const name of ['since', 'until'] as const) {
    const text = selector[name];
    if (text !== undefined) readTime(text, `--${name}`, context.clock.now(), 'now-1h');
  }
  if (selector.cluster !== undefined) {
    const { checkFingerprint } = await import('../../queue/cluster.ts');
    checkFingerprint(selector.cluster);
  }
  if (selector.where !== undefined) {
    const { parseSelector } = await import('../../queue/select.ts');
    parseSelector(selector.where, context.clock.now());
  }
  const states = input.list('state');
  return { ...selector, ...(states.length === 0 ? {} : { states }) };
}

/** The same for what is about dead jobs alone: there `--state dead` says nothing new. */
export async function readDeadSelector(
  context: Context,
  input: CommandInput,
): Promise<SelectorInput> {
  const { states: _states, ...selector } = await readSelector(context, input);
  return selector;
}

/** The selector as words for a question: `where error~429`. */
export function describeSelector(selector: SelectorInput): string {
  const { where, cluster, since, until, states } = selector;
  const parts = [
    states === undefined ? '' : `that are ${states.join(' or ').replaceAll('_', ' ')}`,
    cluster === undefined ? '' : `of cluster ${cluster}`,
    since === undefined ? '' : `since ${since}`,
    until === undefined ? '' : `until ${until}`,
    where === undefined ? '' : `where ${where}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}
