import type { IncomingHttpHeaders } from 'node:http';
import { isHostAllowed, type HostRules } from '../base/host-header.ts';

/** Which upgrade requests are let in. */
export interface AcceptRules extends HostRules {
  readonly allowedOrigins: readonly string[];
}

/** `telemetry` is a connection that only sends; the engine never answers there. */
export type Endpoint = 'worker' | 'telemetry';

export type Acceptance =
  | {
      readonly kind: 'accepted';
      readonly endpoint: Endpoint;
      /** The token it came with, not checked yet. */
      readonly token: string | null;
    }
  /** One side of a channel; its key is all the peer needs. */
  | {
      readonly kind: 'channel';
      readonly id: string;
      readonly key: string;
      readonly direction: 'read' | 'write';
    }
  | {
      readonly kind: 'refused';
      readonly status: 403 | 404;
      /** For the log; the peer learns only the status. */
      readonly reason: string;
    };

/** Sub-protocol through which clients that cannot set headers send their token. */
export const TOKEN_PROTOCOL = 'iii-token.';

const CHANNEL_PATH = /\/ws\/channels\/([^/]+)$/;

/**
 * Checks an upgrade request. Any web page can make a browser open a WebSocket to this machine, so a
 * page's `Origin` must be allowed, and so must the `Host`: a name that an attacker points at a
 * loopback address is not one of ours.
 */
export function checkUpgrade(
  request: { readonly url?: string | undefined; readonly headers: IncomingHttpHeaders },
  rules: AcceptRules,
): Acceptance {
  const { headers } = request;
  const reason = checkOrigin(headers, rules);
  if (reason !== null) return { kind: 'refused', status: 403, reason };
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  // by suffix: users may have typed a base path into the address of their SDK
  if (path.endsWith('/otel')) {
    return { kind: 'accepted', endpoint: 'telemetry', token: tokenOf(headers) };
  }
  const channel = CHANNEL_PATH.exec(path)?.[1];
  if (channel !== undefined) return channelOf(channel, new URLSearchParams(query));
  if (path.endsWith('/')) return { kind: 'accepted', endpoint: 'worker', token: tokenOf(headers) };
  return { kind: 'refused', status: 404, reason: 'no such path' };
}

/** Why a request may not come from where it comes, by its `Host` and `Origin`; `null` when it may. */
export function checkOrigin(headers: IncomingHttpHeaders, rules: AcceptRules): string | null {
  if (!isHostAllowed(headers.host ?? '', rules)) return 'the Host header is not allowed';
  for (const origin of [headers.origin, headers['sec-websocket-origin']]) {
    if (origin !== undefined && !rules.allowedOrigins.includes(String(origin))) {
      return 'the Origin header is not allowed';
    }
  }
  return null;
}

function channelOf(id: string, query: URLSearchParams): Acceptance {
  const direction = query.get('dir');
  if (direction !== 'read' && direction !== 'write') {
    return { kind: 'refused', status: 404, reason: 'dir is neither read nor write' };
  }
  return { kind: 'channel', id, key: query.get('key') ?? '', direction };
}

/**
 * The password of `ws://name:password@host`, which clients send as Basic. It is the only way for an
 * SDK to authenticate all its connections, telemetry and channels among them.
 */
function passwordOf(authorization: string): string | null {
  const encoded = /^Basic +(\S+)$/i.exec(authorization)?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString();
  const at = text.indexOf(':');
  return at === -1 || at === text.length - 1 ? null : text.slice(at + 1);
}

/** The token a request came with, in whichever way. */
export function tokenOf(headers: IncomingHttpHeaders): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '');
  if (bearer?.[1] !== undefined) return bearer[1];
  const basic = passwordOf(headers.authorization ?? '');
  if (basic !== null) return basic;
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const protocol = offered.find((name) => name.startsWith(TOKEN_PROTOCOL));
  return protocol === undefined ? null : protocol.slice(TOKEN_PROTOCOL.length);
}
