import { BlockList, isIP } from 'node:net';

/** Which URLs the engine calls on behalf of workers. */
export interface UrlPolicy {
  /** Patterns of hosts, or of whole URLs when they have a `://`; `*` stands for anything. */
  readonly allowlist: readonly string[];
  readonly blockPrivateAddresses: boolean;
  readonly requireHttps: boolean;
}

/** Addresses that are not of the public internet, by the registries of special-purpose addresses. */
const NOT_PUBLIC = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  NOT_PUBLIC.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  NOT_PUBLIC.addSubnet(network, prefix, 'ipv6');
}

/** Whether an address is of the public internet. A mapped IPv4 address is judged as what it maps. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !NOT_PUBLIC.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** Why a URL must not be called, in words; `null` when its text gives no reason. Its addresses are checked when it is called. */
export function refusalOf(text: string, policy: UrlPolicy): string | null {
  if (!URL.canParse(text)) return `'${text}' is no URL`;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return `${url.protocol} is neither http: nor https:`;
  }
  if (url.protocol === 'http:' && policy.requireHttps) {
    return `${url.origin} is not https (security.require_https)`;
  }
  if (url.username !== '' || url.password !== '') return 'the URL holds a user name or a password';
  if (!policy.allowlist.some((pattern) => matches(pattern, url))) {
    return `${url.origin} is not in the list of allowed URLs (security.url_allowlist)`;
  }
  const address = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) !== 0 && policy.blockPrivateAddresses && !isPublicAddress(address)) {
    return privateAddress(url.hostname);
  }
  return null;
}

/** Why a host is refused whose address is not of the public internet. */
export function privateAddress(host: string): string {
  return `${host} is an address of this machine or of a private network (security.block_private_ips)`;
}

function matches(pattern: string, url: URL): boolean {
  const parts = pattern
    .toLowerCase()
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const whole = new RegExp(`^${parts.join('.*')}$`);
  return whole.test(pattern.includes('://') ? url.href.toLowerCase() : url.hostname);
}
