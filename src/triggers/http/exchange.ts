import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CancelTimer, Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { OpenSpan, Tracing } from '../../base/tracing.ts';
import { refTo, type Channel, type Channels } from '../../engine/channels.ts';
import type { Enqueuer, EnqueueRequest } from '../../engine/enqueue.ts';
import { toEnqueueError } from '../../engine/enqueue-error.ts';
import type { FunctionRegistry } from '../../engine/functions.ts';
import type { Delivered, Invoker } from '../../engine/invoke.ts';
import type { Answer } from '../../engine/workers.ts';
import { readMember } from '../../base/json.ts';
import { errorReply, jsonReply, type Reply, sendReply } from './answer.ts';
import { feedBytes, feedStream, hasBody, isJson, isTooLarge, readJsonBody } from './body.ts';
import { RequestPayload } from './payload.ts';
import { readReply } from './reply.ts';
import type { Route } from './routes.ts';
import { streamReply } from './stream.ts';

/** How long a function that returned nothing has to open its response channel. */
const CHANNEL_WAIT_MS = 1_000;

/** Characters of `baggage`, and of `tracestate`; longer ones are left out. */
const MAX_CONTEXT_LENGTH = 8_192;

export interface ExchangeParts {
  readonly enqueuer: Pick<Enqueuer, 'enqueue' | 'policyOf'>;
  readonly invoker: Invoker;
  readonly functions: FunctionRegistry;
  readonly channels: Channels;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Time until the answer begins. */
  readonly timeoutMs: number;
  /** Functions that are asked before any other, in this order. */
  readonly middlewareIds: readonly string[];
  readonly tracing?: Tracing | undefined;
}

/** A request that has a route. */
export interface RoutedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
  readonly query: string;
}

/**
 * One request and its answer: middleware, condition, the function, and whatever answers first. It is
 * over when the answer is sent, when time is up, or when the client leaves; a call under way is
 * abandoned then.
 */
export class Exchange {
  readonly #parts: ExchangeParts;
  readonly #routed: RoutedRequest;
  readonly #cancelTimeout: CancelTimer;
  readonly #traceparent: string | null;
  readonly #span: OpenSpan | undefined;
  readonly #baggage: string | null;
  readonly #tracestate: string | null;
  #cancelWait: CancelTimer | undefined;
  #call: Delivered | undefined;
  #asksMiddleware = false;
  #channels: readonly Channel[] = [];
  /** The answer has begun, or nobody waits for one any more. */
  #isDecided = false;

