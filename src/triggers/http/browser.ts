import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

/** Which pages of other origins may use the routes; `null` where every value is meant. */
export interface CorsRules {
  readonly allowedOrigins: readonly string[] | null;
  readonly allowedMethods: readonly string[] | null;
}

const CHANGING_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

const PREFLIGHT_SECONDS = '600';

/** Whether CORS is configured and allows pages of this origin. */
function isGranted(origin: string, cors: CorsRules | null): boolean {
  if (cors === null) return false;
  return cors.allowedOrigins?.includes(origin) ?? true;
}

/**
 * Whether a page of another origin asks for a change that nobody allowed. A browser sends such a
 * request, a form for example, without asking first; the page only cannot read the answer.
 */
export function isForeignChange(
  method: string,
  headers: IncomingHttpHeaders,
  allowedOrigins: readonly string[],
  cors: CorsRules | null,
): boolean {
  if (!CHANGING_METHODS.has(method)) return false;
  const { origin } = headers;
  if (origin === undefined) {
    const site = headers['sec-fetch-site'];
    return site === 'cross-site' || site === 'same-site';
  }
  if (allowedOrigins.includes(origin) || isGranted(origin, cors)) return false;
  return origin.replace(/^https?:\/\//, '') !== headers.host;
}

/** Tells a browser what its page may see. Without CORS in the configuration there are no headers. */
export function allowOrigin(
  response: ServerResponse,
  headers: IncomingHttpHeaders,
  cors: CorsRules | null,
): void {
  if (cors === null) return;
  if (cors.allowedOrigins === null) {
    response.setHeader('access-control-allow-origin', '*');
    return;
  }
  response.setHeader('vary', 'Origin');
  const { origin } = headers;
  if (origin !== undefined && isGranted(origin, cors)) {
    response.setHeader('access-control-allow-origin', origin);
  }
}

/**
 * Answers the question a browser asks before a request of another origin.
 * @returns whether it was such a question
 */
export function answerPreflight(
  response: ServerResponse,
  method: string,
  headers: IncomingHttpHeaders,
  cors: CorsRules | null,
): boolean {
  const { origin } = headers;
  const wanted = headers['access-control-request-method'];
  if (cors === null || method !== 'OPTIONS' || origin === undefined || wanted === undefined) {
    return false;
  }
  if (isGranted(origin, cors)) {
    const methods = cors.allowedMethods?.join(', ') ?? wanted;
    response.setHeader('access-control-allow-methods', methods);
    const wantedHeaders = headers['access-control-request-headers'];
    if (wantedHeaders !== undefined) {
      response.setHeader('access-control-allow-headers', wantedHeaders);
    }
    response.setHeader('access-control-max-age', PREFLIGHT_SECONDS);
  }
  response.writeHead(204).end();
  return true;
}
