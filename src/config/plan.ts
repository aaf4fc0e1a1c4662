import { countOf } from '../base/count.ts';
import type { StoreGaps } from '../queue/store-gaps.ts';
import type { QueuePolicy } from '../queue/types.ts';
import type { Origin } from './origin.ts';
import type { ConfigChange, Effect } from './config-change.ts';
import { planQueues, type QueueJobs } from './plan-queues.ts';
import type { SettingValue } from './settings.ts';

/** A setting that is the same before and after a restart, whatever the file says. */
export interface Overruled {
  readonly key: string;
  /** What the file says, and nobody asks for. */
  readonly value: SettingValue;
  /** The option that the engine was started with. */
  readonly option: string;
}

export interface ConfigPlan {
  /** Most dangerous first. */
  readonly changes: readonly ConfigChange[];
  readonly overruled: readonly Overruled[];
}

/** A setting as two sides compare it. */
export interface ComparedSetting {
  readonly key: string;
  readonly value: SettingValue;
  /** Stands for what is masked in the value; `null` when nothing is, or when it is not known. */
  readonly digest: string | null;
}

export interface Compared {
  readonly settings: readonly ComparedSetting[];
  readonly queues: readonly QueuePolicy[];
}

export interface PlanParts {
  readonly running: Compared;
  readonly wanted: Compared;
  /** Where a value of the running engine comes from. */
  readonly originOf: (key: string) => Origin;
  readonly jobsOf: (queue: string) => QueueJobs;
  readonly gaps: StoreGaps;
}

const ORDER: readonly Effect[] = ['destructive', 'live', 'restart'];

/** Every difference between what runs and what is wanted, with what applying it would do. */
export function planConfig(parts: PlanParts): ConfigPlan {
  const overruled: Overruled[] = [];
  const changes = [
    ...planQueues(parts.running.queues, parts.wanted.queues, parts.jobsOf, parts.gaps),
    ...planSettings(parts, overruled),
  ];
  return {
    changes: ORDER.flatMap((effect) => changes.filter((change) => change.effect === effect)),
    overruled,
  };
}

function planSettings(
  { running, wanted, originOf, jobsOf }: PlanParts,
  overruled: Overruled[],
): ConfigChange[] {
  const before = new Map(running.settings.map((setting) => [setting.key, setting]));
  const after = new Map(wanted.settings.map((setting) => [setting.key, setting]));
  const changes: ConfigChange[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [from, to] = [before.get(key), after.get(key)];
    const isSameValue = JSON.stringify(from?.value ?? null) === JSON.stringify(to?.value ?? null);
    const isOtherSecret = differs(from?.digest, to?.digest);
    if (isSameValue && !isOtherSecret) continue;
    const option = optionBehind(key, originOf);
    if (option !== undefined) {
      if (to !== undefined) overruled.push({ key, value: to.value, option });
      continue;
    }
    changes.push({
      ...{ key, queue: null, from: from?.value ?? null, to: to?.value ?? null },
      effect: 'restart',
      note: noteOf(
        key,
        isSameValue,
        running.queues.map(({ name }) => jobsOf(name)),
      ),
      jobs: 0,
    });
  }
  return changes;
}

/** A digest that one side does not have says nothing. */
function differs(from: string | null | undefined, to: string | null | undefined): boolean {
  return typeof from === 'string' && typeof to === 'string' && from !== to;
}

/** The option that decides a setting, or the one that it belongs to: `store.file_path` to `store`. */
function optionBehind(key: string, originOf: PlanParts['originOf']): string | undefined {
  for (let name = key; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const origin = originOf(name);
    if (origin.kind === 'option') return origin.option;
  }
  return undefined;
}

function noteOf(key: string, isOtherSecret: boolean, queues: readonly QueueJobs[]): string {
  if (isOtherSecret) return 'needs a restart; what is masked is another one';
  const jobs = queues.reduce(
    (sum, { waiting, inFlight, dead }) => sum + waiting + inFlight + dead,
    0,
  );
  if (key !== 'store' && !key.startsWith('store.')) return 'needs a restart';
  return jobs === 0
    ? 'needs a restart'
    : `needs a restart; ${countOf(jobs, 'job')} ${jobs === 1 ? 'stays' : 'stay'} in the old store: iii store migrate`;
}
