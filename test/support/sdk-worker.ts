import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../../src/version.ts';
import { cleanEnvironment } from './engine-process.ts';
import { eventually, within } from './eventually.ts';

/** A published SDK, under the alias of package.json, or ours as it was built. */
export interface SdkVersion {
  /** As the test's name says it. */
  readonly name: string;
  /** As the engine is told. */
  readonly version: string;
  readonly specifier: string;
  /** Where its tracing functions are; `null` for ours, whose handlers get the trace as an argument. */
  readonly observability: string | null;
  /** Where its `http` is. */
  readonly http: string;
  /** Where its `createChannel` is, when not a method of the worker. */
  readonly channels: string | null;
  /** Says who it was when it connects again, and tells of refused triggers and ended bindings. */
  readonly isRecent: boolean;
  /** `registerFunction(id, handler)` and not `registerFunction({ id }, handler)`. */
  readonly positional: boolean;
  /** Handlers get the metadata of the invocation. */
  readonly metadata: boolean;
  /** Helpers such as `listFunctions`. */
  readonly listings: readonly string[];
}

export const SDK_VERSIONS: readonly SdkVersion[] = [
  {
    name: 'iii-sdk 0.9.0',
    version: '0.9.0',
    specifier: 'iii-sdk-0-9',
    http: 'iii-sdk-0-9',
    channels: null,
    isRecent: false,
    observability: 'iii-sdk-0-9/telemetry',
    positional: false,
    metadata: false,
    listings: ['listFunctions', 'listWorkers', 'listTriggers'],
  },
  {
    name: 'iii-sdk 0.11.6',
    version: '0.11.6',
    specifier: 'iii-sdk-0-11',
    http: 'iii-sdk-0-11',
    channels: null,
    isRecent: false,
    observability: 'iii-sdk-0-11/telemetry',
    positional: true,
    metadata: false,
    listings: [],
  },
  {
    name: 'iii-sdk 0.22.1',
    version: '0.22.1',
    specifier: 'iii-sdk-0-22',
    http: '@iii-dev/helpers/http',
    channels: 'iii-sdk-0-22/helpers',
    isRecent: true,
    observability: '@iii-dev/helpers/observability',
    positional: true,
    metadata: true,
    listings: [],
  },
];

const OWN = new URL('../../dist/sdk/sdk.js', import.meta.url).href;

export const OWN_SDK: SdkVersion = {
  name: 'iii-engine/sdk',
  version: VERSION,
  specifier: OWN,
  http: OWN,
  channels: null,
  isRecent: true,
  observability: null,
  positional: true,
  metadata: true,
  listings: [],
};

export const ALL_SDKS: readonly SdkVersion[] = [...SDK_VERSIONS, OWN_SDK];

const MAIN = fileURLToPath(new URL('sdk-worker-main.mjs', import.meta.url));

/** A call that reached a function of the worker. */
export interface WorkerCall {
  readonly functionId: string;
  /** Names the call for `open`. */
  readonly key: string;
  readonly data: unknown;
  readonly isUndefined: boolean;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly traceId: string | null;
}

export interface SdkFailure {
  readonly code?: string;
  readonly message: string;
  readonly functionId?: string;
  readonly isError: boolean;
}

/** How a call of the SDK ended, as its user sees it. */
export interface SdkOutcome {
  readonly result?: unknown;
  readonly isUndefined?: boolean;
  readonly isNull?: boolean;
  readonly error?: SdkFailure;
}

export type Behaviour =
  'echo' | 'member' | 'nothing' | 'null' | 'fail' | 'fail_times' | 'hang' | 'gate' | 'forward';

export interface TriggerInput {
  readonly functionId: string;
  readonly payload?: unknown;
  readonly noPayload?: boolean;
  readonly queue?: string;
  readonly isVoid?: boolean;
  readonly timeoutMs?: number;
  readonly metadata?: unknown;
  /** More members of the enqueue action. */
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface WorkerStart {
  readonly telemetry?: boolean;
  readonly token?: string;
}

/** A worker process that uses a published SDK. */
export class SdkWorker {
  readonly calls: WorkerCall[] = [];
  stdout = '';
  stderr = '';
  readonly #sdk: SdkVersion;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, (outcome: SdkOutcome) => void>();
  readonly #exited: Promise<void>;
  #lastId = 0;
  #started = false;

  private constructor(sdk: SdkVersion, url: string, start: WorkerStart) {
    this.#sdk = sdk;
    const options = {
      otel: { enabled: start.telemetry ?? false },
      reconnectionConfig: { initialDelayMs: 50, maxDelayMs: 200 },
      ...(start.token === undefined ? {} : { headers: { Authorization: `Bearer ${start.token}` } }),
      // the same for ours
      token: start.token ?? '',
      reconnectMs: 50,
    };
    const { specifier, observability, http, channels } = sdk;
    const argument = JSON.stringify({ specifier, observability, http, channels, url, options });
    this.#child = fork(MAIN, [argument], { env: cleanEnvironment(), execArgv: [], silent: true });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#child.on('message', (message) => {
      this.#receive(message as Record<string, unknown>);
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', () => {
        resolve();
      });
    });
  }

  static async start(sdk: SdkVersion, url: string, start: WorkerStart = {}): Promise<SdkWorker> {
    const worker = new SdkWorker(sdk, url, start);
    await eventually(() => worker.#started, 15_000).catch((thrown: unknown) => {
      worker.kill();
      throw new Error(`the worker did not start: ${worker.stderr}`, { cause: thrown });
    });
    return worker;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Offers a function. The SDK gets no acknowledgement; frames of one connection stay in order. */
  async register(functionId: string, behaviour: Behaviour, argument?: unknown): Promise<void> {
    const { positional } = this.#sdk;
    await this.do('register', { functionId, behaviour, argument, positional });
  }

  async unregister(functionId: string): Promise<void> {
    await this.do('unregister', { functionId });
  }

  trigger(input: TriggerInput): Promise<SdkOutcome> {
    return this.do('trigger', input);
  }

  /** Enqueues what must be accepted, and answers the id of the job. */
  async enqueue(queue: string, functionId: string, payload: unknown = {}): Promise<string> {
    const outcome = await this.trigger({ queue, functionId, payload });
    if (outcome.error !== undefined) throw new Error(outcome.error.message);
    return (outcome.result as { messageReceiptId: string }).messageReceiptId;
  }

  /** Lets a call of a `gate` function return. */
  async open(call: WorkerCall): Promise<void> {
    await this.do('open', { key: call.key });
  }

  do(operation: string, input: unknown): Promise<SdkOutcome> {
    const id = ++this.#lastId;
    const outcome = new Promise<SdkOutcome>((resolve) => {
      this.#pending.set(id, resolve);
    });
    this.#child.send({ id, operation, input });
    return within(outcome, 20_000, operation);
  }

  callsOf(functionId: string): WorkerCall[] {
    return this.calls.filter((call) => call.functionId === functionId);
  }

  /** Waits for the nth call of a function, counted from 1. */
  call(functionId: string, nth = 1, deadlineMs = 20_000): Promise<WorkerCall> {
    return eventually(() => this.callsOf(functionId)[nth - 1], deadlineMs);
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  async close(): Promise<void> {
    this.kill();
    await this.#exited;
  }

  #receive(message: Record<string, unknown>): void {
    if (message['event'] === 'started') this.#started = true;
    else if (message['event'] === 'call') this.calls.push(message as unknown as WorkerCall);
    else {
      const id = message['id'] as number;
      this.#pending.get(id)?.(message);
      this.#pending.delete(id);
    }
  }
}
