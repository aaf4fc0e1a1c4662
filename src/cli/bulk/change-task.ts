import type { Context } from '../context.ts';
import type { CommandInput } from '../input.ts';
import { countOf } from '../output/words.ts';

/** Pauses, resumes or cancels the task a command names; doing it twice is no failure. */
export async function changeTask(
  context: Context,
  input: CommandInput,
  functionId: 'iii::task::pause' | 'iii::task::resume' | 'iii::task::cancel',
): Promise<number> {
  const id = input.argument('task');
  const engine = await context.engine();
  const task = await engine.call(functionId, { id });
  const sentence = `Task ${id} is ${task.state} after ${countOf(task.changed, 'job')}.`;
  await context.output.done(task, sentence, id);
  return 0;
}
