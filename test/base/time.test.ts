import { describe, expect, it } from 'vitest';
import { parseTime } from '../../src/base/time.ts';
import { NOW } from '../support/samples.ts';

describe('a time on the command line', () => {
  it.each([
    ['now', NOW],
    ['now+5m', NOW + 300_000],
    ['now-1h', NOW - 3_600_000],
    ['now - 1h30m', NOW - 5_400_000],
    ['2026-01-31T09:00:00Z', Date.UTC(2026, 0, 31, 9)],
    ['2026-01-31T09:00:00.5+02:00', Date.UTC(2026, 0, 31, 7, 0, 0, 500)],
    ['2026-01-31 09:00Z', Date.UTC(2026, 0, 31, 9)],
    ['2028-02-29T23:00:00Z', Date.UTC(2028, 1, 29, 23)],
  ])('may be %s', (text, at) => {
    expect(parseTime(text, NOW)).toBe(at);
  });

  it.each([
    '',
    'soon',
    '5m',
    'now+',
    'now+5',
    '2026-01-31',
    '2026-01-31T09:00:00',
    '2026-13-01T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
  ])('may not be %j', (text) => {
    expect(parseTime(text, NOW)).toBeUndefined();
  });
});
