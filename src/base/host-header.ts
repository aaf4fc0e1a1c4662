/** Which names a listener answers to. */
export interface HostRules {
  /** The host the listener is bound to, as configured. */
  readonly host: string;
  readonly allowedHosts: readonly string[];
}

const WILDCARD_HOSTS = ['0.0.0.0', '::', ''];

/**
 * Whether a `Host` header names this machine. Anybody can point a name of theirs at a loopback
 * address and have a browser ask for it, so a name that is not ours is refused.
 */
export function isHostAllowed(header: string, rules: HostRules): boolean {
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
