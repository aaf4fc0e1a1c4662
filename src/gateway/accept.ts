import type { IncomingHttpHeaders } from 'node:http';

/** Which upgrade requests are let in. */
export interface AcceptRules {
  /** The host the listener is bound to, as configured. */
  readonly host: string;
  readonly allowedHosts: readonly string[];
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
  | {
      readonly kind: 'refused';
      readonly status: 403 | 404;
      /** For the log; the peer learns only the status. */
      readonly reason: string;
    };

/** Sub-protocol through which clients that cannot set headers send their token. */
export const TOKEN_PROTOCOL = 'iii-token.';

const WILDCARD_HOSTS = ['0.0.0.0', '::', ''];

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
  if (!isHostAllowed(headers.host ?? '', rules)) {
    return { kind: 'refused', status: 403, reason: 'the Host header is not allowed' };
  }
  for (const origin of [headers.origin, headers['sec-websocket-origin']]) {
    if (origin !== undefined && !rules.allowedOrigins.includes(String(origin))) {
      return { kind: 'refused', status: 403, reason: 'the Origin header is not allowed' };
    }
  }
  const [path = ''] = (request.url ?? '').split('?', 1);
  // by suffix: users may have typed a base path into the address of their SDK
  if (path.endsWith('/otel')) {
    return { kind: 'accepted', endpoint: 'telemetry', token: tokenOf(headers) };
  }
  if (path.endsWith('/')) return { kind: 'accepted', endpoint: 'worker', token: tokenOf(headers) };
  return { kind: 'refused', status: 404, reason: 'no such path' };
}

function isHostAllowed(header: string, rules: AcceptRules): boolean {
  const host = header.toLowerCase();
  const name = nameOf(host);
  if (name === 'localhost' || name === '::1' || /^127\.\d+\.\d+\.\d+$/.test(name)) return true;
  if (!WILDCARD_HOSTS.includes(rules.host) && name === rules.host.toLowerCase()) return true;
  // an entry with a port allows that port, one without allows all
  return rules.allowedHosts.some((allowed) => [host, name].includes(allowed.toLowerCase()));
}

/** The name in a `Host` header: no port, no brackets, no dot at the end. */
function nameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host);
  return bracketed?.[1] ?? host.replace(/:\d*$/, '').replace(/\.$/, '');
}

function tokenOf(headers: IncomingHttpHeaders): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '');
  if (bearer?.[1] !== undefined) return bearer[1];
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const protocol = offered.find((name) => name.startsWith(TOKEN_PROTOCOL));
  return protocol === undefined ? null : protocol.slice(TOKEN_PROTOCOL.length);
}
