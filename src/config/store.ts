import { nearest } from '../base/suggest.ts';
import type { StoreConfig } from './config.ts';
import type { Findings, Spot } from './findings.ts';
import type { KeyTable } from './key-spec.ts';
import {
  ADAPTER_KEYS,
  BRIDGE_ADAPTER_KEYS,
  BUILTIN_ADAPTER_KEYS,
  DEFAULT_STORE_PATH,
  RABBITMQ_ADAPTER_KEYS,
  REDIS_ADAPTER_KEYS,
} from './keys.ts';
import { CRON_ADAPTER_KEYS, STATE_ADAPTER_KEYS } from './module-keys.ts';
import { readName } from './modules.ts';
import { readSection } from './section.ts';
import { readRabbit, readRedis } from './servers.ts';
import type { Tree } from './tree.ts';

/** An adapter with a store of another process behind it. */
interface ServerAdapter {
  readonly names: readonly string[];
  readonly keys: KeyTable;
  readonly read: (
    findings: Findings,
    tree: Tree | undefined,
    spot: Spot,
  ) => StoreConfig | undefined;
}

interface MissingAdapter {
  readonly label: string;
  readonly names: readonly string[];
  readonly keys: KeyTable;
}

/** The adapters of one module. */
export interface AdapterSpec {
  /** Of which module, for messages. */
  readonly of: string;
  /** What it keeps, for messages. */
  readonly keeps: string;
  /** Names of the adapter that is here, with a memory and a file store. */
  readonly names: readonly [string, ...string[]];
  readonly keys: typeof BUILTIN_ADAPTER_KEYS | typeof STATE_ADAPTER_KEYS;
  /** A folder to suggest. */
  readonly path: string;
  readonly servers: readonly ServerAdapter[];
  /** Adapters of the original that this version does not have. */
  readonly missing: readonly MissingAdapter[];
}

export const QUEUE_ADAPTERS: AdapterSpec = {
  of: 'queue',
  keeps: 'jobs',
  names: ['builtin', 'modules::queue::BuiltinQueueAdapter'],
  keys: BUILTIN_ADAPTER_KEYS,
  path: DEFAULT_STORE_PATH,
  servers: [
    {
      names: ['redis', 'modules::queue::RedisAdapter'],
      keys: REDIS_ADAPTER_KEYS,
      read: readRedis,
    },
    {
      names: ['rabbitmq', 'modules::queue::RabbitMQAdapter'],
      keys: RABBITMQ_ADAPTER_KEYS,
      read: readRabbit,
    },
  ],
  missing: [
    {
      label: 'bridge',
      names: ['bridge', 'modules::queue::adapters::Bridge'],
      keys: BRIDGE_ADAPTER_KEYS,
    },
  ],
};

export const STATE_ADAPTERS: AdapterSpec = {
  of: 'state',
  keeps: 'values',
  names: ['kv', 'builtin', 'modules::state::adapters::KvStore'],
  keys: STATE_ADAPTER_KEYS,
  path: './data/state_store',
  servers: [
    {
      names: ['redis', 'modules::state::adapters::RedisAdapter'],
      keys: REDIS_ADAPTER_KEYS,
      read: readRedis,
    },
  ],
  missing: [
    {
      label: 'bridge',
      names: ['bridge', 'modules::state::adapters::Bridge'],
      keys: BRIDGE_ADAPTER_KEYS,
    },
  ],
};

export const CRON_ADAPTERS: AdapterSpec = {
  of: 'cron',
  keeps: 'claims',
  names: ['kv', 'builtin', 'modules::cron::KvCronAdapter'],
  keys: CRON_ADAPTER_KEYS,
  path: './data/cron',
  servers: [
    {
      names: ['redis', 'modules::cron::RedisCronAdapter'],
      keys: REDIS_ADAPTER_KEYS,
      read: readRedis,
    },
  ],
  missing: [],
};

/** The store when nothing is written about it. */
const DEFAULT_STORE: StoreConfig = { kind: 'file', path: DEFAULT_STORE_PATH };

/**
 * Reads the `adapter` of the queue module.
 * @param override the store chosen on the command line: it wins, also over an adapter that is not there
 */
