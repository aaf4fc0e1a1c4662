import type { RunCommand } from '../../command.ts';
import { groupRecord } from '../../views/group.ts';

export const run: RunCommand = async (context, input) => {
  const limit = input.count('limit');
  const engine = await context.engine();
  const group = await engine.call('iii::group::get', {
    queue: input.argument('queue'),
    group: input.argument('group'),
    ...(limit === undefined ? {} : { limit }),
  });
  await context.output.record(group, groupRecord);
  return 0;
};
