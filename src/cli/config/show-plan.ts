import type { ConfigPlanView } from '../../admin/config-contract.ts';
import type { Context } from '../context.ts';
import { printable } from '../output/escape.ts';
import { configPlanRecord, differencesText } from '../views/config-plan.ts';
import { valueText } from '../views/setting.ts';

/**
 * Prints the differences between a file and an engine: lines for people, the keys with `-o name`.
 * @param more what the machine formats tell besides
 */
export async function showPlan(
  { output, io }: Context,
  plan: ConfigPlanView,
  more: { readonly file: string | null } & Readonly<Record<string, unknown>>,
): Promise<void> {
  const { changes, overruled } = plan;
  const differences = changes.length;
  if (output.format === 'name') {
    for (const { key } of changes) await output.text(printable(key));
  } else {
    const machine = { ...more, differences, ...plan };
    await output.record(plan, configPlanRecord(io.stdout.columns), machine);
  }
  if (!output.forPeople) return;
  for (const { key, value, option } of overruled) {
    await output.note(`${key}: ${valueText(value)} is not asked for; ${option} decides it.`);
  }
  const { file } = more;
  const subject = file ?? 'the defaults';
  if (differences === 0) await output.text(`No differences between ${subject} and the engine.`);
  else await output.note(`${differencesText(changes)}, between the engine and ${subject}.`);
}
