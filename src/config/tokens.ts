import type { TokenConfig } from './config.ts';
import type { Findings } from './findings.ts';
import { AUTH_KEYS, TOKEN_KEYS, type TOP_KEYS } from './keys.ts';
import { readSection, type Section } from './section.ts';
import type { Tree } from './tree.ts';

/** Shortest token that is accepted: what `iii token create` makes is longer. */
const TOKEN_LENGTH = 32;

/** How tokens that are kept outside the configuration are fetched. */
export interface TokenSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a file, `undefined` when it cannot be read. */
  readonly read: (path: string) => string | undefined;
  /** Lower-case hex SHA-256 of a text. */
  readonly sha256: (text: string) => string;
}

type TokenSection = Section<typeof TOKEN_KEYS>;

/** The tokens of `auth.tokens` that hold no error. */
export function readTokens(
  findings: Findings,
  top: Section<typeof TOP_KEYS>,
  sources: TokenSources,
): readonly TokenConfig[] {
  const auth = readSection(findings, top.values.auth, top.keySpot('auth'), AUTH_KEYS, '`auth`');
  const { tokens: tree } = auth.values;
  if (tree?.kind !== 'list') return [];
  const tokens = new Map<string, TokenConfig>();
  for (const [index, item] of tree.items.entries()) {
    hideSecrets(findings, item);
    const spot = { path: `auth.tokens[${index}]`, range: item.range };
    if (item.kind !== 'map') {
      // What is here may be the token itself, so it is not quoted.
      findings.error(
        'wrong_type',
        spot,
        'A token must be a map of keys',
        'Write: { name: main, role: admin, env: III_TOKEN }',
      );
      continue;
    }
    const section = readSection(findings, item, spot, TOKEN_KEYS, 'a token');
    const { name, role } = section.values;
    const sha256 = readHash(findings, section, sources);
    if (name !== undefined && tokens.has(name)) {
      findings.error(
        'duplicate_token',
        section.valueSpot('name'),
        `Another token is called \`${name}\``,
        'Give each token a name of its own.',
      );
    } else if (name !== undefined && role !== undefined && sha256 !== undefined) {
      tokens.set(name, { name, role, sha256 });
    }
  }
  return [...tokens.values()];
}

function readHash(
  findings: Findings,
  section: TokenSection,
  sources: TokenSources,
): string | undefined {
  const given = (['hash', 'env', 'file'] as const).filter((key) => section.has(key));
  const [source, second] = given;
  if (source === undefined || second !== undefined) {
    findings.error(
      source === undefined ? 'missing_key' : 'conflicting_keys',
      second === undefined ? section.spot : section.keySpot(second),
      'A token needs exactly one of `hash`, `env` and `file`',
      'Make one with: iii token create',
    );
    return undefined;
  }
  const value = section.values[source];
  if (value === undefined) return undefined;
  const spot = section.valueSpot(source);
  if (source === 'hash') {
    const hash = value.replace(/^sha256:/i, '').toLowerCase();
    if (/^[\da-f]{64}$/.test(hash)) return hash;
    findings.error(
      'bad_hash',
      spot,
      '`hash` must be the SHA-256 of a token: 64 hex digits',
      'Make a token and its hash with: iii token create',
    );
    return undefined;
  }
  const token = source === 'env' ? ownValue(sources.env, value) : sources.read(value);
  if (token === undefined) {
    const isEnv = source === 'env';
    findings.error(
      isEnv ? 'unset_variable' : 'unreadable_file',
      spot,
      isEnv
        ? `The environment variable \`${value}\` is not set`
        : `The file ${JSON.stringify(value)} cannot be read`,
      'It must hold the token itself; make one with: iii token create',
    );
    return undefined;
  }
  const trimmed = token.trim();
  if (trimmed.length >= TOKEN_LENGTH) return sources.sha256(trimmed);
  findings.error(
    'weak_token',
    spot,
    `The token has ${trimmed.length} characters; it must have at least ${TOKEN_LENGTH}, and 256 random bits`,
    'Make one with: iii token create',
  );
  return undefined;
}

function ownValue(env: TokenSources['env'], name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

/** Someone may write the token itself where its hash belongs; the lines shown must not repeat it. */
function hideSecrets(findings: Findings, tree: Tree): void {
  if (tree.kind === 'scalar') {
    findings.hide(tree.range);
  } else if (tree.kind === 'list') {
    for (const item of tree.items) hideSecrets(findings, item);
  } else {
    for (const { name, value } of tree.entries) {
      if (!['name', 'role', 'env', 'file'].includes(name)) hideSecrets(findings, value);
    }
  }
}
