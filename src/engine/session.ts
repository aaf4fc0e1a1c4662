import type { Logger } from '../base/logger.ts';
import { LIMITS } from '../queue/limits.ts';
import { encodeResult, encodeWorkerRegistered } from '../protocol/encode.ts';
import type {
  InvokeFunction,
  RawJson,
  RegisterFunction,
  RegisterTrigger,
  UnreadableCall,
  WireError,
  WorkerMessage,
} from '../protocol/messages.ts';
import { isAllowed, type Access } from './access.ts';
import type { Bindings } from './bindings.ts';
import type { Channels } from './channels.ts';
import type { Enqueuer } from './enqueue.ts';
import { toEnqueueError } from './enqueue-error.ts';
import type { EventStream } from './events.ts';
import type { FunctionRegistry } from './functions.ts';
import type { Invoker } from './invoke.ts';
import type { ConnectionInfo, Session } from './link.ts';
import type { Answer, Worker, WorkerRegistry } from './workers.ts';

export interface SessionParts {
  readonly workers: WorkerRegistry;
  readonly functions: FunctionRegistry;
  readonly bindings: Bindings;
  readonly channels: Channels;
  readonly invoker: Invoker;
  readonly enqueuer: Enqueuer;
  readonly events: EventStream;
  readonly log: Logger;
  /** Finds the live session of a worker whose reattach token this is. */
  readonly sessionOf: (workerId: string, reattachToken: string) => WorkerSession | undefined;
  readonly forget: (session: WorkerSession) => void;
}

/** The engine's end of one connection: what each message means. */
export class WorkerSession implements Session {
  readonly worker: Worker;
  readonly reattachToken: string;
  readonly #info: ConnectionInfo;
  readonly #parts: SessionParts;

  constructor(worker: Worker, reattachToken: string, info: ConnectionInfo, parts: SessionParts) {
    this.worker = worker;
    this.reattachToken = reattachToken;
    this.#info = info;
    this.#parts = parts;
    worker.link.send(encodeWorkerRegistered(worker.id, reattachToken));
  }

