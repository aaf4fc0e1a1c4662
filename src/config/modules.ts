import { nearest } from '../base/suggest.ts';
import type { Findings, Spot } from './findings.ts';
import { ENTRY_KEYS, type ADAPTER_KEYS, type TOP_KEYS } from './keys.ts';
import { readSection, type Section } from './section.ts';
import type { Tree } from './tree.ts';

interface ModuleSpec {
  /** What it is called in messages. */
  readonly label: string;
  /** Every name it goes by in configuration files; the newer one first. */
  readonly names: readonly string[];
  /** Present in this version, or what to say about it. */
  readonly status: 'built' | 'not_built_yet' | 'no_effect';
}

/**
 * The modules of the original by the names of all its generations: `class` under `modules:`, `name`
 * under `workers:`, and the names without prefix. This table is all there is to the two dialects.
 */
export const MODULES = {
  workerManager: {
    label: 'the worker manager',
    names: ['iii-worker-manager', 'modules::worker::WorkerModule', 'worker-manager'],
    status: 'built',
  },
  queue: {
    label: 'the queue module',
    names: ['iii-queue', 'modules::queue::QueueModule', 'queue'],
    status: 'built',
  },
  http: {
    label: 'the HTTP module',
    names: ['iii-http', 'modules::api::RestApiModule', 'http'],
    status: 'built',
  },
  cron: {
    label: 'the cron module',
    names: ['iii-cron', 'modules::cron::CronModule', 'cron'],
    status: 'built',
  },
  state: {
    label: 'the state module',
    names: ['iii-state', 'modules::state::StateModule', 'state'],
    status: 'built',
  },
  stream: {
    label: 'the stream module',
    names: ['iii-stream', 'modules::stream::StreamModule', 'stream'],
    status: 'not_built_yet',
  },
  pubsub: {
    label: 'the pubsub module',
    names: ['iii-pubsub', 'modules::pubsub::PubSubModule', 'pubsub'],
    status: 'built',
  },
  observability: {
    label: 'the observability module',
    names: ['iii-observability', 'modules::observability::OtelModule', 'observability'],
    status: 'built',
  },
  httpFunctions: {
    label: 'the module for functions called over HTTP',
    names: ['iii-http-functions', 'modules::http_functions::HttpFunctionsModule', 'http-functions'],
    status: 'built',
  },
  bridge: {
    label: 'the bridge module',
    names: ['iii-bridge', 'modules::bridge_client::BridgeClientModule', 'bridge'],
    status: 'not_built_yet',
  },
  exec: {
    label: 'the exec module',
    names: ['iii-exec', 'modules::shell::ExecModule', 'exec'],
    status: 'not_built_yet',
  },
  engineFunctions: {
    label: 'the engine functions',
    names: ['iii-engine-functions', 'engine-functions'],
    status: 'built',
  },
  telemetry: {
    label: 'the telemetry module',
    names: ['iii-telemetry', 'modules::telemetry::TelemetryModule', 'telemetry'],
    status: 'no_effect',
  },
  configuration: {
    label: 'the configuration module',
    names: ['iii-configuration', 'configuration'],
    status: 'no_effect',
  },
} as const satisfies Readonly<Record<string, ModuleSpec>>;

/** An entry, for messages. */
const ENTRY = 'a module entry';

export type ModuleKey = keyof typeof MODULES;

/** The configuration of one listed module. */
export interface ModuleConfig {
  readonly config: Tree | undefined;
  /** The `config` key; the entry when there is none. */
  readonly spot: Spot;
}

const KEY_BY_NAME: ReadonlyMap<string, ModuleKey> = new Map(
  Object.entries(MODULES).flatMap(([key, { names }]) =>
    names.map((name) => [name, key as ModuleKey] as const),
  ),
);

/** The modules that both lists name, whichever dialect each entry is written in. */
export function readModules(
  findings: Findings,
  top: Section<typeof TOP_KEYS>,
): ReadonlyMap<ModuleKey, ModuleConfig> {
  const modules = new Map<ModuleKey, ModuleConfig>();
  const firstLines = new Map<ModuleKey, Spot>();
  for (const list of ['modules', 'workers'] as const) {
    const tree = top.values[list];
    const items = tree?.kind === 'list' ? tree.items : [];
    for (const [index, item] of items.entries()) {
      const entry = readEntry(findings, item, `${list}[${index}]`);
      if (entry === undefined) continue;
      const { key, nameSpot, config } = entry;
      const first = firstLines.get(key);
      if (first !== undefined) {
        const where =
          first.range === null ? '' : `; first on line ${findings.lineOf(first.range[0])}`;
        findings.error(
          'duplicate_module',
          nameSpot,
          `${label(key)} is listed twice${where}`,
          'Put all its settings into one entry.',
        );
        continue;
      }
      firstLines.set(key, nameSpot);
      modules.set(key, config);
      warnAboutStatus(findings, key, nameSpot);
    }
  }
  return modules;
}

function readEntry(
  findings: Findings,
  item: Tree,
  path: string,
): { key: ModuleKey; nameSpot: Spot; config: ModuleConfig } | undefined {
  const section = readSection(findings, item, { path, range: item.range }, ENTRY_KEYS, ENTRY);
  const named = readName(findings, section, item, ENTRY);
  if (named === undefined) return undefined;
  const { name, nameSpot } = named;
  const key = KEY_BY_NAME.get(name);
  if (key !== undefined) {
    return {
      key,
      nameSpot,
      config: { config: section.values.config, spot: section.keySpot('config') },
    };
  }
  if (section.has('image')) return undefined;
  const guess = nearest(name, KEY_BY_NAME.keys());
  const known = Object.values(MODULES).map(({ names }) => names[0]);
  findings.error(
    'unknown_module',
    nameSpot,
    `There is no module \`${name}\``,
    guess === undefined ? `Known modules: ${known.join(', ')}` : `Did you mean \`${guess}\`?`,
  );
  return undefined;
}

/** The name of an entry: its `name` (newer form) or its `class` (older form), but not both. */
export function readName(
  findings: Findings,
  section: Section<typeof ADAPTER_KEYS>,
  tree: Tree,
  what: string,
): { name: string; nameSpot: Spot } | undefined {
  if (section.has('name') && section.has('class')) {
    findings.error(
      'conflicting_keys',
      section.keySpot('class'),
      `${capitalize(what)} has both \`name\` and \`class\``,
      'Keep one of the two.',
    );
    return undefined;
  }
  const key = section.has('class') ? 'class' : 'name';
  const name = section.values[key];
  if (name !== undefined) return { name, nameSpot: section.valueSpot(key) };
  if (tree.kind === 'map' && !section.has(key)) {
    findings.error(
      'missing_key',
      section.spot,
      `${capitalize(what)} has neither \`name\` nor \`class\``,
    );
  }
  return undefined;
}

function warnAboutStatus(findings: Findings, key: ModuleKey, spot: Spot): void {
  const { status } = MODULES[key];
  if (status === 'not_built_yet') {
    findings.warn(status, spot, `${label(key)} is not part of this version; its entry is ignored`);
  } else if (status === 'no_effect') {
    findings.warn(status, spot, `${label(key)} of the original has no counterpart here`);
  }
}

function label(key: ModuleKey): string {
  return capitalize(MODULES[key].label);
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
