import type { AdminClient } from '../../admin/client.ts';
import type { ConfigPlanView, WantedConfig } from '../../admin/config-contract.ts';
import type { UsableConfig } from '../config-source.ts';

/** What a file resolves to, in the form in which an engine compares it with what it runs with. */
export async function wantedOf(
  { config }: UsableConfig,
  engine: AdminClient,
): Promise<Required<WantedConfig>> {
  const { configSettings } = await import('../../config/settings.ts');
  const { writeQueue } = await import('../../config/queue-settings.ts');
  const { digestOf } = await import('../../config/fingerprint.ts');
  const { digestKey } = await engine.call('iii::config::get', {});
  return {
    queues: Object.fromEntries(config.queues.map((queue) => [queue.name, writeQueue(queue)])),
    settings: configSettings(config).map(({ key, value, secret }) => ({
      ...{ key, value },
      digest: secret === undefined ? null : digestOf(secret, digestKey),
    })),
  };
}

/** Compares a file with what an engine runs with. What an option decides is told only where the file says it. */
export async function compare(
  loaded: UsableConfig,
  engine: AdminClient,
): Promise<{ readonly wanted: Required<WantedConfig>; readonly plan: ConfigPlanView }> {
  const wanted = await wantedOf(loaded, engine);
  const plan = await engine.call('iii::config::plan', wanted);
  const overruled = plan.overruled.filter(({ key }) => loaded.origins.has(key));
  return { wanted, plan: { ...plan, overruled } };
}
