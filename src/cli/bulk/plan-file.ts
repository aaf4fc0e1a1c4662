import type { BulkActionName, BulkInput, BulkPlan } from '../../admin/bulk-contract.ts';
import type { Context } from '../context.ts';
import { readJsonFile, writeJsonFile } from '../json-file.ts';
import { usageError } from '../usage.ts';

const SCHEMA = 'iii-plan/1';

/** What `--plan-out` writes and `--plan` carries out: exactly these jobs, each in this version. */
export interface PlanFile {
  readonly schema: typeof SCHEMA;
  readonly createdAt: string;
  readonly engine: string;
  readonly action: BulkActionName;
  readonly queue: string | null;
  readonly to: string | null;
  readonly total: number;
  readonly jobs: readonly { readonly id: string; readonly epoch: number }[];
}

export async function writePlan(
  context: Context,
  file: string,
  input: BulkInput,
  plan: BulkPlan,
): Promise<void> {
  const content: PlanFile = {
    schema: SCHEMA,
    createdAt: new Date(context.clock.now()).toISOString(),
    engine: context.settings.target().url,
    action: plan.action,
    queue: plan.queue,
    to: input.to ?? null,
    total: plan.total,
    jobs: plan.jobs ?? [],
  };
  await writeJsonFile(context, file, 'the plan', content);
}

/** Reads a plan; it has to be for the same action. */
export async function readPlan(
  context: Context,
  file: string,
  action: BulkActionName,
): Promise<PlanFile> {
  const plan = asPlan(await readJsonFile(context, file, 'the plan'));
  if (plan === undefined) {
    throw usageError(
      `${file} is not a plan`,
      'name the file that --plan-out wrote',
      'it does not have what a plan of jobs has',
    );
  }
  if (plan.action === action) return plan;
  throw usageError(
    `${file} is a plan to ${plan.action}, not to ${action}`,
    'run the command it was made with',
    'a plan is for the command that was rehearsed with it',
  );
}

function asPlan(content: unknown): PlanFile | undefined {
  const plan = content as Partial<PlanFile> | null | undefined;
  return plan?.schema === SCHEMA && Array.isArray(plan.jobs) ? (plan as PlanFile) : undefined;
}
