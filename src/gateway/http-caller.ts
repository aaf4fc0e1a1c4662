import { createHmac } from 'node:crypto';
import { lookup as lookUp, type LookupAddress } from 'node:dns';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { HttpAuth, HttpCall, HttpCaller, HttpInvocation } from '../engine/http-functions.ts';
import type { Answer } from '../engine/workers.ts';
import type { WireError } from '../protocol/messages.ts';
import { isPublicAddress, privateAddress, refusalOf, type UrlPolicy } from './url-policy.ts';

/** Longest body of an answer. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Characters of a failed answer's error that are kept. */
const MAX_ERROR_LENGTH = 16 * 1024;

export interface HttpCallerParts {
  readonly policy: UrlPolicy;
  readonly clock: Clock;
  /** Where `auth` finds its secrets. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A failure that has a code already. */
class CallFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Calls functions over HTTP (wire-protocol.md §4.2). Which addresses may be called is decided after
 * the name was resolved, on the address that is then connected to. Redirects are not followed.
 */
export function httpCaller(parts: HttpCallerParts): HttpCaller {
  const lookup = guardedLookup(parts.policy);

  const send = (
    invocation: HttpInvocation,
    call: HttpCall,
    signal: AbortSignal,
  ): Promise<HttpAnswer> => {
    const refusal = refusalOf(invocation.url, parts.policy);
    if (refusal !== null) throw new CallFailure('url_validation_failed', refusal);
    const url = new URL(invocation.url);
    const open = url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const request = open(url, {
        method: invocation.method,
        headers: headersOf(invocation, call, parts),
        lookup,
        // a kept connection may be closed by the other side just when it is used again
        agent: false,
        signal,
      });
      request.once('response', (response) => {
        resolve(readAnswer(response));
      });
      request.once('error', reject);
      request.end(call.data);
    });
  };

  return {
    problemOf: ({ url, auth }) => {
      const missing = auth === null ? undefined : secretsOf(auth).find((name) => !parts.env[name]);
      return refusalOf(url, parts.policy) ?? (missing === undefined ? null : unset(missing));
    },
    call: async (invocation, call, signal) => {
      const late = new AbortController();
      const cancel = parts.clock.after(invocation.timeoutMs, () => {
        late.abort();
      });
      try {
        const both = AbortSignal.any([signal, late.signal]);
        return answerOf(await send(invocation, call, both));
      } catch (thrown) {
        if (late.signal.aborted) {
          return failed('http_request_failed', `no answer within ${invocation.timeoutMs} ms`);
        }
        const code = thrown instanceof CallFailure ? thrown.code : 'http_request_failed';
        return failed(code, messageOf(thrown));
      } finally {
        cancel();
      }
    },
  };
}

function headersOf(
  { headers, auth }: HttpInvocation,
  { functionId, invocationId, data, traceparent, tracestate = null, baggage }: HttpCall,
  { clock, env }: HttpCallerParts,
): Record<string, string> {
  const timestamp = String(Math.floor(clock.now() / 1_000));
  return {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(data)),
    'x-iii-Function-Path': functionId,
    'x-iii-Invocation-ID': invocationId,
    'x-iii-Timestamp': timestamp,
    ...(traceparent === null ? {} : { traceparent }),
    ...(tracestate === null ? {} : { tracestate }),
    ...(baggage === null ? {} : { baggage }),
    ...headers,
    ...(auth === null ? {} : authHeaders(auth, `${timestamp}:${base64(data)}`, env)),
  };
}

function authHeaders(
  auth: HttpAuth,
  signed: string,
  env: HttpCallerParts['env'],
): Record<string, string> {
  const secret = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === '') throw new CallFailure('missing_env_var', unset(name));
    return value;
  };
  switch (auth.kind) {
    case 'bearer':
      return { Authorization: `Bearer ${secret(auth.tokenEnv)}` };
    case 'api_key':
      return { [auth.header]: secret(auth.valueEnv) };
    case 'hmac': {
      const digest = createHmac('sha256', secret(auth.secretEnv)).update(signed).digest('hex');
      return { 'x-iii-Signature': `sha256=${digest}` };
    }
  }
}

function secretsOf(auth: HttpAuth): string[] {
  switch (auth.kind) {
    case 'bearer':
      return [auth.tokenEnv];
    case 'api_key':
      return [auth.valueEnv];
    case 'hmac':
      return [auth.secretEnv];
  }
}

function unset(name: string): string {
  return `the engine's environment has no variable ${name}`;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Resolves names, and answers only addresses that may be called. */
function guardedLookup({ blockPrivateAddresses }: UrlPolicy): LookupFunction {
  return (host, options, done) => {
    lookUp(host, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        done(error, []);
        return;
      }
      const allowed = blockPrivateAddresses
        ? found.filter(({ address }) => isPublicAddress(address))
        : found;
      const [first] = allowed;
      if (first === undefined) {
        done(new CallFailure('url_validation_failed', privateAddress(host)), []);
      } else if (options.all === true) done(null, allowed satisfies LookupAddress[]);
      else done(null, first.address, first.family);
    });
  };
}

async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) throw new Error(`it has more than ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (thrown) {
    const why = `the answer could not be read: ${messageOf(thrown)}`;
    throw new CallFailure('http_response_failed', why);
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
}

function answerOf({ status, body }: HttpAnswer): Answer {
  const isJson = isJsonText(body);
  if (status >= 200 && status < 300) {
    if (body.trim() === '') return { kind: 'result', result: null };
    if (isJson) return { kind: 'result', result: body };
    return failed('invalid_response', `HTTP ${status} with a body that is not JSON`);
  }
  const error = isJson ? errorIn(body) : null;
  if (error !== null) return { kind: 'error', error };
  const isRedirect = status >= 300 && status < 400;
  return failed('http_error', `HTTP ${status}${isRedirect ? ': redirects are not followed' : ''}`);
}

/** The error an answer tells of itself, as `{"error":{"code","message"}}`. */
function errorIn(body: string): WireError | null {
  const { error } = (JSON.parse(body) ?? {}) as { readonly error?: unknown };
  if (typeof error !== 'object' || error === null) return null;
  const { code, message, retry_after_ms: retryAfterMs } = error as Record<string, unknown>;
  if (typeof code !== 'string' || typeof message !== 'string') return null;
  return {
    code: code.slice(0, MAX_ERROR_LENGTH),
    message: message.slice(0, MAX_ERROR_LENGTH),
    ...(typeof retryAfterMs === 'number' ? { retry_after_ms: retryAfterMs } : {}),
  };
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function failed(code: string, message: string): Answer {
  return { kind: 'error', error: { code, message } };
}
