import type { Secret } from '../base/secret.ts';
import {
  type Contexts,
  type EngineContext,
  findContext,
  listNames,
} from './contexts/contexts-file.ts';
import type { Io } from './io.ts';
import {
  type Address,
  findToken,
  type Found,
  type FoundToken,
  tokenFor,
  tokenOfContext,
} from './token.ts';
import { usageError } from './usage.ts';

const DEFAULT_URL = 'ws://127.0.0.1:49134';

/** The engine a call talks to. */
export interface Target {
  readonly url: string;
  /** Where the address came from, for messages. */
  readonly origin: string;
  /** The context it was taken from. */
  readonly context: string | null;
  /**
   * The token that may go there, or to another address that the command was given. Throws when it may
   * belong to another engine (`token.ts`).
   */
  readonly token: (url?: string) => Secret | null;
  /** Where the token comes from; `null` without one. */
  readonly tokenOrigin: () => string | null;
}

/** What the places say that can name an engine, beside the words of the call and the environment. */
export interface TargetSources {
  /** The address in `./.iii.yaml`. */
  readonly ofFolder: Found | undefined;
  /** The address in the user's own settings. */
  readonly ofUser: Found | undefined;
  /** The file with the token that the option or the environment names. */
  readonly tokenFile: Found | undefined;
  /** The one that a settings file names: it is about the engines that no context names. */
  readonly tokenFileOfFiles: Found | undefined;
  readonly contexts: Contexts;
}

type Choice =
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'context'; readonly name: string; readonly origin: string };

/**
 * Finds the engine: `--url`, `--context`, III_URL, III_CONTEXT, `./.iii.yaml`, the context in use, the
 * user's settings, the default. A context that is not there is complained of only when it is asked for
 * the engine, so that commands that need none run.
 */
export function findTarget(
  options: Readonly<Record<string, unknown>>,
  io: Io,
  sources: TargetSources,
): () => Target {
  const choice = choose(options, io, sources);
  if (choice.kind === 'address') {
    const { address } = choice;
    const token = findToken(options, io, sources.tokenFile ?? sources.tokenFileOfFiles);
    return () => targetOf(address, null, () => token);
  }
  const given = findToken(options, io, sources.tokenFile);
  const isFirst = choice.origin === '--context' && typeof options['tokenFile'] !== 'string';
  return () => {
    const context = contextNamed(sources.contexts, choice);
    const { origin } = choice;
    return targetOf({ url: context.url, origin, isOfFolder: false }, context, () =>
      isFirst ? (tokenOfContext(context) ?? given) : (given ?? tokenOfContext(context)),
    );
  };
}

function choose(
  options: Readonly<Record<string, unknown>>,
  { env }: Io,
  { ofFolder, ofUser, contexts }: TargetSources,
): Choice {
  const { url, context } = options;
  if (typeof url === 'string') return addressed(url, '--url');
  if (typeof context === 'string') return { kind: 'context', name: context, origin: '--context' };
  if (env['III_URL']) return addressed(env['III_URL'], 'III_URL');
  if (env['III_CONTEXT']) {
    return { kind: 'context', name: env['III_CONTEXT'], origin: 'III_CONTEXT' };
  }
  const own = ownChoice(ofUser, contexts);
  if (ofFolder === undefined) return own;
  const folder = normaliseUrl(ofFolder.value, ofFolder.origin);
  const ownUrl = own.kind === 'address' ? own.address.url : findContext(contexts, own.name)?.url;
  return addressed(folder, ofFolder.origin, folder !== ownUrl);
}

/** What the user says for every folder. */
function ownChoice(ofUser: Found | undefined, { current }: Contexts): Choice {
  if (current !== null) return { kind: 'context', name: current, origin: 'the context in use' };
  return addressed(ofUser?.value ?? DEFAULT_URL, ofUser?.origin ?? 'the default');
}

function addressed(text: string, origin: string, isOfFolder = false): Choice {
  return { kind: 'address', address: { url: normaliseUrl(text, origin), origin, isOfFolder } };
}

function contextNamed(
  contexts: Contexts,
  { name, origin }: { readonly name: string; readonly origin: string },
): EngineContext {
  const context = findContext(contexts, name);
  if (context !== undefined) return context;
  throw usageError(
    `there is no context '${name}'`,
    listNames(contexts),
    `it is named by ${origin}`,
  );
}

function targetOf(
  address: Address,
  context: EngineContext | null,
  find: () => FoundToken | null,
): Target {
  return {
    url: address.url,
    origin: address.origin,
    context: context?.name ?? null,
    token: (url = address.url) => tokenFor(find(), { ...address, url }),
    tokenOrigin: () => find()?.origin ?? null,
  };
}

/** Reads an address with or without its scheme; `http` means `ws`. */
export function normaliseUrl(text: string, origin: string): string {
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `ws://${text}`;
  const wanted = withScheme.replace(/^http(s?):/i, 'ws$1:');
  if (URL.canParse(wanted)) {
    const url = new URL(wanted);
    if (url.username !== '' || url.password !== '') {
      throw usageError(
        'an address must not carry a password',
        'use --token-file or III_TOKEN',
        `the address comes from ${origin}`,
      );
    }
    if (url.protocol === 'ws:' || url.protocol === 'wss:') return wanted.replace(/\/$/, '');
  }
  throw usageError(
    `'${text}' is not an engine's address`,
    `write it like ${DEFAULT_URL}`,
    `it comes from ${origin}`,
  );
}
