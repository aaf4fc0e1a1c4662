import { IiiError, messageOf } from '../base/errors.ts';
import { depthOf } from '../base/json.ts';
import { LIMITS } from '../queue/limits.ts';
import type { Answer } from './workers.ts';

/** How a function is reached that is called over HTTP (wire-protocol.md §4.2). */
export interface HttpInvocation {
  readonly url: string;
  readonly method: string;
  readonly timeoutMs: number;
  /** Sent along, after the engine's own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly auth: HttpAuth | null;
}

/** Each names a variable of the engine's environment, never the secret itself. */
export type HttpAuth =
  | { readonly kind: 'hmac'; readonly secretEnv: string }
  | { readonly kind: 'bearer'; readonly tokenEnv: string }
  | { readonly kind: 'api_key'; readonly header: string; readonly valueEnv: string };

/** One call as it goes out. All JSON is text. */
export interface HttpCall {
  readonly functionId: string;
  readonly invocationId: string;
  readonly data: string;
  readonly traceparent: string | null;
  readonly baggage: string | null;
  readonly tracestate?: string | null;
}

/** Sends calls out. Implemented where sockets are. */
export interface HttpCaller {
  /** Why an invocation can never succeed as things are, in words; `null` when nothing is known against it. */
  problemOf(invocation: HttpInvocation): string | null;
  /** Never rejects; ends early without meaning when `signal` is aborted. */
  call(invocation: HttpInvocation, call: HttpCall, signal: AbortSignal): Promise<Answer>;
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const DEFAULT_TIMEOUT_MS = 30_000;
/** Headers that say how a message is framed and where it goes. */
const OWN_HEADERS = ['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade'];

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads the `invocation` of a registration.
 * @throws IiiError INVALID_ARGUMENTS
 */
export function readInvocation(written: Members): HttpInvocation {
  const method = (optionalText(written, 'method') ?? 'POST').toUpperCase();
  if (!METHODS.includes(method)) throw invalid(`method must be one of ${METHODS.join(', ')}`);
  const timeoutMs = written['timeout_ms'] ?? DEFAULT_TIMEOUT_MS;
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 1)) {
    throw invalid('timeout_ms must be a number of at least 1');
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(membersOf(written['headers']))) {
    if (OWN_HEADERS.includes(name.toLowerCase())) throw invalid(`the header ${name} is not yours`);
    if (value === null) continue;
    if (typeof value !== 'string') throw invalid(`the header ${name} must be a string`);
    headers[name] = value;
  }
  const auth = written['auth'] ?? null;
  return {
    url: text(written, 'url'),
    method,
    timeoutMs,
    headers,
    auth: auth === null ? null : readAuth(membersOf(auth)),
  };
}

function readAuth(auth: Members): HttpAuth {
  switch (auth['type']) {
    case 'hmac':
      return { kind: 'hmac', secretEnv: text(auth, 'secret_key') };
    case 'bearer':
      return { kind: 'bearer', tokenEnv: text(auth, 'token_key') };
    case 'api_key':
      return { kind: 'api_key', header: text(auth, 'header'), valueEnv: text(auth, 'value_key') };
    default:
      throw invalid('the type of auth must be hmac, bearer or api_key');
  }
}

/**
 * Starts a call over HTTP. `settle` is called once, unless the call is abandoned before.
 * @returns the call that abandons it
 */
export function callOverHttp(
  caller: HttpCaller,
  written: Members,
  call: HttpCall,
  settle: (answer: Answer) => void,
): () => void {
  const abandoned = new AbortController();
  void send(caller, written, call, abandoned.signal).then((answer) => {
    if (!abandoned.signal.aborted) settle(answer);
  });
  return () => {
    abandoned.abort();
  };
}

async function send(
  caller: HttpCaller,
  written: Members,
  call: HttpCall,
  signal: AbortSignal,
): Promise<Answer> {
  let invocation: HttpInvocation;
  try {
    invocation = readInvocation(written);
  } catch (thrown) {
    return failure('invocation_error', `it cannot be called over HTTP: ${messageOf(thrown)}`);
  }
  const answer = await caller.call(invocation, call, signal);
  if (answer.kind !== 'result' || answer.result === null) return answer;
  if (depthOf(answer.result) <= LIMITS.maxJsonDepth) return answer;
  return failure('invalid_response', `it is nested deeper than ${LIMITS.maxJsonDepth} levels`);
}

function failure(code: string, message: string): Answer {
  return { kind: 'error', error: { code, message } };
}

function text(members: Members, name: string): string {
  const value = optionalText(members, name);
  if (value === null || value === '') throw invalid(`${name} is required`);
  return value;
}

function optionalText(members: Members, name: string): string | null {
  const value = members[name] ?? null;
  if (value === null || typeof value === 'string') return value;
  throw invalid(`${name} must be a string`);
}

function membersOf(value: unknown): Members {
  if ((value ?? null) === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Members;
  throw invalid('headers and auth must be objects');
}

function invalid(message: string): IiiError {
  return new IiiError('INVALID_ARGUMENTS', message);
}
