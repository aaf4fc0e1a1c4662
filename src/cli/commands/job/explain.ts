import type { RunCommand } from '../../command.ts';
import { explanationRecord } from '../../views/explanation.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  const explanation = await engine.call('iii::job::explain', { id: input.argument('id') });
  const { job, ...why } = explanation;
  await context.output.record(explanation, explanationRecord, { ...job, ...why });
  return 0;
};