  receive(message: WorkerMessage): void {
    const { worker } = this;
    const { functions, bindings } = this.#parts;
    switch (message.kind) {
      case 'invoke_function':
        this.#invoke(message);
        break;
      case 'unreadable_call':
        this.#reply(message, { kind: 'error', error: message.error });
        break;
      case 'invocation_result':
        if (!worker.answer(message)) {
          this.#parts.log.info('a late answer was ignored', {
            worker: worker.id,
            function: message.functionId,
          });
        }
        break;
      case 'register_function':
        this.#registerFunction(message);
        break;
      case 'unregister_function':
        functions.unregister(worker, message.id);
        this.#parts.events.emit({ kind: 'functions_changed' });
        break;
      case 'register_trigger_type':
        if (this.#mayRegister(message.id)) bindings.provide(worker, message);
        break;
      case 'unregister_trigger_type':
        bindings.withdraw(worker, message.id);
        break;
      case 'register_trigger':
        this.#registerTrigger(message);
        break;
      case 'unregister_trigger':
        bindings.unregister(message.id);
        break;
      case 'trigger_registration_result':
        bindings.answer(worker, message.id, message.error);
        break;
      case 'reattach':
        this.#reattach(message.previousWorkerId, message.reattachToken);
        break;
      case 'register_service':
      case 'ping':
      case 'pong':
      case 'auth':
        break;
    }
  }

  /** Takes away all that this connection brought, in the order of wire-protocol.md §4.3. */
  closed(): void {
    const { worker } = this;
    if (!worker.connected) return;
    worker.connected = false;
    const { workers, functions, bindings, channels, events } = this.#parts;
    functions.unregisterAll(worker);
    worker.abandonCalls();
    bindings.removeWorker(worker);
    channels.removeOwnedBy(worker);
    workers.remove(worker);
    this.#parts.forget(this);
    if (!worker.announced) return;
    events.emit({ kind: 'functions_changed' });
    events.emit({
      kind: 'worker_disconnected',
      workerId: worker.id,
      name: worker.profile.name,
    });
  }

  #registerFunction(message: RegisterFunction): void {
    if (!this.#mayRegister(message.id)) return;
    const { id, description, requestFormat, responseFormat, metadata, invocation } = message;
    const facts = { description, requestFormat, responseFormat, metadata, invocation };
    if (!this.#parts.functions.register(this.worker, id, facts)) {
      this.#parts.log.warn('a worker tried to replace a function of the engine', {
        worker: this.worker.id,
        function: id,
      });
      return;
    }
    const problem = invocation === null ? null : this.#parts.invoker.problemOf(invocation);
    if (problem !== null) {
      this.#parts.log.warn('a function that is to be called over HTTP cannot be', {
        worker: this.worker.id,
        function: id,
        problem,
      });
    }
    this.#parts.events.emit({ kind: 'functions_changed' });
  }

  #registerTrigger(message: RegisterTrigger): void {
    if (!this.#mayRegister(message.id)) return;
    const { bindings, log } = this.#parts;
    const error = bindings.register(this.worker, message);
    const facts = {
      worker: this.worker.profile.name,
      type: message.triggerType,
      function: message.functionId,
    };
    // most SDKs do not tell their users
    if (error !== null) log.warn('a trigger was refused', { ...facts, error: error.message });
    else if (bindings.isParked(message.triggerType)) {
      // its provider may be about to come; a misspelt type has none
      log.info('a trigger waits: no worker provides its type', facts);
    }
  }

  #mayRegister(what: string): boolean {
    const { worker } = this;
    const { log, events, bindings } = this.#parts;
    if (!isAllowed(this.#info.role, 'register')) {
      log.warn('a registration was refused: the token does not allow it', {
        token: this.#info.tokenName,
        id: what,
      });
      return false;
    }
    if (worker.functions.size + bindings.countOf(worker) >= LIMITS.registrationsPerWorker) {
      log.warn('a registration was refused: this worker has too many', {
        worker: worker.id,
        limit: LIMITS.registrationsPerWorker,
      });
      return false;
    }
    if (!worker.announced) {
      worker.announced = true;
      events.emit({ kind: 'worker_connected', workerId: worker.id });
    }
    return true;
  }

  #reattach(previousWorkerId: string, reattachToken: string): void {
    if (previousWorkerId === this.worker.id) return;
    const previous = this.#parts.sessionOf(previousWorkerId, reattachToken);
    if (previous === undefined) return;
    previous.closed();
    previous.worker.link.close(1000, 'reattached');
  }

  #invoke(message: InvokeFunction): void {
    const answers = message.action.kind !== 'void' && message.invocationId !== null;
    const reply = (answer: Answer): void => {
      if (answers) this.#reply(message, answer);
    };
    if (!isAllowed(this.#info.role, this.#accessOf(message))) {
      const text = `function '${message.functionId}' not allowed`;
      reply({ kind: 'error', error: { code: 'FORBIDDEN', message: text } });
      return;
    }
    if (isTooDeep(message.metadata) || (isTooDeep(message.data) && !isEnqueue(message))) {
      const text = `the data or metadata is nested deeper than ${LIMITS.maxJsonDepth} levels`;
      const code = isEnqueue(message) ? 'enqueue_error' : 'serialization_error';
      reply({ kind: 'error', error: { code, message: text } });
      return;
    }
    if (message.action.kind === 'enqueue') this.#enqueue(message, message.action.options, reply);
    else this.#call(message, reply);
  }

  #accessOf(message: InvokeFunction): Access {
    if (message.action.kind === 'enqueue') return 'trigger';
    return this.#parts.functions.local(message.functionId)?.access ?? 'trigger';
  }

  #call(message: InvokeFunction, reply: (answer: Answer) => void): void {
    const { functionId } = message;
    const delivered = this.#parts.invoker.deliver(
      {
        functionId,
        data: message.data.text,
        traceparent: message.traceparent,
        baggage: message.baggage,
        metadata: message.metadata?.text ?? null,
        caller: this.worker,
      },
      reply,
    );
    if (delivered !== undefined) return;
    reply({ kind: 'error', error: this.#undeliverable(functionId) });
  }

  #undeliverable(functionId: string): WireError {
    if (this.#parts.functions.get(functionId) === undefined) {
      return { code: 'function_not_found', message: `Function ${functionId} not found` };
    }
    const message = `every worker that offers ${functionId} is at its own limit`;
    return { code: 'invocation_error', message, retryable: true };
  }

  #enqueue(
    message: InvokeFunction,
    options: Readonly<Record<string, unknown>>,
    reply: (answer: Answer) => void,
  ): void {
    const request = {
      functionId: message.functionId,
      data: message.data,
      options,
      traceparent: message.traceparent,
      baggage: message.baggage,
      metadata: message.metadata?.text ?? null,
    };
    this.#parts.enqueuer.enqueue([request]).then(
      ([receipt]) => {
        const id = JSON.stringify(receipt?.id ?? '');
        reply({ kind: 'result', result: `{"messageReceiptId":${id}}` });
      },
      (thrown: unknown) => {
        reply({ kind: 'error', error: toEnqueueError(thrown) });
      },
    );
  }

  #reply(message: InvokeFunction | UnreadableCall, answer: Answer): void {
    if (message.invocationId === null) return;
    const { invocationId, functionId } = message;
    const result = answer.kind === 'result' ? answer.result : null;
    this.worker.link.send(
      encodeResult({ invocationId, functionId, result, error: errorOf(answer) }),
    );
  }
}

function isTooDeep(json: RawJson | null): boolean {
  return json !== null && json.depth > LIMITS.maxJsonDepth;
}

/** The enqueuer checks the data of these itself, in its own order. */
function isEnqueue(message: InvokeFunction): boolean {
  return message.action.kind === 'enqueue';
}

function errorOf(answer: Answer): WireError | null {
  switch (answer.kind) {
    case 'result':
      return null;
    case 'error':
      return answer.error;
    case 'lost':
      return { code: 'invocation_stopped', message: 'Invocation stopped' };
  }
}
