import { canonicalText, findPath, type JsonPath } from '../../base/json.ts';
import type { ScannedJob } from '../store.ts';
import { COST, type Condition } from './condition.ts';
import { compilePattern } from './pattern.ts';

/** A value to compare a payload's with: canonical JSON, and what it is. */
export interface Literal {
  readonly json: string;
  readonly value: string | number | boolean | null;
}

export type Order = '<' | '<=' | '>' | '>=';

/** Whether the value at a path is this one. What is not there counts as `null`. */
export function payloadEquals(path: JsonPath, { json }: Literal): Condition {
  const isText = json.startsWith('"');
  return onValue(path, (text) => {
    if (text === json) return true;
    if (text === undefined) return json === 'null';
    // only a number, or a text with escapes, can be written in another way
    const isOther = isText ? text.startsWith('"') && text.includes('\\') : /^[-\d]/.test(text);
    return isOther && canonicalText(text) === json;
  });
}

/** Whether the value at a path comes before or after this one; never for a value of another kind. */
export function payloadCompares(path: JsonPath, order: Order, { value, json }: Literal): Condition {
  return onValue(path, (text) => {
    if (text === undefined) return false;
    if (typeof value === 'string') {
      return text.startsWith('"') && inOrder(order, compare(JSON.parse(text) as string, value));
    }
    if (typeof value !== 'number' || !/^[-\d]/.test(text)) return false;
    const number = Number(text);
    // beyond 2^53 different integers are the same double
    if (number === value && isInteger(text) && isInteger(json)) {
      return inOrder(order, compare(BigInt(text), BigInt(json)));
    }
    return inOrder(order, compare(number, value));
  });
}

/** Whether the text at a path matches a pattern; of what is no text, its JSON. */
export function payloadMatches(path: JsonPath, pattern: string): Condition {
  const matches = compilePattern(pattern);
  return onValue(path, (text) => {
    if (text === undefined) return false;
    return matches(text.startsWith('"') ? (JSON.parse(text) as string) : text);
  });
}

export function inOrder(order: Order, sign: number): boolean {
  switch (order) {
    case '<':
      return sign < 0;
    case '<=':
      return sign <= 0;
    case '>':
      return sign > 0;
    case '>=':
      return sign >= 0;
  }
}

/** Negative, 0 or positive; `NaN` for what cannot be compared. */
export function compare<Value extends string | number | bigint>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN;
}

function onValue(path: JsonPath, test: (json: string | undefined) => boolean): Condition {
  return {
    cost: COST.payload,
    test: (job: ScannedJob) => {
      const payload = job.payload();
      const span = findPath(payload, path);
      return test(span === undefined ? undefined : payload.slice(span.start, span.end));
    },
  };
}

function isInteger(text: string): boolean {
  return /^-?\d{1,400}$/.test(text);
}
