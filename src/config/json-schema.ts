import { ALERT_AUTH_KEYS, ALERT_KEYS } from './alert-keys.ts';
import type { KeySpec, KeyTable } from './key-spec.ts';
import * as keys from './keys.ts';
import * as moduleKeys from './module-keys.ts';
import { MODULES, type ModuleKey } from './modules.ts';
import { OBSERVABILITY_KEYS } from './observability-keys.ts';
import { SLO_KEYS } from './slo-keys.ts';
import { CRON_ADAPTERS, QUEUE_ADAPTERS, STATE_ADAPTERS, type AdapterSpec } from './store.ts';

/** A JSON Schema, or a part of one. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

/** The keys of a table whose value is read by code of its own. */
type NestedKey<T extends KeyTable> = {
  [K in keyof T]: T[K] extends { readonly kind: 'map' | 'list' } ? K : never;
}[keyof T];

/** Something that goes by several names and has settings. */
interface Named {
  readonly names: readonly string[];
  readonly config: Schema;
}

/** Stands for any value: the file is checked before variables are replaced. */
const VARIABLE: Schema = { $ref: '#/$defs/variable' };

/**
 * The JSON Schema (draft 7) of a configuration file, for editors. It comes from the tables that the
 * file is checked with, and never refuses what the engine accepts. The engine sees more: names of
 * variables that are not set, keys that exclude each other, files that are not there.
 */
export function configSchema(): Schema {
  const modules = { type: ['array', 'null'], items: { $ref: '#/$defs/entry' } };
  const token = {
    ...section(keys.TOKEN_KEYS, {}),
    oneOf: ['hash', 'env', 'file'].map((key) => ({ required: [key] })),
  };
  const alert = section(ALERT_KEYS, { auth: section(ALERT_AUTH_KEYS, {}) });
  const tokens = { type: ['array', 'null'], items: token };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of iii',
    ...section(keys.TOP_KEYS, {
      modules,
      workers: modules,
      auth: section(keys.AUTH_KEYS, { tokens }),
      alerts: { type: ['array', 'null'], items: alert },
    }),
    $defs: {
      variable: {
        type: 'string',
        pattern: '\\$\\{',
        description: '`${NAME}` or `${NAME:default}`',
      },
      entry: moduleEntry(),
      queue: queue(),
    },
  };
}

function moduleEntry(): Schema {
  const configs: Partial<Record<ModuleKey, Schema>> = {
    workerManager: section(keys.WORKER_MANAGER_KEYS, {}),
    http: section(keys.HTTP_KEYS, {
      cors: section(keys.CORS_KEYS, {}),
      middleware: { type: ['array', 'null'], items: section(keys.MIDDLEWARE_KEYS, {}) },
    }),
    queue: section(keys.QUEUE_MODULE_KEYS, {
      adapter: adapter(QUEUE_ADAPTERS),
      queue_configs: { type: ['object', 'null'], additionalProperties: { $ref: '#/$defs/queue' } },
    }),
    state: section(moduleKeys.STATE_KEYS, { adapter: adapter(STATE_ADAPTERS) }),
    cron: section(moduleKeys.CRON_KEYS, { adapter: adapter(CRON_ADAPTERS) }),
    pubsub: section(moduleKeys.PUBSUB_KEYS, {}),
    httpFunctions: section(moduleKeys.HTTP_FUNCTIONS_KEYS, {
      security: section(moduleKeys.URL_SECURITY_KEYS, {}),
    }),
    observability: section(OBSERVABILITY_KEYS, {}),
  };
  const known = Object.entries(MODULES).map(([key, { names }]) => ({
    names,
    config: configs[key as ModuleKey] ?? {},
  }));
  const { allOf, ...entry } = named(keys.ENTRY_KEYS, known);
  // An entry with `image` is a container of the original, whatever its name.
  return { ...entry, if: { not: { required: ['image'] } }, then: { allOf } };
}

function adapter({ names, keys: table, servers, missing }: AdapterSpec): Schema {
  const all = [{ names, keys: table }, ...servers, ...missing];
  return named(
    keys.ADAPTER_KEYS,
    all.map((one) => ({ names: one.names, config: section(one.keys, {}) })),
  );
}

function queue(): Schema {
  return {
    ...section(keys.QUEUE_KEYS, {
      rate_limit: section(keys.RATE_LIMIT_KEYS, {}),
      retention: section(keys.RETENTION_KEYS, {}),
      slo: section(SLO_KEYS, {}),
    }),
    if: { properties: { type: { const: 'fifo' } }, required: ['type'] },
    then: { required: ['message_group_field'] },
  };
}

/** A section whose `name` or `class` decides what its `config` holds. */
function named(
  table: typeof keys.ENTRY_KEYS | typeof keys.ADAPTER_KEYS,
  known: readonly Named[],
): Schema {
  const anyName = { anyOf: [{ enum: known.flatMap(({ names }) => names) }, VARIABLE] };
  return {
    ...section(table, { config: {} }),
    oneOf: [{ required: ['name'] }, { required: ['class'] }],
    allOf: [
      { properties: { name: anyName, class: anyName } },
      ...known.map(({ names, config }) => ({
        if: {
          anyOf: ['name', 'class'].map((key) => ({
            properties: { [key]: { enum: names } },
            required: [key],
          })),
        },
        then: { properties: { config } },
      })),
    ],
  };
}

/** @param nested what the keys hold whose value is a section or a list */
function section<T extends KeyTable>(
  table: T,
  nested: Readonly<Record<NestedKey<T>, Schema>>,
): Schema {
  const inner: Readonly<Record<string, Schema>> = nested;
  const properties = Object.entries(table).map(([key, spec]) => [
    key,
    describe(spec, inner[key] ?? valueOf(spec)),
  ]);
  const required = Object.keys(table).filter((key) => table[key]?.required === true);
  return {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: Object.fromEntries(properties) as Schema,
    ...(required.length === 0 ? {} : { required }),
  };
}

function describe(spec: KeySpec, value: Schema): Schema {
  const isOpen = spec.default === undefined || spec.default === null;
  return {
    description: spec.notice === undefined ? spec.doc : `${spec.doc} (${spec.notice.message})`,
    ...(isOpen ? {} : { default: spec.default }),
    ...(spec.default === null ? { anyOf: [value, { type: 'null' }] } : value),
  };
}

function valueOf(spec: KeySpec): Schema {
  switch (spec.kind) {
    case 'integer':
    case 'number':
      return orVariable({ type: spec.kind, minimum: spec.min, maximum: spec.max });
    case 'text':
      return { type: 'string', ...(spec.mayBeEmpty === true ? {} : { minLength: 1 }) };
    case 'choice':
      return orVariable({ enum: spec.of });
    case 'boolean':
      return orVariable({ type: 'boolean' });
    case 'texts':
      return orVariable({ type: 'array', items: { type: 'string' } });
    default:
      return {};
  }
}

function orVariable(value: Schema): Schema {
  return { anyOf: [value, VARIABLE] };
}
