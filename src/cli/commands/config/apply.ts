import type { ConfigPlanView, WantedConfig } from '../../../admin/config-contract.ts';
import { IiiError } from '../../../base/errors.ts';
import type { ConfigChange } from '../../../config/config-change.ts';
import type { RunCommand } from '../../command.ts';
import { readConfigPlan } from '../../config/plan-file.ts';
import { showPlan } from '../../config/show-plan.ts';
import { compare, wantedOf } from '../../config/wanted.ts';
import { loadOrExplain } from '../../config-source.ts';
import { ask, canAsk, confirmationNeeded } from '../../confirm.ts';
import type { Context } from '../../context.ts';
import type { CommandInput } from '../../input.ts';
import { countOf } from '../../../base/count.ts';
import { changeLine } from '../../views/config-plan.ts';

/** What needs a restart was left. */
const PARTLY_DONE = 3;

/** Gives a running engine the settings of a file that do not need a restart. */
export const run: RunCommand = async (context, input) => {
  const { output } = context;
  const { file, wanted, plan } = await readIntent(context, input);
  const destructive = plan.changes.filter(({ effect }) => effect === 'destructive');
  const left = plan.changes.filter(({ effect }) => effect === 'restart').length;
  const counts = { applied: plan.changes.length - left, left };
  if (input.flag('dryRun')) {
    await showPlan(context, plan, { file, dryRun: true, ...counts });
    return 0;
  }
  if (counts.applied === 0) {
    await showPlan(context, plan, { file, ...counts });
    if (output.forPeople) await explain(context, counts);
    return left === 0 ? 0 : PARTLY_DONE;
  }
  if (!(await mayDestroy(context, input, destructive))) return 0;
  const engine = await context.engine();
  const applied = await engine.call('iii::config::apply', {
    ...wanted,
    expects: plan.fingerprint,
    destructive: destructive.length > 0,
    ...(file === null ? {} : { file }),
  });
  const { overruled } = plan;
  const done = { applied: applied.applied, left: applied.left };
  await showPlan(context, { ...applied, overruled }, { file, ...done });
  if (output.forPeople) await explain(context, applied);
  return applied.left === 0 ? 0 : PARTLY_DONE;
};

interface Intent {
  readonly file: string | null;
  readonly wanted: WantedConfig;
  readonly plan: ConfigPlanView;
}

/**
 * What is wanted, and what that changes now. A plan is refused when the engine has another
 * configuration by now, or the file, where it is named too. @throws IiiError CONFLICT
 */
async function readIntent(context: Context, input: CommandInput): Promise<Intent> {
  const named = input.optionalArgument('file');
  const path = input.text('plan');
  if (path === undefined) {
    const loaded = await loadOrExplain(context, named);
    return { file: loaded.config.file, ...(await compare(loaded, await context.engine())) };
  }
  const { file, wanted, fingerprint } = await readConfigPlan(context, path);
  if (named !== undefined) {
    const now = await wantedOf(await loadOrExplain(context, named), await context.engine());
    if (contentOf(now) !== contentOf(wanted)) {
      throw new IiiError('CONFLICT', `${named} says something else than the plan`, {
        reason: 'it was changed since, or its variables have other values here',
        hint: `leave the file out to apply the plan, or make a new one: iii config plan ${named}`,
      });
    }
  }
  const engine = await context.engine();
  const plan = await engine.call('iii::config::plan', wanted);
  if (fingerprint !== plan.fingerprint) throw changedSincePlan(plan);
  return { file, wanted, plan };
}

/** What two wishes are compared by: all but secrets, which a plan does not hold. */
function contentOf({ queues, settings = [] }: WantedConfig): string {
  return JSON.stringify([queues, settings.map(({ key, value }) => [key, value])]);
}

/** Whether what jobs lose something by is wanted. @throws IiiError CONFIRMATION_NEEDED */
async function mayDestroy(
  context: Context,
  input: CommandInput,
  destructive: readonly ConfigChange[],
): Promise<boolean> {
  const [first] = destructive;
  if (first === undefined || input.flag('yes')) return true;
  const total = destructive.reduce((sum, { jobs }) => sum + jobs, 0);
  const question = {
    action: `Apply ${countOf(destructive.length, 'change')} by which jobs lose something`,
    sample: destructive.map((change) => `${changeLine(change)} (${change.note})`),
    total: destructive.length,
    severe: total > SEVERE_COUNT,
    ...(first.queue === null ? {} : { word: first.queue }),
  };
  if (!canAsk(context)) throw confirmationNeeded(question);
  if (await ask(context, question)) return true;
  await context.output.note('Nothing was done.');
  return false;
}

/** Jobs beyond which a plain `y` is not enough. */
const SEVERE_COUNT = 1_000;

async function explain(
  { output }: Context,
  { applied, left }: { readonly applied: number; readonly left: number },
): Promise<void> {
  if (applied > 0) {
    await output.note(
      `Applied ${countOf(applied, 'change')}. At its next start the engine reads its own file again.`,
    );
  }
  if (left > 0) {
    await output.note(`Left ${countOf(left, 'change')}: start the engine anew with the file.`);
  }
}

function changedSincePlan({ fingerprint }: ConfigPlanView): IiiError {
  return new IiiError(
    'CONFLICT',
    'the engine has another configuration than the plan was made for',
    {
      reason: 'somebody applied another one, or it was started anew, since',
      hint: 'make a new plan: iii config plan --plan-out; who changed it: iii audit',
      details: { fingerprint },
    },
  );
}
