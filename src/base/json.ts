/**
 * Reads parts of a JSON text without turning them into values, so that what only passes through
 * stays exactly as it was written: integers beyond 2^53, `1.0`, key order, a key `__proto__`. Every
 * function here takes a text that `JSON.parse` accepts; none recurses, so nesting costs no stack.
 */

/** Where a value stands in a text: `text.slice(start, end)`. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
  /** Levels of nesting; a scalar has 0. */
  readonly depth: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/** Longest integer that is written with all its digits, as JavaScript does. */
const MAX_PLAIN_DIGITS = 21;

/**
 * The members of the object a text holds, by their decoded name. Of a name that comes twice the
 * last counts, as in `JSON.parse`. Empty when the text is no object.
 */
export function scanMembers(text: string): Map<string, JsonSpan> {
  const members = new Map<string, JsonSpan>();
  visitMembers(text, (keyStart, keyEnd, value) => {
    members.set(decodeString(text, keyStart, keyEnd), value);
  });
  return members;
}

/**
 * The text of one member of the object a text holds; of a name that comes twice, the last.
 * `undefined` when the text is no object or has no such member of its own.
 */
export function readMember(text: string, name: string): string | undefined {
  let found: JsonSpan | undefined;
  visitMembers(text, (keyStart, keyEnd, value) => {
    if (decodeString(text, keyStart, keyEnd) === name) found = value;
  });
  return found === undefined ? undefined : text.slice(found.start, found.end);
}

/** Names of members, and places in arrays counted from 0: the way to a value inside a text. */
export type JsonPath = readonly (string | number)[];

/**
 * Where the value at a path stands, found without turning anything into values; `undefined` when
 * there is none. Of a name that comes twice, the last.
 */
export function findPath(text: string, path: JsonPath): JsonSpan | undefined {
  let at = skipSpace(text, 0);
  for (const step of path) {
    const next = typeof step === 'number' ? itemAt(text, at, step) : memberAt(text, at, step);
    if (next === undefined) return undefined;
    at = next;
  }
  return spanAt(text, at);
}

/** Where the value of a member of the object at `start` begins. */
function memberAt(text: string, start: number, name: string): number | undefined {
  let found: number | undefined;
  visitMembers(
    text,
    (keyStart, keyEnd, value) => {
      if (isKey(text, keyStart, keyEnd, name)) found = value.start;
    },
    start,
  );
  return found;
}

function isKey(text: string, keyStart: number, keyEnd: number, name: string): boolean {
  const length = keyEnd - keyStart - 2;
  if (length === name.length) return text.startsWith(name, keyStart + 1) && !name.includes('\\');
  // a key with escapes is longer than what it stands for
  return length > name.length && decodeString(text, keyStart, keyEnd) === name;
}

/** Where an item of the array at `start` begins. */
function itemAt(text: string, start: number, index: number): number | undefined {
  if (text.charCodeAt(start) !== OPEN_BRACKET) return undefined;
  let at = skipSpace(text, start + 1);
  for (let place = 0; text.charCodeAt(at) !== CLOSE_BRACKET && at < text.length; place += 1) {
    if (place === index) return at;
    at = skipSpace(text, spanAt(text, at).end);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
  return undefined;
}

/** The texts of the items of the array a text holds; `undefined` when the text is no array. */
export function readItems(text: string): string[] | undefined {
  let at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== OPEN_BRACKET) return undefined;
  const items: string[] = [];
  at = skipSpace(text, at + 1);
  while (at < text.length && text.charCodeAt(at) !== CLOSE_BRACKET) {
    const item = spanAt(text, at);
    items.push(text.slice(item.start, item.end));
    at = skipSpace(text, item.end);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
  return items;
}

/** Levels of nesting in a text; a scalar has 0. */
export function depthOf(text: string): number {
  return spanAt(text, skipSpace(text, 0)).depth;
}

/**
 * One form for all texts of the same value: no white space, keys sorted, the last of equal keys,
 * one way to escape. Numbers are compared exactly, not as doubles: `1`, `1.0` and `1e0` are the same,
 * 2^53 and 2^53 + 1 are not, `-0` is `0`.
 */
export function canonicalText(text: string): string {
  const open: OpenValue[] = [];
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    const parent = open.at(-1);
    let value: string;
    if (code <= SPACE || code === COMMA || code === COLON) {
      at += 1;
      continue;
    } else if (code === OPEN_BRACE) {
      open.push({ kind: 'object', members: new Map(), name: null });
      at += 1;
      continue;
    } else if (code === OPEN_BRACKET) {
      open.push({ kind: 'array', items: '' });
      at += 1;
      continue;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      open.pop();
      value = parent === undefined ? '' : close(parent);
      at += 1;
    } else if (code === QUOTE) {
      const end = stringEnd(text, at);
      const string = decodeString(text, at, end);
      at = end;
      if (parent?.kind === 'object' && parent.name === null) {
        parent.name = string;
        continue;
      }
      value = JSON.stringify(string);
    } else {
      const end = scalarEnd(text, at);
      value = canonicalScalar(text.slice(at, end));
      at = end;
    }
    const holder = open.at(-1);
    if (holder === undefined) return value;
    put(holder, value);
  }
  return '';
}

