import { readFileSync, realpathSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { IiiError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { EngineContext } from './contexts/contexts-file.ts';
import type { Io } from './io.ts';
import { usageError } from './usage.ts';

/** A setting somebody made, and where. */
export interface Found {
  readonly value: string;
  readonly origin: string;
  /** Whether the folder says so, which somebody else may have filled, and not the user. */
  readonly isOfFolder: boolean;
}

/** A token and where it comes from. */
export interface FoundToken {
  readonly secret: Secret;
  readonly origin: string;
  /** Whether the folder names it and holds it. What it names elsewhere is the user's. */
  readonly isOfFolder: boolean;
  /** The only address it may go to; `null` where the user decides with each call. */
  readonly boundTo: string | null;
}

export interface Address {
  readonly url: string;
  readonly origin: string;
  /** Whether only the folder names it. */
  readonly isOfFolder: boolean;
}

/** The token of this call: `--token-file`, then `III_TOKEN`, then the file that `file` names. */
export function findToken(
  options: Readonly<Record<string, unknown>>,
  io: Io,
  file: Found | undefined,
): FoundToken | null {
  const fromEnvironment = io.env['III_TOKEN'];
  if (fromEnvironment && typeof options['tokenFile'] !== 'string') {
    return {
      secret: new Secret(fromEnvironment.trim()),
      origin: 'III_TOKEN',
      isOfFolder: false,
      boundTo: null,
    };
  }
  if (file === undefined) return null;
  const path = resolve(io.cwd, file.value);
  return {
    secret: readTokenFile(path, file),
    origin: file.isOfFolder ? `the file '${file.value}'` : file.origin,
    isOfFolder: file.isOfFolder && isInside(path, io.cwd),
    boundTo: null,
  };
}

/** The token of a context, which goes nowhere but to its address. */
export function tokenOfContext({ name, url, tokenFile, token }: EngineContext): FoundToken | null {
  const origin = `the context '${name}'`;
  const secret =
    tokenFile === null ? token : readTokenFile(tokenFile, { value: tokenFile, origin });
  return secret === null ? null : { secret, origin, isOfFolder: false, boundTo: url };
}

/**
 * What a file that holds a token says.
 * @param named the file as it was written, and where
 */
export function readTokenFile(path: string, named: Pick<Found, 'value' | 'origin'>): Secret {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new IiiError('USAGE', `the token file '${named.value}' cannot be read`, {
      reason: `it is named by ${named.origin}`,
      hint: 'check the path and its permissions',
      cause,
    });
  }
  if (text === '')
    throw usageError(
      `the token file '${named.value}' is empty`,
      'write the token into it, as iii token create prints it',
      `it is named by ${named.origin}`,
    );
  return new Secret(text);
}

/**
 * The token, if it may go to this address. Somebody else may have filled the folder: an engine that
 * only its `.iii.yaml` names gets a token that lies in the folder too, and never one of the user.
 * The token of a context is none for any other address.
 */
export function tokenFor(token: FoundToken | null, address: Address): Secret | null {
  if (token === null) return null;
  if (token.boundTo !== null && token.boundTo !== address.url) return null;
  if (address.isOfFolder && !token.isOfFolder) {
    throw usageError(
      `the token is not sent to ${address.url}`,
      'if it belongs to this engine, name the engine yourself with --url or III_URL',
      `only ${address.origin} names this engine, and the token comes from ${token.origin}`,
    );
  }
  return token.secret;
}

/** Symbolic links count as what they lead to. */
function isInside(path: string, folder: string): boolean {
  const root = realpathSync(folder);
  return realpathSync(path).startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
}
