import type { RunCommand } from '../../command.ts';
import { countOf } from '../../../base/count.ts';
import { showList } from '../../show-list.ts';
import { groupList } from '../../views/group.ts';

export const run: RunCommand = async (context, input) => {
  const limit = input.count('limit');
  const engine = await context.engine();
  return showList(context, input, async () => {
    const { groups, total } = await engine.call('iii::group::list', {
      queue: input.argument('queue'),
      ...(input.flag('blocked') ? { blocked: true } : {}),
      ...(limit === undefined ? {} : { limit }),
    });
    const isAll = total <= groups.length;
    const note = isAll
      ? undefined
      : `${groups.length} of ${countOf(total, 'group')}; more with --limit`;
    return { rows: groups, view: groupList, note };
  });
};
