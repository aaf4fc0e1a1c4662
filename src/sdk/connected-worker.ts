import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { encodeInvoke, type EngineMessage } from '../protocol/client-frames.ts';
import { encodeUnregisterTrigger } from '../protocol/encode.ts';
import type { ChannelRef } from '../protocol/channel-ref.ts';
import type { InvokeFunction, WireError } from '../protocol/messages.ts';
import {
  encodeReattach,
  encodeUnregisterFunction,
  encodeUnregisterTriggerType,
  type FunctionDescription,
  type TriggerTypeDescription,
} from '../protocol/worker-frames.ts';
import { Caller } from './caller.ts';
import { Channels, type Channel } from './channels.ts';
import { Connection, type ConnectionParts } from './connection.ts';
import { InvocationError } from './errors.ts';
import type {
  BatchJob,
  FunctionOptions,
  Handler,
  HttpInvocation,
  Receipt,
  Registered,
  TriggerInput,
  TriggerRequest,
  Worker,
} from './worker.ts';
import { Providers, type TriggerTypeHandler } from './providers.ts';
import { Registrations } from './registrations.ts';
import { Runs } from './runs.ts';

const SHUTDOWN_GRACE_MS = 30_000;

export interface WorkerParts extends Pick<ConnectionParts, 'url' | 'token' | 'retryMs'> {
  readonly clock: Clock;
  readonly random: Random;
  /** Longest wait for the answer to a call. */
  readonly timeoutMs: number;
  /** What the worker tells about itself: the input of `engine::workers::register`. */
  readonly profile: Readonly<Record<string, unknown>>;
  readonly onProblem: (problem: Error) => void;
}

