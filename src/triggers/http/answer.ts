import {
  type OutgoingHttpHeaders,
  type ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http';

/** A whole answer to a request. */
export interface Reply {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string | readonly string[]])[];
  readonly body: string;
}

/** Set by the server itself; another's value would break the connection. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const JSON_TYPE = 'application/json';

/** An answer that the engine makes itself. */
export function errorReply(
  status: number,
  error: { readonly code: string; readonly message: string; readonly error_id?: string },
  more: Readonly<Record<string, unknown>> = {},
  headers: Reply['headers'] = [],
): Reply {
  return {
    status,
    headers: [['content-type', JSON_TYPE], ...headers],
    body: JSON.stringify({ error, ...more }),
  };
}

/** An answer whose body is JSON text. */
export function jsonReply(status: number, headers: Reply['headers'], body: string): Reply {
  return { status, headers: [['content-type', JSON_TYPE], ...headers], body };
}

export function sendReply(response: ServerResponse, { status, headers, body }: Reply): void {
  const length = ['content-length', String(Buffer.byteLength(body))] as const;
  response.writeHead(status, headersOf([...headers, length])).end(body);
}

/** Headers as `writeHead` takes them; of a name that comes twice, the last counts. */
export function headersOf(headers: Reply['headers']): OutgoingHttpHeaders {
  const byName = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of headers) {
    byName[name.toLowerCase()] = typeof value === 'string' ? value : [...value];
  }
  return byName;
}

/**
 * The headers of a handler: an object of strings, or a list of `Name: value`. Those that belong to
 * the server are left out.
 * @returns what is wrong as a sentence, when a header cannot be sent
 */
export function readHeaders(value: unknown): Reply['headers'] | string {
  const entries = entriesOf(value);
  if (typeof entries === 'string') return entries;
  const headers: [string, string | readonly string[]][] = [];
  for (const [name, content] of entries) {
    try {
      validateHeaderName(name);
      for (const line of typeof content === 'string' ? [content] : content) {
        validateHeaderValue(name, line);
      }
    } catch {
      return `the header ${JSON.stringify(name)} has a name or value that cannot be sent`;
    }
    if (!OWN_HEADERS.has(name.toLowerCase())) headers.push([name, content]);
  }
  return headers;
}

type Entry = readonly [name: string, value: string | readonly string[]];

function entriesOf(value: unknown): readonly Entry[] | string {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return linesOf(value);
  if (typeof value !== 'object') return 'headers must be an object or a list of "Name: value"';
  const entries: Entry[] = [];
  for (const [name, content] of Object.entries(value)) {
    if (Array.isArray(content) && content.every((line) => typeof line === 'string')) {
      entries.push([name, content]);
    } else if (['string', 'number', 'boolean'].includes(typeof content)) {
      entries.push([name, String(content)]);
    } else if (content !== null) {
      return `the header ${JSON.stringify(name)} must be a string`;
    }
  }
  return entries;
}

/** One name may come several times, as `set-cookie` does. */
function linesOf(lines: readonly unknown[]): readonly Entry[] | string {
  const byName = new Map<string, string[]>();
  for (const line of lines) {
    const parts = typeof line === 'string' ? /^([^:]+):(.*)$/s.exec(line) : null;
    if (parts === null) return 'each header of a list must be a string "Name: value"';
    const name = (parts[1] ?? '').trim().toLowerCase();
    byName.set(name, [...(byName.get(name) ?? []), (parts[2] ?? '').trim()]);
  }
  return [...byName].map(([name, values]) => [
    name,
    values.length === 1 ? (values[0] ?? '') : values,
  ]);
}
