import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type Document,
  type ParsedNode,
  type Scalar,
} from 'yaml';
import type { Findings, Range, Spot } from './findings.ts';
import { fillVariables, hasVariable, isOneVariable, scalarOf, type Variable } from './variables.ts';

/** A configuration as plain data with positions: no tags, aliases or variables any more. */
export type Tree = TreeScalar | TreeMap | TreeList;

export interface TreeScalar {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** The value as text, for keys that hold text although it looks like a number. */
  readonly text: string;
  /** `variable`: its type is not written down. `unresolved`: reported already, and `value` is null. */
  readonly origin: 'literal' | 'variable' | 'unresolved';
  /** The first variable of the environment whose value is in it; `null` when none is. */
  readonly variable: string | null;
  readonly range: Range;
}

export interface TreeMap {
  readonly kind: 'map';
  /** No name comes twice. */
  readonly entries: readonly TreeEntry[];
  readonly range: Range;
}

export interface TreeEntry {
  readonly name: string;
  readonly keyRange: Range;
  readonly value: Tree;
}

export interface TreeList {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly range: Range;
}

/** Uses of aliases in one file; a configuration needs few, an attack needs many. */
const ALIAS_LIMIT = 20;

type Env = Readonly<Record<string, string | undefined>>;

/** Turns a parsed YAML document into a tree, reporting what a configuration may not contain. */
export class TreeBuilder {
  readonly #document: Document.Parsed;
  readonly #variables: readonly Variable[];
  readonly #env: Env;
  readonly #findings: Findings;
  /** What was built for a node, so that aliases share it instead of multiplying it. */
  readonly #built = new Map<ParsedNode, Tree>();
  readonly #open = new Set<ParsedNode>();
  #aliases = 0;

  constructor(
    document: Document.Parsed,
    variables: readonly Variable[],
    env: Env,
    findings: Findings,
  ) {
    this.#document = document;
    this.#variables = variables;
    this.#env = env;
    this.#findings = findings;
  }

  /** `undefined` for a document without content. */
  build(): Tree | undefined {
    const { contents } = this.#document;
    return contents === null ? undefined : this.#build(contents, '');
  }

