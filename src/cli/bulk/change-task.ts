import type { Context } from '../context.ts';
import type { CommandInput } from '../input.ts';
import { countOf } from '../../base/count.ts';

/** Pauses, resumes or cancels the task a command names; doing it twice is no failure. */
export async function changeTask(
  context: Context,
  input: CommandInput,
  functionId: 'iii::task::pause' | 'iii::task::resume' | 'iii::task::cancel',
): Promise<number> {
  const id = input.argument('task');
  const dryRun = input.flag('dryRun');
  const engine = await context.engine();
  const task = await engine.call(functionId, { id, ...(dryRun ? { dryRun } : {}) });
  const jobs = countOf(task.changed, 'job');
  await context.output.done(
    dryRun ? { ...task, dryRun } : task,
    `Task ${id} ${dryRun ? 'would be' : 'is'} ${task.state} after ${jobs}.`,
    id,
  );
  return 0;
}
