import { IiiError } from '../../base/errors.ts';
import { fingerprintOf } from '../../config/fingerprint.ts';
import { type ComparedSetting, planConfig } from '../../config/plan.ts';
import type { QueueJobs } from '../../config/plan-queues.ts';
import { readQueuesObject } from '../../config/queues-object.ts';
import type { SettingValue } from '../../config/settings.ts';
import type { LocalCall } from '../../engine/functions.ts';
import { STORE_GAPS } from '../../queue/store-gaps.ts';
import type { QueuePolicy } from '../../queue/types.ts';
import type { ConfigApplied, ConfigContract, ConfigPlanView } from '../config-contract.ts';
import { invalid, type Input } from '../input.ts';
import { callerName } from './bulk-input.ts';
import type { AdminHandlers, AdminParts } from './handler.ts';
import { timeText } from './views.ts';

/** Settings that may be given to compare with. */
const MOST_SETTINGS = 10_000;

export function configHandlers(parts: AdminParts): AdminHandlers<keyof ConfigContract> {
  const { engine, config } = parts;
  return {
    'iii::config::get': () => {
      const queues = [...engine.policies.values()];
      const settings = config.settings(queues);
      const { file, digestKey } = config;
      return Promise.resolve({
        ...{ file, fingerprint: fingerprintOf(settings), digestKey, settings, queues },
      });
    },
    'iii::config::plan': async (input) => (await plan(parts, input)).view,
    'iii::config::apply': async (input, call, note) => {
      const result = await apply(parts, input, call);
      note.changed = result.applied > 0;
      return result;
    },
  };
}

interface Planned {
  readonly view: ConfigPlanView;
  /** The queues that are wanted. */
  readonly queues: readonly QueuePolicy[];
}

async function plan({ engine, config }: AdminParts, input: Input): Promise<Planned> {
  const queues = readQueues(input, config.storeKind);
  const settings = readSettings(input);
  const stats = await engine.store.stats();
  const jobsOf = (queue: string): QueueJobs => {
    const counts = stats.get(queue);
    if (counts === undefined) return { waiting: 0, inFlight: 0, dead: 0, retained: 0 };
    const { waiting, delayed, inFlight, dead, retained } = counts;
    return { waiting: waiting + delayed, inFlight, dead, retained };
  };
  // From here to the answer nothing is waited for: what is compared is what the fingerprint names.
  const running = [...engine.policies.values()];
  const planned = planConfig({
    running: { settings: settings === undefined ? [] : config.compared(), queues: running },
    wanted: { settings: settings ?? [], queues },
    originOf: config.originOf,
    jobsOf,
    gaps: STORE_GAPS[config.storeKind],
  });
  return { view: { fingerprint: fingerprintOf(config.settings(running)), ...planned }, queues };
}

async function apply(parts: AdminParts, input: Input, call: LocalCall): Promise<ConfigApplied> {
  const { engine, config } = parts;
  const expects = input.optionalString('expects');
  const file = input.optionalString('file') ?? null;
  const mayDestroy = input.flag('destructive');
  const { view, queues } = await plan(parts, input);
  if (expects !== undefined && expects !== view.fingerprint) throw changedMeanwhile(view);
  const changes = view.changes.filter(({ effect }) => effect !== 'restart');
  const counts = { applied: changes.length, left: view.changes.length - changes.length };
  if (input.flag('dryRun')) return { ...view, ...counts };
  const destructive = changes.filter(({ effect }) => effect === 'destructive');
  if (destructive.length > 0 && !mayDestroy) {
    throw new IiiError('CONFLICT', 'jobs would lose something; nothing was applied', {
      reason: destructive.map(({ key, note }) => `${key}: ${note}`).join('; '),
      hint: 'look at it with: iii config plan',
      details: { destructive },
    });
  }
  const names = new Set(changes.map(({ queue }) => queue));
  const changed = queues.filter(({ name }) => names.has(name));
  const taken = changed.find(({ name }) => engine.topics.get(name) !== undefined);
  if (taken !== undefined) {
    throw new IiiError('CONFLICT', `'${taken.name}' is the queue of a subscription`, {
      reason: 'its settings come from the worker that subscribed',
      hint: 'give the queue another name; nothing was applied',
    });
  }
  engine.reconfigure(changed);
  const at = timeText(engine.clock.wallNow());
  config.applied(changes, changed, { kind: 'applied', by: callerName(call), at, file });
  const fingerprint = fingerprintOf(config.settings(engine.policies.values()));
  return { ...view, fingerprint, ...counts };
}

function changedMeanwhile({ fingerprint }: ConfigPlanView): IiiError {
  return new IiiError('CONFLICT', 'the engine has another configuration than was planned for', {
    reason: 'somebody applied another one, or it was started anew, since the plan was made',
    hint: 'make a new plan: iii config plan; who changed it: iii audit',
    details: { fingerprint },
  });
}

/** @throws IiiError INVALID_ARGUMENTS, CONFIG_INVALID with every problem */
function readQueues(input: Input, store: Parameters<typeof readQueuesObject>[1]) {
  const value = input.raw('queues');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('queues must be an object: the settings of each queue by its name');
  }
  const { queues, problems } = readQueuesObject(value, store);
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return queues;
  throw new IiiError('CONFIG_INVALID', `${first.path}: ${first.message}`, {
    ...(first.hint === null ? {} : { hint: first.hint }),
    details: { problems: errors.map(({ code, path, message }) => ({ code, path, message })) },
  });
}

function readSettings(input: Input): readonly ComparedSetting[] | undefined {
  const value = input.raw('settings') ?? undefined;
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > MOST_SETTINGS) {
    throw invalid(`settings must be a list of ${MOST_SETTINGS} at most`);
  }
  return (value as unknown[]).map((item) => {
    const { key, value, digest } = Object(item) as Partial<Record<string, unknown>>;
    if (typeof key !== 'string') throw invalid('each of settings must be {key, value, digest?}');
    return {
      key,
      // It is compared as JSON and told as it came: whatever it is does no harm.
      value: (value ?? null) as SettingValue,
      digest: typeof digest === 'string' ? digest : null,
    };
  });
}
