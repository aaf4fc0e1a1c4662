/**
 * The update operations of `state::update` (wire-protocol.md §5.5). They apply in order; one that
 * cannot be applied adds an error and changes nothing, the others go on.
 */

/** Limits of one operation; beyond them it is refused. */
const MAX_PATH_DEPTH = 32;
const MAX_SEGMENT_BYTES = 256;
const MAX_VALUE_DEPTH = 16;
const MAX_VALUE_KEYS = 1_024;
/** Keys that would reach an object's prototype in a careless reader. */
const POLLUTING: readonly string[] = ['__proto__', 'constructor', 'prototype'];

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** One operation as it came; its members are checked when it is applied. */
export type UpdateOp = Readonly<Record<string, unknown>>;

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

/** Applies operations to a value; a missing one starts as `{}`. */
export function applyUpdate(
  before: Json | undefined,
  ops: readonly UpdateOp[],
): { readonly value: Json; readonly errors: readonly UpdateError[] } {
  let value: Json = before ?? {};
  const errors: UpdateError[] = [];
  for (const [index, op] of ops.entries()) {
    try {
      value = applyOne(value, op);
    } catch (thrown) {
      if (!(thrown instanceof OpFailure)) throw thrown;
      errors.push({ op_index: index, code: thrown.code, message: thrown.message });
    }
  }
  return { value, errors };
}

function applyOne(value: Json, op: UpdateOp): Json {
  switch (op['type']) {
    case 'set':
      return set(value, keyOf(op, 'set'), jsonOf(op['value']));
    case 'increment':
      return add(value, keyOf(op, 'increment'), op, 1);
    case 'decrement':
      return add(value, keyOf(op, 'decrement'), op, -1);
    case 'remove':
      return remove(value, keyOf(op, 'remove'));
    case 'merge':
      return merge(value, op);
    case 'append':
      return append(value, op);
    default:
      throw new OpFailure(
        'invalid_op',
        'type must be set, merge, increment, decrement, remove or append',
      );
  }
}

/** The one literal top-level key of an operation; empty means the whole value. */
function keyOf(op: UpdateOp, name: string): string {
  const path = op['path'] ?? '';
  if (typeof path !== 'string')
    throw new OpFailure(`${name}.path.not_a_string`, 'path must be a string');
  checkSegment(path, `${name}.path`);
  return path;
}

function checkSegment(segment: string, prefix: string): void {
  if (POLLUTING.includes(segment)) {
    throw new OpFailure(`${prefix}.proto_polluted`, `the key '${segment}' is not allowed`);
  }
  if (new TextEncoder().encode(segment).length > MAX_SEGMENT_BYTES) {
    throw new OpFailure(
      `${prefix}.segment_too_long`,
      `a key has at most ${MAX_SEGMENT_BYTES} bytes`,
    );
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonOf(value: unknown): Json {
  return (value ?? null) as Json;
}

function objectFor(value: Json, name: string): JsonObject {
  if (isObject(value)) return value;
  throw new OpFailure(`${name}.target_not_object`, 'the value there is no object');
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function set(value: Json, key: string, to: Json): Json {
  if (key === '') return to;
  return { ...objectFor(value, 'set'), [key]: to };
}

function remove(value: Json, key: string): Json {
  if (key === '') return null;
  return Object.fromEntries(
    Object.entries(objectFor(value, 'remove')).filter(([name]) => name !== key),
  );
}

function add(value: Json, key: string, op: UpdateOp, sign: 1 | -1): Json {
  const name = sign === 1 ? 'increment' : 'decrement';
  const by = op['by'] ?? 1;
  if (typeof by !== 'number') throw new OpFailure(`${name}.not_number`, 'by must be a number');
  const sum = (now: Json | undefined): number => {
    if (now === undefined) return sign * by;
    if (typeof now === 'number') return now + sign * by;
    throw new OpFailure(`${name}.not_number`, 'the value there is no number');
  };
  if (key === '') return sum(value);
  const object = objectFor(value, name);
  return { ...object, [key]: sum(own(object, key)) };
}

/** `path` of merge and append: one key, or keys from the outside in. */
function segmentsOf(op: UpdateOp, name: string): readonly string[] {
  const path = op['path'] ?? '';
  if (typeof path === 'string') {
    checkSegment(path, `${name}.path`);
    return path === '' ? [] : [path];
  }
  if (!Array.isArray(path) || !path.every((segment) => typeof segment === 'string')) {
    throw new OpFailure(`${name}.path.not_a_string`, 'path must be a string or a list of strings');
  }
  if (path.length > MAX_PATH_DEPTH) {
    throw new OpFailure(`${name}.path.too_deep`, `path has at most ${MAX_PATH_DEPTH} keys`);
  }
  for (const segment of path) {
    if (segment === '') throw new OpFailure(`${name}.path.empty_segment`, 'a key of path is empty');
    checkSegment(segment, `${name}.path`);
  }
  return path;
}

/** Changes what stands at the end of a path, making objects on the way. */
function changeAt(
  value: Json | undefined,
  path: readonly string[],
  name: string,
  change: (now: Json | undefined) => Json,
): Json {
  const [key, ...rest] = path;
  if (key === undefined) return change(value);
  const object = value === undefined || value === null ? {} : objectFor(value, name);
  return { ...object, [key]: changeAt(own(object, key), rest, name, change) };
}

function merge(value: Json, op: UpdateOp): Json {
  const into = jsonOf(op['value']);
  if (!isObject(into)) throw new OpFailure('merge.value.not_an_object', 'value must be an object');
  checkMergeValue(into);
  return changeAt(value, segmentsOf(op, 'merge'), 'merge', (now) => ({
    ...(isObject(now) ? now : {}),
    ...into,
  }));
}

function checkMergeValue(value: JsonObject): void {
  if (Object.keys(value).length > MAX_VALUE_KEYS) {
    throw new OpFailure('merge.value.too_many_keys', `value has at most ${MAX_VALUE_KEYS} keys`);
  }
  const open: { value: Json; depth: number }[] = [{ value, depth: 1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth > MAX_VALUE_DEPTH) {
      throw new OpFailure(
        'merge.value.too_deep',
        `value is at most ${MAX_VALUE_DEPTH} levels deep`,
      );
    }
    const { depth } = next;
    if (isObject(next.value)) {
      for (const key of Object.keys(next.value)) {
        if (POLLUTING.includes(key)) {
          throw new OpFailure('merge.value.proto_polluted', `the key '${key}' is not allowed`);
        }
      }
    }
    if (typeof next.value === 'object' && next.value !== null) {
      for (const child of Object.values(next.value)) {
        if (typeof child === 'object' && child !== null)
          open.push({ value: child, depth: depth + 1 });
      }
    }
  }
}

function append(value: Json, op: UpdateOp): Json {
  const added = jsonOf(op['value']);
  const path = segmentsOf(op, 'append');
  const nested = Array.isArray(op['path']);
  return changeAt(value, path, 'append', (now) => {
    if (Array.isArray(now)) return [...(now as readonly Json[]), added];
    if (typeof now === 'string' && typeof added === 'string') return now + added;
    const isMissing = now === undefined || now === null || (path.length === 0 && isEmpty(now));
    if (isMissing) return typeof added === 'string' && !nested ? added : [added];
    throw new OpFailure('append.type_mismatch', 'the value there can not be appended to');
  });
}

function isEmpty(value: Json): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}
