import type { AdminHandlers, AdminParts } from './handler.ts';
import { scanGroups } from './group-scan.ts';
import { DEFAULT_PAGE } from './jobs.ts';

/** Groups in one answer, at most. */
const MAX_GROUPS = 10_000;

export function groupHandlers({ engine }: AdminParts): AdminHandlers<'iii::group::list'> {
  return {
    'iii::group::list': (input) =>
      scanGroups(engine, input.string('queue'), {
        blocked: input.flag('blocked'),
        limit: input.optionalCount('limit', MAX_GROUPS) ?? DEFAULT_PAGE,
      }),
  };
}
