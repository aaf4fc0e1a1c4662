import type { HttpConfig } from './config.ts';
import type { Findings } from './findings.ts';
import { CORS_KEYS, type HTTP_KEYS, MIDDLEWARE_KEYS } from './keys.ts';
import { readSection, type Section } from './section.ts';

type HttpSection = Section<typeof HTTP_KEYS>;

/** Which pages of other origins may use the routes; `null` when nothing is said: none. */
export function readCors(findings: Findings, http: HttpSection): HttpConfig['cors'] {
  const { cors } = http.values;
  if (cors === null) return null;
  const { values } = readSection(findings, cors, http.keySpot('cors'), CORS_KEYS, '`cors`');
  return {
    allowedOrigins: someOf(values.allowed_origins),
    allowedMethods: someOf(values.allowed_methods?.map((method) => method.toUpperCase())),
  };
}

/** The functions asked before every route's own, in the order they are asked. */
export function readMiddleware(findings: Findings, http: HttpSection): readonly string[] {
  const { middleware } = http.values;
  if (middleware?.kind !== 'list') return [];
  const { path } = http.keySpot('middleware');
  const entries = middleware.items.flatMap((item, index) => {
    const spot = { path: `${path}[${index}]`, range: item.range };
    const { values } = readSection(findings, item, spot, MIDDLEWARE_KEYS, 'a middleware');
    const { function_id: id, priority } = values;
    return id === undefined ? [] : [{ id, priority }];
  });
  return entries.toSorted((a, b) => a.priority - b.priority).map(({ id }) => id);
}

/** `null` when any is meant. */
function someOf(texts: readonly string[] | undefined): readonly string[] | null {
  return texts === undefined || texts.length === 0 || texts.includes('*') ? null : texts;
}
