import type { RunCommand } from '../../command.ts';
import { countOf } from '../../output/words.ts';
import { groupList } from '../../views/group.ts';

export const run: RunCommand = async (context, input) => {
  const limit = input.count('limit');
  const engine = await context.engine();
  const { groups, total } = await engine.call('iii::group::list', {
    queue: input.argument('queue'),
    ...(input.flag('blocked') ? { blocked: true } : {}),
    ...(limit === undefined ? {} : { limit }),
  });
  await context.output.list(groups, groupList);
  if (total > groups.length) {
    await context.output.note(`${groups.length} of ${countOf(total, 'group')}; more with --limit`);
  }
  return 0;
};