  constructor(routed: RoutedRequest, parts: ExchangeParts) {
    this.#parts = parts;
    this.#routed = routed;
    const { traceparent, tracestate, baggage } = routed.request.headers;
    const parent = isTraceparent(traceparent) ? traceparent : null;
    // it means nothing without the trace that it is the state of
    this.#tracestate = parent === null ? null : contextOf(tracestate);
    const { route } = routed;
    this.#span = parts.tracing?.begin({
      name: `${route.method} ${route.path}`,
      kind: 'server',
      parent,
      tracestate: this.#tracestate,
      attributes: {
        'http.request.method': route.method,
        'http.route': route.path,
        'iii.function.id': route.binding.functionId,
      },
    });
    this.#traceparent = this.#span?.traceparent ?? parent;
    this.#baggage = contextOf(baggage);
    this.#cancelTimeout = parts.clock.after(parts.timeoutMs, () => {
      const code = this.#asksMiddleware ? 'MIDDLEWARE_TIMEOUT' : 'TIMEOUT';
      const message = `no answer within ${parts.timeoutMs} ms`;
      this.#answer(errorReply(504, { code, message }));
    });
    routed.response.on('close', () => {
      this.#endSpan();
      this.#decide();
      this.#abandonCall();
      for (const channel of this.#channels) channel.drop();
    });
  }

  /** Settles when nothing more is to be awaited; the answer may still be on its way. */
  async run(): Promise<void> {
    const { request, route, params, query } = this.#routed;
    if (isTooLarge(request)) {
      this.#refuseBody();
      return;
    }
    const json = isJson(request) ? await readJsonBody(request) : undefined;
    if (json?.kind === 'too_large') {
      this.#refuseBody();
      return;
    }
    if (json?.kind === 'invalid') {
      this.#answer(errorReply(400, { code: 'INVALID_JSON', message: json.message }));
      return;
    }
    const body = json?.json ?? null;
    const payload = new RequestPayload(request, route, params, query, body?.text ?? 'null');
    const { middlewareIds } = this.#parts;
    if (middlewareIds.length > 0 && !(await this.#passes(middlewareIds, payload))) return;
    if (route.conditionId !== null && !(await this.#meets(route.conditionId, payload))) return;
    if (!(await this.#passes(route.middlewareIds, payload))) return;
    if (this.#isDecided) return;
    if (route.queue !== null) {
      await this.#enqueue(route.queue, body);
      return;
    }
    const [input, answer] = this.#openChannels(json?.bytes);
    const data = payload.withChannels(refTo(input, 'read'), refTo(answer, 'write'));
    const result = await this.#ask(route.binding.functionId, data);
    if (result !== undefined) this.#finish(result, answer);
  }

  /** Answers with the receipt once the job is as durable as the store makes it. */
  async #enqueue(queue: string, body: EnqueueRequest['data'] | null): Promise<void> {
    if (body === null) {
      const message = 'this route takes JSON; send it with content-type: application/json';
      this.#answer(errorReply(415, { code: 'UNSUPPORTED_MEDIA_TYPE', message }));
      return;
    }
    const { request, route } = this.#routed;
    const job = {
      functionId: route.binding.functionId,
      data: body,
      options: { queue, dedup_key: request.headers['idempotency-key'] },
      traceparent: this.#traceparent,
      baggage: this.#baggage,
      metadata: route.metadata,
    };
    try {
      const [receipt] = await this.#parts.enqueuer.enqueue([job]);
      const id = JSON.stringify(receipt?.id);
      this.#answer(jsonReply(202, [], `{"messageReceiptId":${id}}`));
    } catch (thrown) {
      const { code, message, retryable } = toEnqueueError(thrown);
      if (retryable === true) this.#fail({ status: 503, code, message });
      else this.#answer(errorReply(400, { code, message }));
    }
  }

  #openChannels(bytes: Buffer | undefined): readonly [body: Channel, answer: Channel] {
    const { channels } = this.#parts;
    const { request, response } = this.#routed;
    const body = channels.create(null);
    const answer = channels.create(null);
    this.#channels = [body, answer];
    if (bytes === undefined && hasBody(request)) {
      feedStream(body, request, () => {
        this.#refuseBody();
      });
    } else {
      feedBytes(body, bytes ?? null);
    }
    streamReply({
      channel: answer,
      response,
      begin: () => this.#decide(),
      onInvalid: (message) => {
        this.#fail(failure('INVALID_RESPONSE', message));
      },
    });
    return [body, answer];
  }

  /** Whether every middleware lets the request go on; otherwise it has been answered. */
  async #passes(ids: readonly string[], payload: RequestPayload): Promise<boolean> {
    for (const id of ids) {
      this.#asksMiddleware = true;
      const result = await this.#ask(id, payload.forMiddleware());
      this.#asksMiddleware = false;
      if (result === undefined) return false;
      if (result.value === null || readMember(result.value, 'action') !== '"respond"') continue;
      this.#reply(readMember(result.value, 'response') ?? '{}');
      return false;
    }
    return true;
  }

  async #meets(conditionId: string, payload: RequestPayload): Promise<boolean> {
    const result = await this.#ask(conditionId, payload.withoutChannels());
    if (result === undefined) return false;
    if (result.value !== 'false') return true;
    const error = { code: 'CONDITION_NOT_MET', message: 'Request condition not met' };
    this.#answer(errorReply(422, error, { skipped: true }));
    return false;
  }

  /** The result of a function; `undefined` when there is none and the request has been answered. */
  async #ask(
    functionId: string,
    data: string,
  ): Promise<{ readonly value: string | null } | undefined> {
    const answer = await this.#deliver(functionId, data);
    switch (answer?.kind) {
      case 'result':
        return { value: answer.result };
      case 'error':
        this.#fail({ ...answer.error, status: 500 });
        return undefined;
      case 'lost':
        this.#fail({
          status: 503,
          code: 'invocation_stopped',
          message: `the worker that ran ${functionId} went away before it answered`,
        });
        return undefined;
      case undefined:
        this.#answer(this.#unavailable(functionId));
        return undefined;
    }
  }

  /** `undefined` when nobody can take the call. Does not settle once nobody waits for the answer. */
  #deliver(functionId: string, data: string): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      if (this.#isDecided) return;
      const call = {
        functionId,
        data,
        traceparent: this.#traceparent,
        baggage: this.#baggage,
        tracestate: this.#tracestate,
        metadata: this.#routed.route.metadata,
        caller: null,
      };
      this.#call = this.#parts.invoker.deliver(call, (answer) => {
        this.#call = undefined;
        resolve(answer);
      });
      if (this.#call === undefined) resolve(undefined);
    });
  }

  #unavailable(functionId: string): Reply {
    const message = this.#parts.functions.isOffered(functionId)
      ? `every worker that offers ${functionId} is at its own limit`
      : `no worker offers ${functionId} at the moment`;
    return errorReply(503, { code: 'UNAVAILABLE', message }, {}, [['retry-after', '1']]);
  }

  #finish({ value }: { readonly value: string | null }, channel: Channel): void {
    // with bytes of the stream on their way, a result means nothing
    if (this.#isDecided) return;
    if (value !== null) {
      this.#reply(value);
      return;
    }
    if (channel.hadWriter) return;
    this.#cancelWait = this.#parts.clock.after(CHANNEL_WAIT_MS, () => {
      if (!channel.hadWriter) this.#reply('{}');
    });
  }

  #reply(result: string): void {
    const reply = readReply(result);
    if (typeof reply === 'string') this.#fail(failure('INVALID_RESPONSE', reply));
    else this.#answer(reply);
  }

  /** Answers with an error that the log knows by its id; an answer that has begun is cut off. */
  #fail({ status, code, message }: Failure): void {
    const { random, log } = this.#parts;
    const { route, response } = this.#routed;
    const errorId = random.uuid().replaceAll('-', '');
    log.error('an HTTP request failed', {
      method: route.method,
      path: route.path,
      function: route.binding.functionId,
      code,
      error: message,
      errorId,
    });
    if (!this.#isDecided) this.#answer(errorReply(status, { code, message, error_id: errorId }));
    else if (!response.writableEnded) response.destroy();
  }

  #refuseBody(): void {
    const { response } = this.#routed;
    if (this.#isDecided) {
      response.destroy();
      return;
    }
    // what else the client sends is not waited for
    response.setHeader('connection', 'close');
    const message = 'the body is longer than 1 MiB';
    this.#answer(errorReply(413, { code: 'BODY_TOO_LARGE', message }));
  }

  #answer(reply: Reply): void {
    if (!this.#decide()) return;
    this.#abandonCall();
    sendReply(this.#routed.response, reply);
  }

  /** Claims the answer; of all that could give it, the first wins. */
  #decide(): boolean {
    if (this.#isDecided) return false;
    this.#isDecided = true;
    this.#cancelTimeout();
    this.#cancelWait?.();
    return true;
  }

  #endSpan(): void {
    const { statusCode: status, writableFinished } = this.#routed.response;
    const error = !writableFinished
      ? 'the connection ended before the answer'
      : status >= 500
        ? `status ${status}`
        : null;
    this.#span?.end(error, { 'http.response.status_code': status });
  }

  #abandonCall(): void {
    this.#call?.abandon();
    this.#call = undefined;
  }
}

interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

function failure(code: string, message: string): Failure {
  return { status: 500, code, message };
}

function contextOf(header: string | string[] | undefined): string | null {
  const isKept = typeof header === 'string' && header !== '' && header.length <= MAX_CONTEXT_LENGTH;
  return isKept ? header : null;
}

/** W3C trace context; what is not one would only confuse the tracing of others. */
function isTraceparent(value: unknown): value is string {
  return typeof value === 'string' && /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(value);
}
