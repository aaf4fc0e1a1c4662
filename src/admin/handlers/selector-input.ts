import { parseTime } from '../../base/time.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Selection } from '../../engine/bulk/task.ts';
import { checkFingerprint } from '../../queue/cluster.ts';
import { STATES } from '../../queue/select/fields.ts';
import type { JobState } from '../../queue/types.ts';
import { invalid, type Input } from '../input.ts';

/** Reads which jobs are meant, but for their queue. @throws IiiError INVALID_ARGUMENTS */
export function readNarrowing(input: Input, engine: Engine): Omit<Selection, 'queues'> {
  const cluster = input.optionalString('cluster') ?? null;
  if (cluster !== null) checkFingerprint(cluster);
  return {
    states: readStates(input.optionalStrings('states')),
    where: input.optionalString('where') ?? null,
    cluster,
    since: readTime(input, 'since', engine),
    until: readTime(input, 'until', engine),
  };
}

/** Whether a selection leaves out nothing. */
export function isEverything(selection: Omit<Selection, 'queues'>): boolean {
  return Object.values(selection).every((part) => part === null);
}

function readTime(input: Input, key: string, { clock }: Engine): number | null {
  const text = input.optionalString(key);
  if (text === undefined) return null;
  const at = parseTime(text, clock.now());
  if (at !== undefined) return at;
  throw invalid(
    `${key} must be a time, not '${text}'`,
    'write RFC 3339 with a zone (2026-01-31T09:00:00Z), or now-1h',
  );
}

function readStates(names: readonly string[] | undefined): readonly JobState[] | null {
  if (names === undefined) return null;
  return names.map((name) => {
    const state = STATES.find((known) => known === name);
    if (state !== undefined) return state;
    throw invalid(`there is no state '${name}'; the states are ${STATES.join(', ')}`);
  });
}