export function readStore(
  findings: Findings,
  tree: Tree | undefined,
  spot: Spot,
  override: StoreConfig | undefined,
): StoreConfig {
  const written = readAdapter(findings, tree, spot, QUEUE_ADAPTERS, override !== undefined);
  return override ?? written ?? DEFAULT_STORE;
}

/** Reads the `adapter` of the state module; `null` when nothing usable is written. */
export function readStateStore(
  findings: Findings,
  tree: Tree | undefined,
  spot: Spot,
): StoreConfig | null {
  return readAdapter(findings, tree, spot, STATE_ADAPTERS, false) ?? null;
}

/**
 * Reads the `adapter` of the cron module: where engines agree on who runs a tick; `null` when each
 * runs its own, or where the jobs are.
 */
export function readCronStore(
  findings: Findings,
  tree: Tree | undefined,
  spot: Spot,
): StoreConfig | null {
  const store = readAdapter(findings, tree, spot, CRON_ADAPTERS, false) ?? null;
  return store?.kind === 'redis' ? store : null;
}

/** @param isOverruled nobody needs what is written, so that it may be an adapter that is not there */
function readAdapter(
  findings: Findings,
  tree: Tree | undefined,
  spot: Spot,
  spec: AdapterSpec,
  isOverruled: boolean,
): StoreConfig | undefined {
  if (tree === undefined) return undefined;
  const section = readSection(findings, tree, spot, ADAPTER_KEYS, '`adapter`');
  const named = readName(findings, section, tree, '`adapter`');
  if (named === undefined) return undefined;
  const { name, nameSpot } = named;
  const config = section.values.config;
  const configSpot = section.keySpot('config');
  if (spec.names.includes(name)) return readBuiltin(findings, config, configSpot, spec);
  const server = spec.servers.find(({ names }) => names.includes(name));
  if (server !== undefined) return server.read(findings, config, configSpot);
  const missing = spec.missing.find(({ names }) => names.includes(name));
  if (missing === undefined) {
    const others = [...spec.servers, ...spec.missing];
    const names = [...spec.names, ...others.flatMap((adapter) => adapter.names)];
    const guess = nearest(name, names);
    findings.error(
      'unknown_adapter',
      nameSpot,
      `There is no ${spec.of} adapter \`${name}\``,
      guess === undefined
        ? `Known adapters: ${[spec, ...spec.servers].map((adapter) => adapter.names[0]).join(', ')}`
        : `Did you mean \`${guess}\`?`,
    );
    return undefined;
  }
  readSection(findings, config, configSpot, missing.keys, `the ${missing.label} adapter`);
  if (!isOverruled) {
    findings.error(
      'store_not_available',
      nameSpot,
      `The ${missing.label} store is not part of this version`,
      fileStoreHint(spec),
    );
  }
  return undefined;
}

/** What to write instead of an adapter that is not there. */
function fileStoreHint({ names, path }: AdapterSpec): string {
  return [
    'Use the file store:',
    '  adapter:',
    `    name: ${names[0]}`,
    '    config:',
    '      store_method: file_based',
    `      file_path: ${path}`,
  ].join('\n');
}

function readBuiltin(
  findings: Findings,
  tree: Tree | undefined,
  spot: Spot,
  { names, keys, keeps, path: suggested }: AdapterSpec,
): StoreConfig | undefined {
  const section = readSection(findings, tree, spot, keys, `the ${names[0]} adapter`);
  const { store_method: method, file_path: path } = section.values;
  if (section.isRejected('store_method')) return undefined;
  if (method === 'file_based') {
    if (path !== null) return { kind: 'file', path };
    if (!section.isRejected('file_path')) {
      findings.error(
        'missing_key',
        section.valueSpot('store_method'),
        '`store_method: file_based` needs `file_path`',
        `Name the folder of the ${keeps}: file_path: ${suggested}`,
      );
    }
    return undefined;
  }
  if (path !== null) {
    findings.warn(
      'no_effect',
      section.keySpot('file_path'),
      `\`file_path\` changes nothing without \`store_method: file_based\`: ${keeps} are kept in memory and lost when the engine ends`,
      'Set `store_method: file_based`, or remove the line.',
    );
  }
  return { kind: 'memory' };
}
