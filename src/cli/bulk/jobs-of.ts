import type { CommandInput } from '../input.ts';
import { contradiction, usageError } from '../usage.ts';

/** Jobs named by their ids, or those of a queue that a selector selects. */
export function jobsOf(input: CommandInput): {
  readonly ids: readonly string[];
  readonly queue: string | undefined;
} {
  const ids = input.rest('ids');
  const queue = input.text('queue');
  const isSelective = input.hasAny(['where', 'state', 'cluster', 'since', 'until', 'plan']);
  if (ids.length === 0 && !isSelective && !(input.flag('all') && queue !== undefined)) {
    throw usageError(
      'it is not said which jobs',
      'name their ids, select them (--where, --state, --cluster, --since), or give --queue and --all',
      'neither an id nor a selector is given, and all of every queue is more than anybody means',
    );
  }
  if (ids.length > 0 && isSelective) {
    throw contradiction('ids and a selector');
  }
  return { ids, queue };
}
