import type { ConfigChange } from '../config/config-change.ts';
import type { Origin } from '../config/origin.ts';
import type { ComparedSetting, Overruled } from '../config/plan.ts';
import type { SettingValue } from '../config/settings.ts';
import type { QueuePolicy } from '../queue/types.ts';

/** One resolved value of the running engine. */
export interface SettingView {
  readonly key: string;
  /** Secrets in it are masked. */
  readonly value: SettingValue;
  readonly origin: Origin;
}

/** What an engine runs with. */
export interface ConfigView {
  /** The file it was started with; `null` when there was none. */
  readonly file: string | null;
  /** The same for the same settings; another one as soon as anything is different. */
  readonly fingerprint: string;
  readonly settings: readonly SettingView[];
  /** The configured queues; those of subscriptions are not among them. */
  readonly queues: readonly QueuePolicy[];
}

/** A configuration to compare with. */
export interface WantedConfig {
  /** Queues by name, with the keys of the configuration file. Those that are left out are not wanted. */
  readonly queues: Readonly<Record<string, unknown>>;
  /** The other settings; without them only queues are compared. */
  readonly settings?: readonly ComparedSetting[];
}

/** The differences between an engine and a wanted configuration. */
export interface ConfigPlanView {
  /** Of the engine's configuration that was compared. */
  readonly fingerprint: string;
  /** Most dangerous first. */
  readonly changes: readonly ConfigChange[];
  readonly overruled: readonly Overruled[];
}

export interface ConfigApplied extends ConfigPlanView {
  /** Changes that hold now. */
  readonly applied: number;
  /** Changes that wait for a restart. */
  readonly left: number;
}

/** Admin functions about the configuration of the running engine. */
export interface ConfigContract {
  'iii::config::get': {
    input: Readonly<Record<string, never>>;
    result: ConfigView & {
      /** With it the digests of secrets are made; another one after each start. */
      readonly digestKey: string;
    };
  };
  'iii::config::plan': { input: WantedConfig; result: ConfigPlanView };
  /**
   * Gives queues their new settings while jobs run. All of them or none: refused with `CONFLICT` when
   * `expects` is not the engine's fingerprint any more, or when jobs would lose something and
   * `destructive` is not set. `file`: where it came from, to be told with `iii config show --origin`.
   */
  'iii::config::apply': {
    input: WantedConfig & {
      readonly expects?: string;
      readonly destructive?: boolean;
      readonly dryRun?: boolean;
      readonly file?: string;
    };
    result: ConfigApplied;
  };
}

export const CONFIG_ROLES: Readonly<Record<keyof ConfigContract, 'read' | 'operate'>> = {
  'iii::config::get': 'read',
  'iii::config::plan': 'read',
  'iii::config::apply': 'operate',
};
