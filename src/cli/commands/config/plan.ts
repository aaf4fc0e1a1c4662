import { writeConfigPlan } from '../../config/plan-file.ts';
import { showPlan } from '../../config/show-plan.ts';
import { compare } from '../../config/wanted.ts';
import { loadOrExplain } from '../../config-source.ts';
import type { RunCommand } from '../../command.ts';

const DIFFERENCES = 8;

/** Says how a file differs from what an engine runs with, and what applying it would do. */
export const run: RunCommand = async (context, input) => {
  const loaded = await loadOrExplain(context, input.optionalArgument('file'));
  const { file } = loaded.config;
  const engine = await context.engine();
  const { wanted, plan } = await compare(loaded, engine);
  const planOut = input.text('planOut');
  if (planOut !== undefined) {
    await writeConfigPlan(context, planOut, { ...plan, engine: engine.url, file, wanted });
  }
  await showPlan(context, plan, { file });
  if (planOut !== undefined) {
    await context.output.note(`Apply exactly this with: iii config apply --plan ${planOut}`);
  }
  return plan.changes.length === 0 ? 0 : DIFFERENCES;
};
