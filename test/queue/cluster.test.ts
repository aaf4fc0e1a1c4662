import { describe, expect, it } from 'vitest';
import { checkFingerprint, fingerprintOf, normaliseError } from '../../src/queue/cluster.ts';

describe('errors of one cluster', () => {
  it.each([
    ['order 17 not found', 'order 4711 not found'],
    [
      'job 3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11 failed',
      'job 00000000-0000-4000-8000-000000000000 failed',
    ],
    ['no such file: /var/data/a.json', 'no such file: /srv/b/c.json'],
    [
      "cannot read properties of undefined (reading 'foo')",
      "cannot read properties of undefined (reading 'bar')",
    ],
    ['bad token "abc"', 'bad token "xyz 12"'],
    ['at 0x7fff5fbff8c0', 'at 0x1'],
    ['digest deadbeef01 differs', 'digest 0123456789abcdef differs'],
    ['connect ECONNREFUSED 10.0.0.1:5432', 'connect ECONNREFUSED 10.0.0.27:6432'],
    ['timeout after 3000ms', 'timeout after 12.5s'],
    ['customer cus_9s6XKzkNRiz8i3 is gone', 'customer cus_aB3dE5gH7jK9mN is gone'],
    ['order_123 is locked', 'order_9 is locked'],
    ['order ord_a1b2c3 is locked', 'order ord_9z8y7x is locked'],
    [
      'request id=550e8400-e29b-41d4-a716-446655440000 failed',
      'request id=f47ac10b-58cc-4372-a567-0e02b2c3d479 failed',
    ],
    ['no row for user=17&shop=a1b2c3d4', 'no row for user=4&shop=0f0f0f0f'],
    ['connect ECONNREFUSED 10.0.0.1:5432', 'connect ECONNREFUSED 192.168.100.127:65432'],
    ['stale since 2026-01-31T12:00:00Z', 'stale since 2025-12-01T01:02:03.456+02:00'],
    ['HTTP 429 for https://a.example/x?y=1', 'HTTP 429 for https://b.example/'],
    ['two  spaces\nand a line', 'two spaces and a line'],
  ])('%s | %s', (one, other) => {
    expect(normaliseError(one)).toBe(normaliseError(other));
    const fingerprint = fingerprintOf({ code: 'x', message: one });
    expect(fingerprint).toBe(fingerprintOf({ code: 'x', message: other }));
    expect(() => {
      checkFingerprint(fingerprint);
    }).not.toThrow();
  });

  it.each([
    ['card declined', 'card expired'],
    ['HTTP 429', 'HTTP 500'],
    ['answered status=429', 'answered status=500'],
    ['failed with code:12', 'failed with code:13'],
    ['sha256 differs', 'sha1sum differs'],
    ['exit code 1', 'exit code 137'],
    ["can't open", "can't close"],
    ['order 17 not found', 'order 17 is locked'],
  ])('are not: %s | %s', (one, other) => {
    expect(fingerprintOf({ code: 'x', message: one })).not.toBe(
      fingerprintOf({ code: 'x', message: other }),
    );
  });

  it('have the same code', () => {
    expect(fingerprintOf({ code: 'a', message: 'm' })).not.toBe(
      fingerprintOf({ code: 'b', message: 'm' }),
    );
  });

  it('can be read by people', () => {
    expect(normaliseError("order 17 of 'c1' not found in /data/x.db, HTTP 404")).toBe(
      'order <number> of <text> not found in <path>, HTTP 404',
    );
  });
});
