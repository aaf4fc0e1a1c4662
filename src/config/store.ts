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
import { readName } from './modules.ts';
import { readSection } from './section.ts';
import { nearest } from './suggest.ts';
import type { Tree } from './tree.ts';

interface OtherAdapter {
  readonly label: string;
  readonly names: readonly string[];
  readonly keys: KeyTable;
}

const BUILTIN_NAMES = ['builtin', 'modules::queue::BuiltinQueueAdapter'];

/** Adapters of the original that this version does not have. */
const OTHER_ADAPTERS: readonly OtherAdapter[] = [
  { label: 'Redis', names: ['redis', 'modules::queue::RedisAdapter'], keys: REDIS_ADAPTER_KEYS },
  {
    label: 'RabbitMQ',
    names: ['rabbitmq', 'modules::queue::RabbitMQAdapter'],
    keys: RABBITMQ_ADAPTER_KEYS,
  },
  {
    label: 'bridge',
    names: ['bridge', 'modules::queue::adapters::Bridge'],
    keys: BRIDGE_ADAPTER_KEYS,
  },
];

/** What to write instead of an adapter that is not there. */
const FILE_STORE_HINT = [
  'Use the file store:',
  '  adapter:',
  '    name: builtin',
  '    config:',
  '      store_method: file_based',
  `      file_path: ${DEFAULT_STORE_PATH}`,
].join('\n');

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
  const chosen = override ?? DEFAULT_STORE;
  if (tree === undefined) return chosen;
  const section = readSection(findings, tree, spot, ADAPTER_KEYS, '`adapter`');
  const named = readName(findings, section, tree, '`adapter`');
  if (named === undefined) return chosen;
  const { name, nameSpot } = named;
  const config = section.values.config;
  const configSpot = section.keySpot('config');
  if (BUILTIN_NAMES.includes(name)) {
    const written = readBuiltin(findings, config, configSpot);
    return override ?? written;
  }
  const other = OTHER_ADAPTERS.find(({ names }) => names.includes(name));
  if (other === undefined) {
    const names = [...BUILTIN_NAMES, ...OTHER_ADAPTERS.flatMap((adapter) => adapter.names)];
    const guess = nearest(name, names);
    findings.error(
      'unknown_adapter',
      nameSpot,
      `There is no queue adapter \`${name}\``,
      guess === undefined ? 'Known adapters: builtin' : `Did you mean \`${guess}\`?`,
    );
    return chosen;
  }
  readSection(findings, config, configSpot, other.keys, `the ${other.label} adapter`);
  if (override === undefined) {
    findings.error(
      'store_not_available',
      nameSpot,
      `The ${other.label} store is not part of this version, which has a memory and a file store`,
      FILE_STORE_HINT,
    );
  }
  return chosen;
}

function readBuiltin(findings: Findings, tree: Tree | undefined, spot: Spot): StoreConfig {
  const section = readSection(findings, tree, spot, BUILTIN_ADAPTER_KEYS, 'the builtin adapter');
  const { store_method: method, file_path: path } = section.values;
  if (section.isRejected('store_method')) return DEFAULT_STORE;
  if (method === 'file_based') {
    if (path !== null) return { kind: 'file', path };
    if (!section.isRejected('file_path')) {
      findings.error(
        'missing_key',
        section.valueSpot('store_method'),
        '`store_method: file_based` needs `file_path`',
        `Name the folder of the jobs: file_path: ${DEFAULT_STORE_PATH}`,
      );
    }
    return DEFAULT_STORE;
  }
  if (path !== null) {
    findings.warn(
      'no_effect',
      section.keySpot('file_path'),
      '`file_path` changes nothing without `store_method: file_based`: jobs are kept in memory and lost when the engine ends',
      'Set `store_method: file_based`, or remove the line.',
    );
  }
  return { kind: 'memory' };
}
