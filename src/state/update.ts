import { depthOf, readItems, scanMembers } from '../base/json.ts';

/**
 * The update operations of `state::update` (wire-protocol.md §5.5). They work on JSON text, so that
 * what an operation does not touch stays as it was written, integers beyond 2^53 among it.
 */

/** Limits of one operation; beyond them it is refused. */
const MAX_PATH_DEPTH = 32;
const MAX_SEGMENT_BYTES = 256;
const MAX_VALUE_DEPTH = 16;
const MAX_VALUE_KEYS = 1_024;
/** Integers with more digits are counted as what they are in JavaScript. */
const MAX_INTEGER_DIGITS = 64;
/** Keys that would reach an object's prototype in a careless reader. */
const POLLUTING: readonly string[] = ['__proto__', 'constructor', 'prototype'];

export interface UpdateError {
  readonly op_index: number;
  readonly code: string;
  readonly message: string;
}

class OpFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Applies operations to a value; a missing one starts as `{}`. They apply in order; one that cannot be
 * applied adds an error and changes nothing, the others go on.
 * @param ops the JSON text of each operation, as it came
 */
export function applyUpdate(
  before: string | undefined,
  ops: readonly string[],
): { readonly value: string; readonly errors: readonly UpdateError[] } {
  let value = before;
  const errors: UpdateError[] = [];
  for (const [index, op] of ops.entries()) {
    try {
      value = applyOne(value, membersOf(op) ?? new Map());
    } catch (thrown) {
      if (!(thrown instanceof OpFailure)) throw thrown;
      errors.push({ op_index: index, code: thrown.code, message: thrown.message });
    }
  }
  return { value: value ?? '{}', errors };
}

/** Members of an object, each as JSON text. */
type Members = ReadonlyMap<string, string>;

function applyOne(before: string | undefined, op: Members): string {
  const value = before ?? '{}';
  switch (stringOf(op.get('type'))) {
    case 'set':
      return set(value, keyOf(op, 'set'), op.get('value') ?? 'null');
    case 'increment':
      return add(value, op, 'increment');
    case 'decrement':
      return add(value, op, 'decrement');
    case 'remove':
      return remove(value, keyOf(op, 'remove'));
    case 'merge':
      return merge(value, op);
    case 'append':
      return append(before, op);
    default:
      throw new OpFailure(
        'invalid_op',
        'type must be set, merge, increment, decrement, remove or append',
      );
  }
}

function set(value: string, key: string, to: string): string {
  return key === '' ? to : withMember(objectAt(value, 'set'), key, to);
}

function remove(value: string, key: string): string {
  if (key === '') return 'null';
  const members = new Map(objectAt(value, 'remove'));
  members.delete(key);
  return textOf(members);
}

function add(value: string, op: Members, name: 'increment' | 'decrement'): string {
  const key = keyOf(op, name);
  const by = op.get('by') ?? '1';
  if (!isNumber(by)) throw new OpFailure(`${name}.not_number`, 'by must be a number');
  const sum = (now: string | undefined): string => {
    if (now !== undefined && !isNumber(now)) {
      throw new OpFailure(`${name}.not_number`, 'the value there is no number');
    }
    return sumOf(now ?? '0', by, name);
  };
  if (key === '') return sum(value);
  const members = objectAt(value, name);
  return withMember(members, key, sum(members.get(key)));
}

/** Integers are counted exactly, whatever their size. */
function sumOf(now: string, by: string, name: 'increment' | 'decrement'): string {
  if (isInteger(now) && isInteger(by)) {
    const step = name === 'increment' ? BigInt(by) : -BigInt(by);
    return String(BigInt(now) + step);
  }
  const sum = name === 'increment' ? Number(now) + Number(by) : Number(now) - Number(by);
  if (Number.isFinite(sum)) return JSON.stringify(sum);
  throw new OpFailure(`${name}.not_number`, 'the result is no number that JSON can write');
}

function merge(value: string, op: Members): string {
  const into = membersOf(op.get('value') ?? 'null');
  if (into === null) throw new OpFailure('merge.value.not_an_object', 'value must be an object');
  checkMergeValue(op.get('value') ?? 'null', into);
  return changeAt(value, segmentsOf(op, 'merge'), 'merge', (now) =>
    textOf(new Map([...(membersOf(now ?? 'null') ?? []), ...into])),
  );
}

