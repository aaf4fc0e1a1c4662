import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { BulkActionName, BulkInput, BulkPlan } from '../../admin/bulk-contract.ts';
import { IiiError, messageOf } from '../../base/errors.ts';
import type { Context } from '../context.ts';
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
  try {
    await writeFile(resolve(context.io.cwd, file), `${JSON.stringify(content, null, 1)}\n`);
  } catch (thrown) {
    throw new IiiError('OUTPUT_FAILED', `the plan cannot be written to ${file}`, {
      reason: messageOf(thrown),
      hint: 'name a file in a folder that is there and can be written',
    });
  }
}

/** Reads a plan; it has to be for the same action. */
export async function readPlan(
  context: Context,
  file: string,
  action: BulkActionName,
): Promise<PlanFile> {
  const text = await readFile(resolve(context.io.cwd, file), 'utf8').catch((thrown: unknown) => {
    throw usageError(
      `the plan ${file} cannot be read`,
      'name the file that --plan-out wrote',
      messageOf(thrown),
    );
  });
  const plan = parse(text);
  if (plan === undefined) {
    throw usageError(`${file} is not a plan`, 'name the file that --plan-out wrote');
  }
  if (plan.action === action) return plan;
  throw usageError(
    `${file} is a plan to ${plan.action}, not to ${action}`,
    'run the command it was made with',
  );
}

function parse(text: string): PlanFile | undefined {
  try {
    const plan = JSON.parse(text) as Partial<PlanFile> | null;
    return plan?.schema === SCHEMA && Array.isArray(plan.jobs) ? (plan as PlanFile) : undefined;
  } catch {
    return undefined;
  }
}
