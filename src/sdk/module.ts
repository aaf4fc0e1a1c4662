import { meansNothing, nearest } from '../base/suggest.ts';
import type { FunctionOptions, Handler } from './worker.ts';

/** One event that calls a function of a module. */
export interface ModuleTrigger {
  readonly type: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly metadata?: unknown;
  /** Asked before each call, with the same payload; only `false` leaves the call out. */
  readonly condition?: Handler<never>;
}

/** What the default export of a module says. */
export interface ModuleDefinition {
  readonly kind: 'iii.module';
  readonly triggers: Readonly<Record<string, ModuleTrigger>>;
}

/**
 * The default export of a module whose functions are called by triggers. The trigger
 * `on-user-created` calls the export `onUserCreated`, which is the function `on-user-created`.
 */
export function iii(
  definition: { readonly triggers?: ModuleDefinition['triggers'] } = {},
): ModuleDefinition {
  return { kind: 'iii.module', triggers: definition.triggers ?? {} };
}

/** The export `config` of a step file, beside its export `handler`. */
export interface StepConfig extends FunctionOptions {
  /** Id of the function; default: the name of the file before `.step`. */
  readonly name?: string;
  readonly trigger?: ModuleTrigger;
  readonly triggers?: readonly ModuleTrigger[];
}

/** A function that a file offers, with what calls it. */
export interface FileFunction {
  readonly id: string;
  readonly handler: Handler;
  readonly options: FunctionOptions;
  readonly triggers: readonly ModuleTrigger[];
  /** What in the file means nothing, in sentences. */
  readonly warnings: readonly string[];
}

const TRIGGER_KEYS = ['type', 'config', 'metadata', 'condition'];
const STEP_KEYS = [
  'name',
  'description',
  'trigger',
  'triggers',
  'request_format',
  'response_format',
  'metadata',
];

type Exports = Readonly<Record<string, unknown>>;

/**
 * Reads the functions out of what a file exports.
 * @param name the file's name without folder and ending
 * @returns `undefined` when the file has neither form
 * @throws Error that says what is wrong and how it is written
 */
export function readFile(exports: Exports, name: string): readonly FileFunction[] | undefined {
  if (isModule(exports['default'])) return readModule(exports['default'], exports);
  if (isRecord(exports['config']) && name.endsWith('.step')) return [readStep(exports, name)];
  if (name.endsWith('.step')) {
    throw new Error("a step file needs 'export const config = { name, triggers: […] }'");
  }
  return undefined;
}

function readModule({ triggers }: ModuleDefinition, exports: Exports): FileFunction[] {
  const functions = new Map<string, FileFunction>();
  for (const [name, value] of Object.entries(exports)) {
    if (name === 'default' || typeof value !== 'function') continue;
    const id = kebab(name);
    functions.set(id, { id, handler: value as Handler, options: {}, triggers: [], warnings: [] });
  }
  for (const [name, trigger] of Object.entries(triggers)) {
    const exportName = camel(name);
    const handler = exports[exportName];
    if (typeof handler !== 'function') {
      throw new Error(
        `the trigger '${name}' has no handler: 'export async function ${exportName}(data)' is missing`,
      );
    }
    functions.delete(kebab(exportName));
    functions.set(name, {
      id: name,
      handler: handler as Handler,
      options: {},
      triggers: [checkTrigger(trigger, `the trigger '${name}'`)],
      warnings: strayIn(trigger, `the trigger '${name}'`),
    });
  }
  return [...functions.values()];
}

function readStep(exports: Exports, fileName: string): FileFunction {
  const config = exports['config'] as StepConfig;
  const handler = exports['handler'];
  const id = config.name ?? fileName.replace(/\.step$/, '');
  if (typeof id !== 'string' || id === '') throw new Error("the step's config.name is not a name");
  if (typeof handler !== 'function') {
    throw new Error(`the step '${id}' has no handler: 'export async function handler' is missing`);
  }
  const triggers: unknown =
    config.triggers ?? (config.trigger === undefined ? [] : [config.trigger]);
  if (!Array.isArray(triggers)) throw new Error(`the step '${id}' needs triggers as a list`);
  const isOlder = 'type' in config || 'subscribes' in config;
  if (triggers.length === 0 && isOlder) {
    // nothing would ever call it, and nobody would be told
    throw new Error(
      `the step '${id}' says in an older form what calls it ('type', 'subscribes'): ` +
        "write triggers: [{ type: 'queue', config: { topic: '…' } }]",
    );
  }
  const { description, request_format, response_format, metadata } = config;
  return {
    id,
    handler: handler as Handler,
    options: { description, request_format, response_format, metadata },
    triggers: triggers.map((trigger) => checkTrigger(trigger, `a trigger of the step '${id}'`)),
    warnings: [
      // steps of the original say more, such as `flows`: only a slip is worth a word
      ...Object.keys(config)
        .filter((key) => !STEP_KEYS.includes(key) && nearest(key, STEP_KEYS) !== undefined)
        .map((key) => `the step '${id}': ${meansNothing(key, STEP_KEYS)}`),
      ...triggers.flatMap((trigger: ModuleTrigger) =>
        strayIn(trigger, `a trigger of the step '${id}'`),
      ),
    ],
  };
}

function checkTrigger(value: unknown, what: string): ModuleTrigger {
  if (!isRecord(value) || typeof value['type'] !== 'string') {
    throw new Error(`${what} is written { type: 'queue', config: { topic: '…' } }`);
  }
  const { config, condition } = value;
  if (config !== undefined && !isRecord(config)) throw new Error(`${what}: config is no object`);
  if (condition !== undefined && typeof condition !== 'function') {
    throw new Error(`${what}: condition is no function`);
  }
  return value as unknown as ModuleTrigger;
}

function strayIn(trigger: ModuleTrigger, what: string): string[] {
  return Object.keys(trigger)
    .filter((key) => !TRIGGER_KEYS.includes(key))
    .map((key) => `${what}: ${meansNothing(key, TRIGGER_KEYS)}`);
}

function isModule(value: unknown): value is ModuleDefinition {
  // Not instanceof: the file may have loaded another copy of this package.
  return isRecord(value) && value['kind'] === 'iii.module' && isRecord(value['triggers']);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `onUserCreated` → `on-user-created`. */
function kebab(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();
}

/** `on-user-created` → `onUserCreated`. */
function camel(name: string): string {
  return name.replace(/-+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