function checkMergeValue(text: string, members: Members): void {
  if (members.size > MAX_VALUE_KEYS) {
    throw new OpFailure('merge.value.too_many_keys', `value has at most ${MAX_VALUE_KEYS} keys`);
  }
  if (depthOf(text) > MAX_VALUE_DEPTH) {
    throw new OpFailure('merge.value.too_deep', `value is at most ${MAX_VALUE_DEPTH} levels deep`);
  }
  const open = [text];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const inner = membersOf(next);
    for (const key of inner?.keys() ?? []) {
      if (!POLLUTING.includes(key)) continue;
      throw new OpFailure('merge.value.proto_polluted', `the key '${key}' is not allowed`);
    }
    open.push(...(inner?.values() ?? readItems(next) ?? []));
  }
}

function append(before: string | undefined, op: Members): string {
  const added = op.get('value') ?? 'null';
  const path = segmentsOf(op, 'append');
  const isNested = readItems(op.get('path') ?? 'null') !== undefined;
  const addTo = (now: string | undefined): string => {
    const addedString = stringOf(added);
    if (now === undefined || now === 'null') {
      return addedString !== undefined && !isNested ? added : `[${added}]`;
    }
    const items = readItems(now);
    if (items !== undefined) return `[${[...items, added].join(',')}]`;
    const string = stringOf(now);
    if (string === undefined || addedString === undefined) {
      throw new OpFailure('append.type_mismatch', 'the value there can not be appended to');
    }
    return JSON.stringify(string + addedString);
  };
  return changeAt(before, path, 'append', addTo);
}

/** Changes what stands at the end of a path, making objects on the way. */
function changeAt(
  value: string | undefined,
  path: readonly string[],
  name: string,
  change: (now: string | undefined) => string,
): string {
  const [key, ...rest] = path;
  if (key === undefined) return change(value);
  const members = objectAt(value === undefined || value === 'null' ? '{}' : value, name);
  return withMember(members, key, changeAt(members.get(key), rest, name, change));
}

/** The one literal top-level key of an operation; empty means the whole value. */
function keyOf(op: Members, name: string): string {
  const path = stringOf(op.get('path') ?? '""');
  if (path === undefined) {
    throw new OpFailure(`${name}.path.not_a_string`, 'path must be a string');
  }
  checkSegment(path, name);
  return path;
}

/** `path` of merge and append: one key, or keys from the outside in. */
function segmentsOf(op: Members, name: string): readonly string[] {
  const path = op.get('path') ?? '""';
  const items = readItems(path);
  if (items === undefined) {
    const key = keyOf(op, name);
    return key === '' ? [] : [key];
  }
  if (items.length > MAX_PATH_DEPTH) {
    throw new OpFailure(`${name}.path.too_deep`, `path has at most ${MAX_PATH_DEPTH} keys`);
  }
  return items.map((item) => {
    const segment = stringOf(item);
    if (segment === undefined) {
      throw new OpFailure(
        `${name}.path.not_a_string`,
        'path must be a string or a list of strings',
      );
    }
    if (segment === '') throw new OpFailure(`${name}.path.empty_segment`, 'a key of path is empty');
    checkSegment(segment, name);
    return segment;
  });
}

function checkSegment(segment: string, name: string): void {
  if (POLLUTING.includes(segment)) {
    throw new OpFailure(`${name}.path.proto_polluted`, `the key '${segment}' is not allowed`);
  }
  if (new TextEncoder().encode(segment).length > MAX_SEGMENT_BYTES) {
    throw new OpFailure(
      `${name}.path.segment_too_long`,
      `a key has at most ${MAX_SEGMENT_BYTES} bytes`,
    );
  }
}

function objectAt(value: string, name: string): Members {
  const members = membersOf(value);
  if (members !== null) return members;
  throw new OpFailure(`${name}.target_not_object`, 'the value there is no object');
}

/** The members of the object a text holds; `null` when it holds something else. */
function membersOf(text: string): Members | null {
  if (!text.trimStart().startsWith('{')) return null;
  const members = new Map<string, string>();
  for (const [key, { start, end }] of scanMembers(text)) members.set(key, text.slice(start, end));
  return members;
}

function withMember(members: Members, key: string, value: string): string {
  return textOf(new Map(members).set(key, value));
}

function textOf(members: Members): string {
  return `{${[...members].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
}

/** The string a text holds; `undefined` when it holds something else. */
function stringOf(text: string | undefined): string | undefined {
  return text?.startsWith('"') === true ? (JSON.parse(text) as string) : undefined;
}

function isNumber(text: string): boolean {
  return /^[-\d]/.test(text);
}

function isInteger(text: string): boolean {
  return /^-?\d+$/.test(text) && text.length <= MAX_INTEGER_DIGITS;
}
