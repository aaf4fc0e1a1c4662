import type { StateConfig, StoreConfig, UrlPolicyConfig } from './config.ts';
import type { Findings } from './findings.ts';
import {
  CRON_KEYS,
  HTTP_FUNCTIONS_KEYS,
  PUBSUB_KEYS,
  STATE_KEYS,
  URL_SECURITY_KEYS,
} from './module-keys.ts';
import type { ModuleConfig } from './modules.ts';
import { readSection } from './section.ts';
import { readCronStore, readStateStore } from './store.ts';

/**
 * @param jobs where jobs are kept
 * @param nothingOnDisk whether the command line asked for that: it wins
 */
export function readState(
  findings: Findings,
  { config, spot }: ModuleConfig,
  jobs: StoreConfig,
  nothingOnDisk: boolean,
): StateConfig {
  const section = readSection(findings, config, spot, STATE_KEYS, 'the state module');
  const { values } = section;
  const store = readStateStore(findings, values.adapter, section.keySpot('adapter'));
  if (store?.kind === 'file' && jobs.kind === 'file' && store.path === jobs.path) {
    findings.error(
      'conflicting_keys',
      section.valueSpot('adapter'),
      `The folder \`${store.path}\` is that of the jobs too`,
      'Give the values a folder of their own, or leave the adapter out: they are kept beside the jobs.',
    );
  }
  return {
    store: nothingOnDisk ? null : store,
    triggersEnabled: values.triggers_enabled,
    maxValueBytes: values.max_value_bytes,
  };
}

export function readUrlPolicy(findings: Findings, { config, spot }: ModuleConfig): UrlPolicyConfig {
  const label = 'the module for functions called over HTTP';
  const section = readSection(findings, config, spot, HTTP_FUNCTIONS_KEYS, label);
  const { values } = readSection(
    findings,
    section.values.security,
    section.keySpot('security'),
    URL_SECURITY_KEYS,
    '`security`',
  );
  return {
    allowlist: values.url_allowlist ?? ['*'],
    blockPrivateAddresses: values.block_private_ips,
    requireHttps: values.require_https,
  };
}

/** The store through which engines share the ticks of cron; `null`: the one of the jobs. */
export function readCron(findings: Findings, { config, spot }: ModuleConfig): StoreConfig | null {
  const section = readSection(findings, config, spot, CRON_KEYS, 'the cron module');
  return readCronStore(findings, section.values.adapter, section.keySpot('adapter'));
}

/** The pubsub module has nothing to be set, but may be written wrongly. */
export function checkPubSub(findings: Findings, pubsub: ModuleConfig): void {
  readSection(findings, pubsub.config, pubsub.spot, PUBSUB_KEYS, 'the pubsub module');
}
