import { startApp, type App } from './app.ts';
import type { Clock } from './base/clock.ts';
import { depthOf } from './base/json.ts';
import type { Logger } from './base/logger.ts';
import type { Random } from './base/random.ts';
import type { AdminFunctionId, AdminInput, AdminResult } from './admin/contract.ts';
import { configErrors } from './config/problem.ts';
import { parseConfig } from './config/load.ts';
import { machineSources } from './config/machine.ts';
import type { LocalCall } from './engine/functions.ts';

export { ManualClock, SystemClock, type Clock } from './base/clock.ts';
export { IiiError } from './base/errors.ts';
export type { Logger } from './base/logger.ts';
export type { Random } from './base/random.ts';

/** The configuration file as an object: the same keys, in either dialect. */
export type EngineConfig = Readonly<Record<string, unknown>>;

export interface EngineSettings {
  /** `memory`, or the folder of a durable store; overrides the configuration. Default: `memory`. */
  readonly store?: string;
  /** Opens the worker protocol's port, so that workers and the command line can connect. Default: no. */
  readonly listen?: boolean;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Logger;
}

/** What a function inside the process is told beside its payload. */
export interface CallContext {
  /** The job, when the call is an attempt of one. */
  readonly job: {
    readonly id: string;
    readonly queue: string;
    readonly attempt: number;
    readonly max_attempts: number;
    readonly epoch: number;
    readonly enqueued_at: string;
  } | null;
  readonly traceparent: string | null;
}

export type FunctionHandler = (payload: unknown, context: CallContext) => unknown;

/** An engine inside this process. Stopping is graceful and may be repeated. */
export interface EmbeddedEngine {
  /** Address of the worker protocol; `null` unless `listen` was set. */
  readonly url: string | null;
  /** Offers a function; it runs in this process, as attempts of jobs and in direct calls. */
  registerFunction(id: string, handler: FunctionHandler): void;
  /**
   * Enqueues one job; `options` are those of the enqueue action, such as `queue` and `delay_ms`.
   * @throws IiiError `enqueue_error`; nothing was accepted then
   */
  enqueue(
    functionId: string,
    payload: unknown,
    options?: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly messageReceiptId: string }>;
  /** Calls a function and waits for its result. */
  trigger(functionId: string, payload: unknown): Promise<unknown>;
  /** Calls an admin function: what the command line can do, from code. */
  admin<Id extends AdminFunctionId>(id: Id, input: AdminInput<Id>): Promise<AdminResult<Id>>;
  /** The engine is running already; here so that it can be handled like any service. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts an engine inside this process: the same one that `iii serve` runs.
 * @throws IiiError CONFIG_INVALID with every problem of the configuration
 */
export async function createEngine(
  config: EngineConfig = {},
  settings: EngineSettings = {},
): Promise<EmbeddedEngine> {
  const { store = 'memory', listen = false, clock, random, log } = settings;
  const loaded = parseConfig(JSON.stringify(config), {
    file: null,
    ...machineSources,
    overrides: { store },
  });
  if (loaded.config === null) throw configErrors(loaded);
  const app = await startApp({
    config: loaded.config,
    origins: loaded.origins,
    listen,
    ...(clock === undefined ? {} : { clock }),
    ...(random === undefined ? {} : { random }),
    ...(log === undefined ? {} : { log }),
  });
  return embed(app);
}

function embed(app: App): EmbeddedEngine {
  const { engine, url } = app;
  return {
    url,
    registerFunction: (id, handler) => {
      const run = async (call: LocalCall) =>
        toText(await handler(JSON.parse(call.data), contextOf(call)));
      engine.functions.addLocal({ id, description: null, access: 'trigger', run });
    },
    enqueue: async (functionId, payload, options = {}) => {
      const text = toText(payload) ?? 'null';
      const data = { text, depth: depthOf(text) };
      const request = {
        functionId,
        data,
        options,
        traceparent: null,
        baggage: null,
        metadata: null,
      };
      const [receipt] = await engine.enqueue([request]);
      return { messageReceiptId: receipt?.id ?? '' };
    },
    trigger: async (functionId, payload) =>
      fromText(await engine.call(functionId, toText(payload) ?? 'null')),
    admin: async (id, input) =>
      fromText(await engine.call(id, JSON.stringify(input))) as AdminResult<typeof id>,
    start: () => Promise.resolve(),
    stop: () => app.stop(),
  };
}

function contextOf({ metadata, traceparent }: LocalCall): CallContext {
  const members = (metadata === null ? {} : JSON.parse(metadata)) as Record<string, unknown> | null;
  return { job: (members?.['iii.job'] ?? null) as CallContext['job'], traceparent };
}

function toText(value: unknown): string | null {
  const text = JSON.stringify(value) as string | undefined;
  return text ?? null;
}

function fromText(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text);
}