  #build(node: ParsedNode, path: string): Tree {
    const known = this.#built.get(node);
    if (known !== undefined) return known;
    if (!isAlias(node) && node.tag !== undefined) {
      this.#findings.error(
        'yaml_tag',
        { path, range: rangeOf(node) },
        'Tags are not supported here',
        'Remove the tag (the word that begins with `!`); quotes make a value text.',
      );
    }
    this.#open.add(node);
    const tree = this.#convert(node, path);
    this.#open.delete(node);
    this.#built.set(node, tree);
    return tree;
  }

  #convert(node: ParsedNode, path: string): Tree {
    const at = rangeOf(node);
    if (isAlias(node)) return this.#follow(node, { path, range: at });
    if (isScalar(node)) return this.#scalar(node, path, at);
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.#build(item, `${path}[${index}]`));
      return { kind: 'list', items, range: at };
    }
    if (!isMap(node)) return nothing(at);
    const entries = new Map<string, TreeEntry>();
    for (const pair of node.items) {
      const keyRange = rangeOf(pair.key);
      const name = this.#keyName(pair.key, { path, range: keyRange });
      if (name === undefined) continue;
      const entryPath = joinPath(path, name);
      const value = pair.value === null ? nothing(keyRange) : this.#build(pair.value, entryPath);
      const first = entries.get(name);
      if (first === undefined) {
        entries.set(name, { name, keyRange, value });
        continue;
      }
      this.#findings.error(
        'duplicate_key',
        { path: entryPath, range: keyRange },
        `\`${name}\` is here twice; the first is on line ${this.#findings.lineOf(first.keyRange[0])}`,
        'Remove one of the two.',
      );
    }
    return { kind: 'map', entries: [...entries.values()], range: at };
  }

  #keyName(key: ParsedNode, spot: Spot): string | undefined {
    if (!isScalar(key) || key.value === null) {
      this.#findings.error('wrong_key', spot, 'A key must be plain text');
      return undefined;
    }
    const name = typeof key.value === 'string' ? key.value : key.source;
    if (hasVariable(name)) {
      this.#findings.error(
        'variable_in_key',
        spot,
        'A variable cannot stand in a key',
        'Write the name of the key; variables are expanded in values only.',
      );
      return undefined;
    }
    if (name === '<<') {
      this.#findings.error(
        'merge_key',
        spot,
        'Merge keys (`<<`) are not supported',
        'Write the settings out, or use an alias for a whole value: `other: *name`.',
      );
      return undefined;
    }
    return name;
  }

  #follow(node: Alias.Parsed, spot: Spot & { range: Range }): Tree {
    this.#aliases += 1;
    // Looking an anchor up walks the whole document, so it is not done without limit.
    if (this.#aliases > ALIAS_LIMIT) {
      const why = `More than ${ALIAS_LIMIT} aliases in one file are not allowed`;
      this.#findings.error('alias_limit', spot, why, 'Write the value out.');
      return nothing(spot.range, 'unresolved');
    }
    const target = node.resolve(this.#document) as ParsedNode | undefined;
    if (target === undefined) {
      this.#findings.error('yaml_syntax', spot, `No anchor \`&${node.source}\` comes before this`);
      return nothing(spot.range, 'unresolved');
    }
    if (this.#open.has(target)) {
      const why = `The alias \`*${node.source}\` stands inside the value it names`;
      this.#findings.error('alias_limit', spot, why, 'Write the value out.');
      return nothing(spot.range, 'unresolved');
    }
    return this.#build(target, spot.path);
  }

  #scalar(node: Scalar.Parsed, path: string, range: Range): TreeScalar {
    const { value } = node;
    if (typeof value !== 'string' || !hasVariable(value)) {
      const text = typeof value === 'string' ? value : node.source;
      return {
        ...{ kind: 'scalar', value: primitive(value), text },
        ...{ origin: 'literal', variable: null, range },
      };
    }
    let unset = 0;
    let first: string | null = null;
    const text = fillVariables(value, this.#variables, (variable) => {
      const found = this.#lookUp(variable, path);
      if (found === undefined) unset += 1;
      if (Object.hasOwn(this.#env, variable.name)) first ??= variable.name;
      return found ?? '';
    });
    const isSet = unset === 0;
    const isUntyped = node.type === 'PLAIN' || isOneVariable(value);
    return {
      kind: 'scalar',
      value: isSet && isUntyped ? scalarOf(text) : isSet ? text : null,
      text,
      origin: isSet ? 'variable' : 'unresolved',
      variable: first,
      range,
    };
  }

  #lookUp({ name, fallback, range }: Variable, path: string): string | undefined {
    const spot = { path, range };
    if (fallback?.includes('${') === true) {
      this.#findings.error(
        'nested_variable',
        spot,
        `The default of \`${name}\` contains another variable`,
        'Write a plain default; variables do not nest.',
      );
      return undefined;
    }
    const value = Object.hasOwn(this.#env, name) ? this.#env[name] : undefined;
    if (value !== undefined || fallback !== undefined) return value ?? fallback;
    this.#findings.error(
      'unset_variable',
      spot,
      `The environment variable \`${name}\` is not set`,
      `Set it, or give a default: \${${name}:value}`,
    );
    return undefined;
  }
}

/** The path of a member: `queue_configs.payment`, or `queue_configs["my queue"]`. */
export function joinPath(path: string, name: string): string {
  if (!/^[\w-]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}

/** What a value is, in words, for "found …". */
export function describe(tree: Tree): string {
  if (tree.kind !== 'scalar') return tree.kind === 'map' ? 'a map of keys' : 'a list';
  const { value } = tree;
  if (value === null) return 'nothing';
  if (typeof value === 'string') return `the text ${JSON.stringify(shorten(value))}`;
  return typeof value === 'number' ? `the number ${value}` : String(value);
}

function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}

function nothing(range: Range, origin: 'literal' | 'unresolved' = 'literal'): TreeScalar {
  return { kind: 'scalar', value: null, text: '', origin, variable: null, range };
}

function primitive(value: unknown): TreeScalar['value'] {
  const isPlain =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isPlain ? value : null;
}

function rangeOf(node: ParsedNode): Range {
  return [node.range[0], node.range[1]];
}
