import type { SettingValue } from './settings.ts';

/**
 * What a difference does when it is applied. `live`: at once, while jobs run. `destructive`: at once
 * too, and jobs that are there lose something. `restart`: nothing until the engine starts anew.
 */
export type Effect = 'live' | 'restart' | 'destructive';

/** One difference between a running engine and a configuration. */
export interface ConfigChange {
  readonly key: string;
  /** The queue it is about; `null` when it is about the engine. */
  readonly queue: string | null;
  readonly from: SettingValue;
  readonly to: SettingValue;
  readonly effect: Effect;
  /** What that means, for people. */
  readonly note: string;
  /** Jobs that lose something; 0 unless destructive. */
  readonly jobs: number;
}