/** A worker with its connection. */
export class ConnectedWorker implements Worker {
  readonly #parts: WorkerParts;
  readonly #connection: Connection;
  readonly #registrations = new Registrations();
  readonly #caller: Caller;
  readonly #channels: Channels;
  readonly #runs: Runs;
  readonly #providers: Providers;
  /** Who we were on the connection before. */
  #previous: { readonly workerId: string; readonly reattachToken: string } | undefined;
  #onReady: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  #stopping: Promise<void> | undefined;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#channels = new Channels(parts.url);
    this.#runs = new Runs(this, this.#channels, (frame) => {
      this.#send(frame);
    });
    this.#providers = new Providers((frame) => {
      this.#send(frame);
    });
    this.#connection = new Connection({
      ...parts,
      onOpen: () => {
        this.#opened();
      },
      onMessage: (message) => {
        this.#receive(message);
      },
      onLost: (error) => {
        this.#lost(error);
      },
      onRefused: (error) => {
        this.#refused(error);
      },
    });
    this.#caller = new Caller({ ...parts, connection: this.#connection });
    this.#connection.open();
  }

  registerFunction<Payload>(
    described: string | Omit<FunctionDescription, 'invocation'>,
    handler: Handler<Payload> | HttpInvocation,
    options: FunctionOptions = {},
  ): Registered {
    this.#refuseWhenStopping('');
    const description = typeof described === 'string' ? { ...options, id: described } : described;
    const { id } = description;
    const frame =
      typeof handler === 'function'
        ? // What arrives is whatever its callers send; the type is what the handler expects.
          this.#registrations.addFunction(description, handler as Handler)
        : this.#registrations.addFunction({ ...description, invocation: handler }, null);
    this.#send(frame);
    return {
      id,
      unregister: () => {
        void this.#withdraw(id);
      },
    };
  }

  registerTrigger(input: TriggerInput): Registered {
    this.#refuseWhenStopping(input.function_id);
    const { type, function_id, config = {}, metadata, condition } = input;
    const guard = condition === undefined ? undefined : this.#offerCondition(input, condition);
    const trigger = {
      id: this.#parts.random.uuid(),
      triggerType: type,
      functionId: function_id,
      config: guard === undefined ? config : { ...config, condition_function_id: guard.id },
      metadata,
    };
    this.#send(this.#registrations.addTrigger(trigger));
    return {
      id: trigger.id,
      unregister: () => {
        if (!this.#registrations.removeTrigger(trigger.id)) return;
        this.#send(encodeUnregisterTrigger(trigger));
        guard?.unregister();
      },
    };
  }

  registerTriggerType(
    description: TriggerTypeDescription,
    handler: TriggerTypeHandler,
  ): Registered {
    this.#refuseWhenStopping('');
    const { id } = description;
    this.#providers.add(id, handler);
    this.#send(this.#registrations.addType(description));
    return {
      id,
      unregister: () => {
        if (!this.#registrations.removeType(id)) return;
        this.#send(encodeUnregisterTriggerType(id));
        void this.#providers.remove(id);
      },
    };
  }

  trigger<Output>(request: TriggerRequest): Promise<Output> {
    return this.#caller.trigger<Output>(request);
  }

  triggerVoid(functionId: string, payload?: unknown): void {
    try {
      this.#caller.send(functionId, payload);
    } catch (problem) {
      this.#parts.onProblem(problem as Error);
    }
  }

  call<Output>(
    functionId: string,
    payload?: unknown,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<Output> {
    return this.trigger<Output>({ ...options, function_id: functionId, payload });
  }

  enqueueBatch(
    jobs: readonly BatchJob[],
    options: { readonly queue?: string; readonly timeoutMs?: number } = {},
  ): Promise<readonly Receipt[]> {
    return this.#caller.enqueueBatch(jobs, options);
  }

  async publish(topic: string, data: unknown): Promise<void> {
    const payload = { topic, data: data ?? null };
    await this.trigger({ function_id: 'iii::durable::publish', payload });
  }

  async createChannel(bufferSize?: number): Promise<Channel> {
    const refs = await this.trigger<{ writer: ChannelRef; reader: ChannelRef }>({
      function_id: 'engine::channels::create',
      payload: { buffer_size: bufferSize },
    });
    return this.#channels.open(refs);
  }

  ready(): Promise<void> {
    if (this.#connection.isOpen) return this.#connection.flushed();
    return new Promise((resolve, reject) => this.#onReady.push({ resolve, reject }));
  }

  shutdown({ graceMs = SHUTDOWN_GRACE_MS }: { readonly graceMs?: number } = {}): Promise<void> {
    this.#stopping ??= this.#shutDown(graceMs);
    return this.#stopping;
  }

  async #shutDown(graceMs: number): Promise<void> {
    const withdrawn = this.#registrations.functionIds().map((id) => this.#withdraw(id));
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.clock.after(graceMs, resolve);
      const drained = async (): Promise<void> => {
        await Promise.all(withdrawn);
        await this.#runs.idle();
        await this.#channels.finished();
        cancel();
        resolve();
      };
      void drained();
    });
    const error = { code: 'worker_stopped', message: 'this worker has stopped' };
    this.#runs.abandon(new InvocationError(error, ''));
    await this.#connection.close();
    this.#caller.stop(error);
    for (const { reject } of this.#onReady.splice(0)) reject(new InvocationError(error, ''));
  }

  /** Takes a function back. Resolves when no call of it can come any more. */
  async #withdraw(id: string): Promise<void> {
    if (!this.#registrations.removeFunction(id)) return;
    this.#send(encodeUnregisterFunction(id));
    // What the engine sent before it knew is on its way here, and comes before its pong.
    await this.#connection.flushed();
    this.#registrations.forgetFunction(id);
  }

  /** The functions of a condition have ids that stay the same from one start to the next. */
  #offerCondition({ function_id }: TriggerInput, condition: Handler<never>): Registered {
    const base = `${function_id}::condition`;
    let id = base;
    for (let n = 2; this.#registrations.has(id); n++) id = `${base}-${n}`;
    return this.registerFunction(id, condition, { metadata: { internal: true } });
  }

  /** The replay. What the worker says about itself comes first, so that its limit holds from the start. */
  #opened(): void {
    const { profile } = this.#parts;
    if (this.#previous !== undefined) {
      const { workerId, reattachToken } = this.#previous;
      this.#connection.send(encodeReattach(workerId, reattachToken));
    }
    const functionId = 'engine::workers::register';
    const data = JSON.stringify(profile);
    this.#connection.send(
      encodeInvoke({ invocationId: null, functionId, data, action: { kind: 'void' } }),
    );
    for (const frame of this.#registrations.frames()) this.#connection.send(frame);
    this.#caller.flush();
    const waiting = this.#onReady.splice(0);
    if (waiting.length === 0) return;
    void this.#connection.flushed().then(() => {
      if (this.#connection.isOpen) for (const { resolve } of waiting) resolve();
      else this.#onReady.push(...waiting);
    });
  }

  #receive(message: EngineMessage): void {
    switch (message.kind) {
      case 'invoke_function':
        this.#invoked(message);
        break;
      case 'invocation_result':
        this.#caller.settle(message);
        break;
      case 'worker_registered': {
        const { workerId, reattachToken } = message;
        this.#previous = reattachToken === null ? undefined : { workerId, reattachToken };
        break;
      }
      case 'register_trigger':
        void this.#providers.bind(message);
        break;
      case 'unregister_trigger':
        void this.#providers.unbind(message.id);
        break;
      case 'trigger_registration_result': {
        const { error, functionId, triggerType, warnings } = message;
        const trigger = `the ${triggerType ?? ''} trigger of ${functionId ?? ''}`;
        for (const warning of warnings) this.#parts.onProblem(new Error(`${trigger}: ${warning}`));
        if (error === null) break;
        const text = `${trigger} was refused: ${error.message}`;
        this.#parts.onProblem(new InvocationError({ ...error, message: text }, functionId ?? ''));
        break;
      }
      case 'error':
        break;
    }
  }

  #invoked(call: InvokeFunction): void {
    const { functionId } = call;
    const handler = this.#registrations.handlerOf(functionId);
    if (handler === undefined || handler === null) {
      const code = handler === null ? 'function_not_invokable' : 'function_not_found';
      const message = `this worker does not run ${functionId}`;
      this.#runs.answer(call, { error: { code, message } });
    } else void this.#runs.run(call, handler);
  }

  #lost(error: WireError): void {
    if (this.#stopping === undefined) {
      this.#problem(`the connection to the engine at ${this.#parts.url} was lost`, error);
    }
    const lost = {
      code: 'connection_lost',
      message: `the connection to the engine was lost before it answered: ${error.message}`,
      hint: 'the call may have been carried out; jobs can be enqueued again with the same dedup_key',
    };
    this.#caller.fail(lost, 'sent');
    this.#runs.abandon(new InvocationError(lost, ''));
    void this.#providers.lost();
  }

  #refused(error: WireError): void {
    if (this.#stopping !== undefined) return;
    const problem = this.#problem(`no connection to the engine at ${this.#parts.url}`, error);
    if (error.code !== 'AUTH_ERROR') return;
    // Waiting does not help: the token has to be another one.
    this.#caller.fail({ code: error.code, message: problem.message }, 'all');
    for (const { reject } of this.#onReady.splice(0)) reject(problem);
  }

  #problem(what: string, error: WireError): Error {
    const problem = new InvocationError({ ...error, message: `${what}: ${error.message}` }, '');
    this.#parts.onProblem(problem);
    return problem;
  }

  /** Said at once, or left to the replay of the next connection. */
  #send(frame: string): void {
    if (this.#connection.isOpen) this.#connection.send(frame);
  }

  #refuseWhenStopping(functionId: string): void {
    if (this.#stopping === undefined) return;
    const message = 'this worker is stopping and offers nothing more';
    throw new InvocationError({ code: 'worker_stopped', message }, functionId);
  }
}
