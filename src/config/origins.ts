import type { Config } from './config.ts';
import type { Findings, Range } from './findings.ts';
import type { ModuleConfig, ModuleKey } from './modules.ts';
import type { Origin, Origins } from './origin.ts';
import { queueSettings } from './queue-settings.ts';
import {
  configSettings,
  type OptionName,
  type Place,
  type SettingSource,
  type Step,
} from './settings.ts';
import type { Tree, TreeEntry, TreeMap } from './tree.ts';

/** What the command line of `iii serve` said. */
interface GivenOptions {
  readonly host?: unknown;
  readonly port?: unknown;
  readonly httpPort?: unknown;
  readonly store?: unknown;
  readonly graceMs?: unknown;
}

const OPTIONS: Readonly<
  Record<OptionName, { readonly flag: string; readonly isGiven: (given: GivenOptions) => boolean }>
> = {
  host: { flag: '--host', isGiven: ({ host }) => host !== undefined },
  port: { flag: '--port', isGiven: ({ port }) => port !== undefined },
  httpPort: { flag: '--http-port', isGiven: ({ httpPort }) => httpPort !== undefined },
  store: { flag: '--store', isGiven: ({ store }) => store !== undefined },
  /** With `--store memory` users' values are not on disk either. */
  nothingOnDisk: { flag: '--store', isGiven: ({ store }) => store === 'memory' },
  graceMs: { flag: '--grace', isGiven: ({ graceMs }) => graceMs !== undefined },
};

interface OriginParts {
  readonly config: Config;
  readonly tree: Tree | undefined;
  readonly modules: ReadonlyMap<ModuleKey, ModuleConfig>;
  readonly findings: Findings;
  readonly overrides: GivenOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Says of every setting what decided it: an option, a line of the file, or a variable. */
export function originsOf(parts: OriginParts): Origins {
  const { config } = parts;
  const settings = [...configSettings(config), ...config.queues.flatMap(queueSettings)];
  const origins = new Map<string, Origin>();
  for (const setting of settings) {
    const origin = originOf(setting, parts);
    if (origin !== undefined) origins.set(setting.key, origin);
  }
  return origins;
}

function originOf(setting: SettingSource, parts: OriginParts): Origin | undefined {
  const { overrides, env, findings, config } = parts;
  if (setting.option !== undefined) {
    const { flag, isGiven } = OPTIONS[setting.option];
    if (isGiven(overrides)) return { kind: 'option', option: flag };
  }
  for (const place of setting.places) {
    const found = find(place, parts);
    if (found === undefined) continue;
    const [range, value] = found;
    return {
      kind: 'file',
      file: config.file,
      line: findings.lineOf(range[0]),
      variable: variableIn(value),
    };
  }
  const variable = setting.variables?.find((name) => Boolean(env[name]));
  return variable === undefined ? undefined : { kind: 'variable', variable };
}

/** The key that a place names, and its value; `undefined` when it is not written. */
function find(
  { module, steps }: Place,
  { tree, modules }: OriginParts,
): readonly [Range, Tree] | undefined {
  let value = module === 'top' ? tree : modules.get(module)?.config;
  let range: Range | undefined;
  for (const step of steps) {
    const next = value === undefined ? undefined : enter(value, step);
    if (next === undefined) return undefined;
    [range, value] = next;
  }
  return range === undefined || value === undefined ? undefined : [range, value];
}

function enter(tree: Tree, step: Step): readonly [Range, Tree] | undefined {
  if (typeof step === 'string') {
    if (tree.kind !== 'map') return undefined;
    const entry = entriesByName(tree).get(step);
    return entry === undefined ? undefined : [entry.keyRange, entry.value];
  }
  const items = tree.kind === 'list' ? tree.items : [];
  const item = items.find((one) => {
    const name = one.kind === 'map' ? one.entries.find(({ name }) => name === 'name') : undefined;
    return name?.value.kind === 'scalar' && name.value.text === step.named;
  });
  return item === undefined ? undefined : [item.range, item];
}

/** Of each map that was entered: thousands of queues ask for theirs one by one. */
const known = new WeakMap<TreeMap, ReadonlyMap<string, TreeEntry>>();

function entriesByName(tree: TreeMap): ReadonlyMap<string, TreeEntry> {
  let entries = known.get(tree);
  if (entries === undefined) {
    entries = new Map(tree.entries.map((entry) => [entry.name, entry]));
    known.set(tree, entries);
  }
  return entries;
}

/** The first variable of the environment that a value was filled in from. */
function variableIn(tree: Tree): string | null {
  if (tree.kind === 'scalar') return tree.variable;
  const inner = tree.kind === 'list' ? tree.items : tree.entries.map(({ value }) => value);
  return inner.map(variableIn).find((variable) => variable !== null) ?? null;
}
