import { formatDuration, parseDuration } from '../base/duration.ts';
import { nearest } from '../base/suggest.ts';
import type { Findings, Spot } from './findings.ts';
import type { KeySpec, KeyTable, Values } from './key-spec.ts';
import { misplacedHint } from './places.ts';
import { describe, joinPath, type Tree, type TreeEntry } from './tree.ts';

/** A map of the configuration, read by a table. */
export interface Section<T extends KeyTable> {
  readonly values: Values<T>;
  /** The section itself: the key that names it, for what is missing. */
  readonly spot: Spot;
  /** Whether the key is written, rightly or not. */
  has(key: keyof T & string): boolean;
  /** Whether the key is written and what it says was reported as wrong. */
  isRejected(key: keyof T & string): boolean;
  readonly hasRejected: boolean;
  /** The key as written; the section when it is absent. */
  keySpot(key: keyof T & string): Spot;
  /** The value as written; the section when the key is absent. */
  valueSpot(key: keyof T & string): Spot;
}

/**
 * Reads a map by its table and reports unknown keys, wrong types and missing keys.
 * @param tree `undefined` or empty reads as a map without keys
 * @param spot where to report what is missing
 * @param label what the map is, for messages: `queue \`payment\``
 */
export function readSection<T extends KeyTable>(
  findings: Findings,
  tree: Tree | undefined,
  spot: Spot,
  table: T,
  label: string,
): Section<T> {
  const written = new Map<string, TreeEntry>();
  for (const entry of entriesOf(findings, tree, spot, label)) {
    if (Object.hasOwn(table, entry.name)) written.set(entry.name, entry);
    else reportUnknown(findings, entry, spot.path, table, label);
  }
  const keySpot = (key: string): Spot => {
    const entry = written.get(key);
    return entry === undefined ? spot : { path: joinPath(spot.path, key), range: entry.keyRange };
  };
  const valueSpot = (key: string): Spot => {
    const entry = written.get(key);
    return entry === undefined ? spot : { path: joinPath(spot.path, key), range: rangeOf(entry) };
  };

  const isMapOrNothing = tree === undefined || tree.kind === 'map' || isNothing(tree);
  const values: Record<string, unknown> = {};
  const rejected = new Set<string>();
  for (const [key, spec] of Object.entries(table)) {
    const entry = written.get(key);
    const fallback = spec.default;
    if (entry === undefined) {
      values[key] = fallback;
      if (spec.required === true && isMapOrNothing) {
        findings.error('missing_key', spot, `${capitalize(label)} has no \`${key}\``, spec.doc);
      }
      continue;
    }
    if (spec.notice !== undefined) {
      findings.warn(spec.notice.code, keySpot(key), `\`${key}\`: ${spec.notice.message}`);
    }
    const errorsBefore = findings.errors;
    values[key] = readValue(findings, entry, valueSpot(key), spec) ?? fallback;
    if (findings.errors > errorsBefore || isUnresolved(entry.value)) rejected.add(key);
  }
  return {
    // The table gave each value its kind and its default; types cannot follow that through a loop.
    values: values as Values<T>,
    spot,
    has: (key) => written.has(key),
    isRejected: (key) => rejected.has(key),
    hasRejected: rejected.size > 0,
    keySpot,
    valueSpot,
  };
}

/** The members of a map; anything but a map or nothing is reported. */
export function entriesOf(
  findings: Findings,
  tree: Tree | undefined,
  spot: Spot,
  label: string,
): readonly TreeEntry[] {
  if (tree === undefined || isNothing(tree)) return [];
  if (tree.kind === 'map') return tree.entries;
  findings.error(
    'wrong_type',
    { path: spot.path, range: tree.range },
    `${capitalize(label)} must be a map of keys, found ${describe(tree)}`,
    notAMapHint(tree, spot),
  );
  return [];
}

function notAMapHint(tree: Tree, { path }: Spot): string {
  if (tree.kind !== 'list') return 'Write `key: value` lines, with a space after the colon.';
  // an excerpt as in the documents begins with the `- name:` of its module
  if (path === '') return 'A list of modules belongs below `workers:`.';
  return 'Write `key: value` lines, without `- ` before them.';
}

export function isNothing(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.value === null;
}

