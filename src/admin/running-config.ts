import type { Config } from '../config/config.ts';
import type { ConfigChange } from '../config/config-change.ts';
import { digestOf } from '../config/fingerprint.ts';
import type { Origin, Origins } from '../config/origin.ts';
import type { ComparedSetting } from '../config/plan.ts';
import { queueKey, queueSettings } from '../config/queue-settings.ts';
import { configSettings } from '../config/settings.ts';
import type { QueuePolicy } from '../queue/types.ts';
import type { SettingView } from './config-contract.ts';

const DEFAULT: Origin = { kind: 'default' };

/**
 * What an engine was started with, and where that came from. Settings of queues change while it runs;
 * the engine has those, and here is where they came from.
 */
export class RunningConfig {
  /** The file it was read from; `null` when there was none. */
  readonly file: string | null;
  readonly storeKind: Config['store']['kind'];
  /** What the digests of this engine's secrets are made with. */
  readonly digestKey: string;
  readonly #settings: ReturnType<typeof configSettings>;
  readonly #origins: Map<string, Origin>;

  /** @param digestKey a text nobody can guess, another one for each engine */
  constructor(config: Config, origins: Origins, digestKey: string) {
    this.file = config.file;
    this.storeKind = config.store.kind;
    this.digestKey = digestKey;
    this.#settings = configSettings(config);
    this.#origins = new Map(origins);
  }

  /** Every setting but those of queues, with digests in the place of secrets. */
  compared(): readonly ComparedSetting[] {
    return this.#settings.map(({ key, value, secret }) => ({
      ...{ key, value },
      digest: secret === undefined ? null : digestOf(secret, this.digestKey),
    }));
  }

  /** All settings, those of these queues among them. */
  settings(queues: Iterable<QueuePolicy>): readonly SettingView[] {
    const all = [...this.#settings, ...[...queues].flatMap(queueSettings)];
    return all.map(({ key, value }) => ({ key, value, origin: this.originOf(key) }));
  }

  readonly originOf = (key: string): Origin => this.#origins.get(key) ?? DEFAULT;

  /** Remembers where the settings of changed and new queues come from now. */
  applied(changes: readonly ConfigChange[], queues: readonly QueuePolicy[], origin: Origin): void {
    for (const { key, queue } of changes) {
      const added = queues.find(({ name }) => name === queue && key === queueKey(name));
      const keys = added === undefined ? [key] : queueSettings(added).map((one) => one.key);
      for (const one of keys) this.#origins.set(one, origin);
    }
  }
}
