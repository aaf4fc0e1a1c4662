import { describe, expect, it } from 'vitest';
import { isPublicAddress, refusalOf, type UrlPolicy } from '../../src/gateway/url-policy.ts';

const POLICY: UrlPolicy = {
  allowlist: ['*'],
  blockPrivateAddresses: true,
  requireHttps: true,
};

describe('the URL policy', () => {
  it.each([
    ['https://example.com/hook', null],
    ['https://93.184.216.34/', null],
    ['http://example.com/', 'is not https'],
    ['ftp://example.com/', 'neither http: nor https:'],
    ['file:///etc/passwd', 'neither http: nor https:'],
    ['nonsense', 'is no URL'],
    ['https://user@example.com/', 'user name'],
    ['https://127.0.0.1/', 'private network'],
    ['https://127.1/', 'private network'],
    ['https://0x7f000001/', 'private network'],
    ['https://2130706433/', 'private network'],
    ['https://[::1]/', 'private network'],
    ['https://[::ffff:10.0.0.1]/', 'private network'],
    ['https://169.254.169.254/latest/meta-data', 'private network'],
  ])('by default: %s', (url, why) => {
    const refusal = refusalOf(url, POLICY);
    if (why === null) expect(refusal).toBeNull();
    else expect(refusal).toContain(why);
  });

  it.each([
    ['example.com', 'https://example.com/x', true],
    ['example.com', 'https://EXAMPLE.com/x', true],
    ['example.com', 'https://api.example.com/', false],
    ['example.com', 'https://example.com.evil.test/', false],
    ['*.example.com', 'https://api.example.com/', true],
    ['*.example.com', 'https://example.com/', false],
    ['*.example.com', 'https://evilexample.com/', false],
    ['https://example.com/hooks/*', 'https://example.com/hooks/a?b', true],
    ['https://example.com/hooks/*', 'https://example.com/hooks/../admin', false],
    ['https://example.com/hooks/*', 'https://example.com:8443/hooks/a', false],
    ['e.ample.com', 'https://example.com/', false],
  ])('with the pattern %s: %s is allowed: %s', (pattern, url, allowed) => {
    expect(refusalOf(url, { ...POLICY, allowlist: [pattern] }) === null).toBe(allowed);
  });

  it.each([
    ['8.8.8.8', true],
    ['2606:4700::1111', true],
    ['172.15.0.1', true],
    ['172.16.0.1', false],
    ['100.64.0.1', false],
    ['0.0.0.0', false],
    ['::', false],
    ['fd00::1', false],
    ['fe80::1', false],
    ['::ffff:192.168.0.1', false],
    ['64:ff9b::7f00:1', false],
    ['nonsense', false],
  ])('knows the addresses of the public internet: %s is one: %s', (address, isPublic) => {
    expect(isPublicAddress(address)).toBe(isPublic);
  });
});