/** The value, or `undefined` when there is none to be used; then it was reported if it is wrong. */
function readValue(
  findings: Findings,
  { name, value: tree }: TreeEntry,
  spot: Spot,
  spec: KeySpec,
): unknown {
  if (isNothing(tree)) {
    const mayBeOpen = spec.default === null || ['map', 'list', 'any'].includes(spec.kind);
    if (!mayBeOpen && !isUnresolved(tree)) {
      const fallback = spec.default === undefined ? '' : `; the default is ${String(spec.default)}`;
      findings.error(
        'wrong_type',
        spot,
        `\`${name}\` has no value`,
        `Give it one, or remove the line${fallback}.`,
      );
    }
    return undefined;
  }
  const wrongType = (expected: string, hint: string | null = null): unknown => {
    const found = describe(tree);
    findings.error('wrong_type', spot, `\`${name}\` must be ${expected}, found ${found}`, hint);
    return undefined;
  };
  const value = tree.kind === 'scalar' ? tree.value : undefined;
  switch (spec.kind) {
    case 'integer':
    case 'number': {
      const isInteger = spec.kind === 'integer';
      if (typeof value !== 'number' || (isInteger && !Number.isInteger(value))) {
        return wrongType(isInteger ? 'a whole number' : 'a number', numberHint(name, value));
      }
      if (value >= spec.min && value <= spec.max) return value;
      const bound = value < spec.min ? `at least ${spec.min}` : `at most ${spec.max}`;
      findings.error('out_of_range', spot, `\`${name}\` must be ${bound}, found ${value}`);
      return undefined;
    }
    case 'boolean':
      return typeof value === 'boolean' ? value : wrongType('true or false');
    case 'text': {
      const text = textOf(tree);
      if (text === undefined) return wrongType('text', 'Put the value in quotes.');
      return text === '' && spec.mayBeEmpty !== true ? wrongType('text') : text;
    }
    case 'choice': {
      const text = textOf(tree);
      if (text !== undefined && spec.of.includes(text)) return text;
      const guess = text === undefined ? undefined : nearest(text, spec.of);
      findings.error(
        'out_of_range',
        spot,
        `\`${name}\` must be ${spec.of.map((choice) => `\`${choice}\``).join(' or ')}, found ${describe(tree)}`,
        guess === undefined ? null : `Did you mean \`${guess}\`?`,
      );
      return undefined;
    }
    case 'texts': {
      const texts = tree.kind === 'list' ? tree.items.map(textOf) : [undefined];
      return texts.includes(undefined) ? wrongType('a list of texts') : texts;
    }
    case 'map':
      return tree.kind === 'map' ? tree : wrongType('a map of keys', mapHint(name, value));
    case 'list':
      return tree.kind === 'list' ? tree : wrongType('a list', 'Begin each entry with `- `.');
    case 'any':
      return tree;
  }
}

/** Text, also of a variable whose value only looks like something else. */
function textOf(tree: Tree): string | undefined {
  if (tree.kind !== 'scalar') return undefined;
  if (typeof tree.value === 'string') return tree.value;
  return tree.origin === 'variable' && tree.value !== null ? tree.text : undefined;
}

/** A variable without a value was reported where it stands; that nothing is here is no second problem. */
function isUnresolved(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.origin === 'unresolved';
}

function numberHint(name: string, value: unknown): string | null {
  if (typeof value !== 'string') return null;
  if (value.trim() !== '' && Number.isFinite(Number(value))) return 'Remove the quotes.';
  const durationMs = name.endsWith('_ms') ? parseDuration(value) : undefined;
  return durationMs === undefined
    ? null
    : `Write milliseconds: ${durationMs} is ${formatDuration(durationMs)}.`;
}

function mapHint(name: string, value: unknown): string | null {
  return name === 'adapter' && typeof value === 'string'
    ? `Write: adapter: { name: ${value} }`
    : null;
}

function reportUnknown(
  findings: Findings,
  { name, keyRange }: TreeEntry,
  path: string,
  table: KeyTable,
  label: string,
): void {
  const spot = { path: joinPath(path, name), range: keyRange };
  const place = misplacedHint(name);
  const synonym = Object.entries(table).find(([, spec]) => spec.alsoCalled?.includes(name));
  const guess = synonym?.[0] ?? nearest(name, Object.keys(table));
  if (guess === undefined && place !== undefined) {
    findings.error('misplaced_key', spot, `\`${name}\` does not belong in ${label}`, place);
    return;
  }
  findings.error(
    'unknown_key',
    spot,
    `\`${name}\` is not a key of ${label}`,
    guess === undefined
      ? `Known keys: ${Object.keys(table).join(', ')}`
      : `Did you mean \`${guess}\`?`,
  );
}

/** The value's place; for a value that is not there, the key's. */
function rangeOf({ value, keyRange }: TreeEntry): Spot['range'] {
  return value.range[0] === value.range[1] ? keyRange : value.range;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
