import type { ConfigPlanView, WantedConfig } from '../../admin/config-contract.ts';
import type { Context } from '../context.ts';
import { readJsonFile, writeJsonFile } from '../json-file.ts';
import { usageError } from '../usage.ts';

const SCHEMA = 'iii-config-plan/1';

/** What `iii config plan --plan-out` writes and `iii config apply --plan` carries out. */
export interface ConfigPlanFile extends ConfigPlanView {
  readonly schema: typeof SCHEMA;
  readonly createdAt: string;
  readonly engine: string;
  /** The configuration that was compared; `null` when there was none. */
  readonly file: string | null;
  readonly wanted: Required<WantedConfig>;
}

export async function writeConfigPlan(
  context: Context,
  path: string,
  plan: Omit<ConfigPlanFile, 'schema' | 'createdAt'>,
): Promise<void> {
  const { wanted } = plan;
  await writeJsonFile(context, path, 'the plan', {
    schema: SCHEMA,
    createdAt: new Date(context.clock.now()).toISOString(),
    ...plan,
    // A digest tells something of a secret to who asks the engine for its key; a file may lie around.
    wanted: { ...wanted, settings: wanted.settings.map((one) => ({ ...one, digest: null })) },
  });
}

/** @throws IiiError USAGE when it is none */
export async function readConfigPlan(context: Context, path: string): Promise<ConfigPlanFile> {
  const plan = (await readJsonFile(context, path, 'the plan')) as Partial<ConfigPlanFile> | null;
  const isPlan = plan?.schema === SCHEMA && typeof plan.fingerprint === 'string';
  if (isPlan && typeof plan.wanted === 'object') return plan as ConfigPlanFile;
  throw usageError(
    `${path} is not a plan of a configuration`,
    'name the file that iii config plan --plan-out wrote',
    'it does not have what such a plan has',
  );
}