type OpenValue =
  | { readonly kind: 'object'; readonly members: Map<string, string>; name: string | null }
  | { readonly kind: 'array'; items: string };

function put(holder: OpenValue, value: string): void {
  if (holder.kind === 'array') {
    // += and not a list to join: joining on every level would copy deep values again and again
    holder.items += holder.items === '' ? value : `,${value}`;
  } else {
    holder.members.set(holder.name ?? '', value);
    holder.name = null;
  }
}

function close(value: OpenValue): string {
  if (value.kind === 'array') return `[${value.items}]`;
  const names = [...value.members.keys()].sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${value.members.get(name) ?? ''}`).join(',')}}`;
}

function canonicalScalar(token: string): string {
  if (!/^[-\d]/.test(token)) return token;
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(token);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match ?? [];
  const digits = trimZeros(whole + fraction);
  if (digits === '') return '0';
  const leading = (whole + fraction).search(/[1-9]/);
  /** Places the point stands right of the first digit that is not 0. */
  const point = BigInt(whole.length - leading) + BigInt(exponent.slice(0, MAX_EXPONENT_LENGTH));
  if (point >= digits.length && point <= MAX_PLAIN_DIGITS) {
    return sign + digits.padEnd(Number(point), '0');
  }
  if (point > 0 && point < digits.length) {
    return `${sign}${digits.slice(0, Number(point))}.${digits.slice(Number(point))}`;
  }
  if (point <= 0 && point > -6) return `${sign}0.${'0'.repeat(-Number(point))}${digits}`;
  return `${sign}0.${digits}e${point}`;
}

/** Exponents are compared by their first digits only: no double and no payment needs more. */
const MAX_EXPONENT_LENGTH = 32;

/** Digits without zeros at either end. */
function trimZeros(digits: string): string {
  let start = 0;
  let end = digits.length;
  while (digits[start] === '0') start += 1;
  while (end > start && digits[end - 1] === '0') end -= 1;
  return digits.slice(start, end);
}

/** Calls `visit` with the key (quotes included) and the value of each member of the object at `start`, in order. */
function visitMembers(
  text: string,
  visit: (keyStart: number, keyEnd: number, value: JsonSpan) => void,
  start = 0,
): void {
  let at = skipSpace(text, start);
  if (text.charCodeAt(at) !== OPEN_BRACE) return;
  at = skipSpace(text, at + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = stringEnd(text, at);
    const colon = skipSpace(text, keyEnd);
    const value = spanAt(text, skipSpace(text, colon + 1));
    visit(at, keyEnd, value);
    at = skipSpace(text, value.end);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
}

/** The value that begins at `start`. */
function spanAt(text: string, start: number): JsonSpan {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return { start, end: stringEnd(text, start), depth: 0 };
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    return { start, end: scalarEnd(text, start), depth: 0 };
  }
  let level = 0;
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
      continue;
    }
    at += 1;
    if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      level += 1;
      if (level > depth) depth = level;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      level -= 1;
      if (level === 0) break;
    }
  }
  return { start, end: at, depth };
}

/** Index behind the closing quote of the string that begins at `start`. */
function stringEnd(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (quote !== -1) {
    let before = quote - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    // an even number of backslashes escapes itself and not the quote
    if ((quote - before) % 2 === 1) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return text.length;
}

/** Index behind the number, `true`, `false` or `null` that begins at `start`. */
function scalarEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code <= SPACE || code === COMMA || code === CLOSE_BRACKET || code === CLOSE_BRACE) break;
    at += 1;
  }
  return at;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) <= SPACE) at += 1;
  return at;
}

/** The string between the quotes at `start` and before `end`. */
function decodeString(text: string, start: number, end: number): string {
  const inner = text.slice(start + 1, end - 1);
  return inner.includes('\\') ? (JSON.parse(`"${inner}"`) as string) : inner;
}
