import { changeTask } from '../../bulk/change-task.ts';
import type { RunCommand } from '../../command.ts';

export const run: RunCommand = (context, input) => changeTask(context, input, 'iii::task::cancel');
