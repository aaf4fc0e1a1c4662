import { scanMembers } from '../../base/json.ts';
import { jsonReply, readHeaders, type Reply } from './answer.ts';

const MIN_STATUS = 200;
const MAX_STATUS = 599;

/** Whether a number can be the status of a whole answer. */
export function isFinalStatus(value: unknown): value is number {
  return (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= MIN_STATUS &&
    value <= MAX_STATUS
  );
}

/**
 * The answer that a function returned: `{ status_code?, headers?, body? }` (wire-protocol.md §6.2).
 * The body is JSON and carried unread; with a content type of its own, a string is the body itself.
 * @returns what is wrong as a sentence, when it cannot be sent
 */
export function readReply(result: string): Reply | string {
  const members = scanMembers(result);
  const textOf = (name: string): string | undefined => {
    const span = members.get(name);
    return span === undefined ? undefined : result.slice(span.start, span.end);
  };
  const valueOf = (name: string): unknown => JSON.parse(textOf(name) ?? 'null');
  const status = valueOf('status_code') ?? 200;
  if (!isFinalStatus(status)) {
    return `status_code must be a whole number from ${MIN_STATUS} to ${MAX_STATUS}`;
  }
  const headers = readHeaders(valueOf('headers'));
  if (typeof headers === 'string') return headers;
  const body = textOf('body') ?? '{}';
  const hasType = headers.some(([name]) => name.toLowerCase() === 'content-type');
  if (!hasType) return jsonReply(status, headers, body);
  if (body === 'null') return { status, headers, body: '' };
  return { status, headers, body: body.startsWith('"') ? (JSON.parse(body) as string) : body };
}
