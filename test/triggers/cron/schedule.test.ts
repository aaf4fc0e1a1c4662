import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CronSchedule } from '../../../src/triggers/cron/schedule.ts';

function runs(expression: string, from: string, count = 3, zone = 'UTC'): string[] {
  const times = new CronSchedule(expression, zone).upcoming(Date.parse(from), count);
  return times.map((at) => new Date(at).toISOString().replace('.000Z', 'Z'));
}

describe('a cron schedule', () => {
  it('knows month ends and leap years', () => {
    expect(runs('0 0 31 * *', '2026-01-31T00:00:00Z')).toEqual([
      '2026-03-31T00:00:00Z',
      '2026-05-31T00:00:00Z',
      '2026-07-31T00:00:00Z',
    ]);
    expect(runs('0 12 29 2 *', '2026-01-01T00:00:00Z', 2)).toEqual([
      '2028-02-29T12:00:00Z',
      '2032-02-29T12:00:00Z',
    ]);
  });

  it('takes only the years that are given', () => {
    expect(runs('0 0 0 1 1 * 2028,2031', '2026-06-01T00:00:00Z')).toEqual([
      '2028-01-01T00:00:00Z',
      '2031-01-01T00:00:00Z',
    ]);
    expect(runs('* * * * * * 2027', '2026-06-01T00:00:00Z', 2)).toEqual([
      '2027-01-01T00:00:00Z',
      '2027-01-01T00:00:01Z',
    ]);
    expect(runs('* * * * * * 2020', '2026-06-01T00:00:00Z')).toEqual([]);
  });

  it('lets both day fields decide together: Friday the 13th', () => {
    expect(runs('0 0 13 * FRI', '2026-01-01T00:00:00Z')).toEqual([
      '2026-02-13T00:00:00Z',
      '2026-03-13T00:00:00Z',
      '2026-11-13T00:00:00Z',
    ]);
  });

  it('runs Monday to Friday for 1-5', () => {
    // 2026-01-02 is a Friday
    expect(runs('0 9 * * 1-5', '2026-01-02T10:00:00Z', 2)).toEqual([
      '2026-01-05T09:00:00Z',
      '2026-01-06T09:00:00Z',
    ]);
  });

  it('never comes for a day that does not exist', () => {
    expect(runs('0 0 30 2 *', '2026-01-01T00:00:00Z')).toEqual([]);
  });

  it('is strictly after the time it is asked for, also within a second', () => {
    expect(runs('* * * * * *', '2026-01-01T00:00:00.500Z', 1)).toEqual(['2026-01-01T00:00:01Z']);
    expect(runs('* * * * * *', '2026-01-01T00:00:01.000Z', 1)).toEqual(['2026-01-01T00:00:02Z']);
  });

  it('shows local time in its zone', () => {
    expect(runs('0 9 * * *', '2026-07-01T00:00:00Z', 1, 'America/New_York')).toEqual([
      '2026-07-01T13:00:00Z',
    ]);
    expect(runs('30 9 * * *', '2026-07-01T00:00:00Z', 1, 'Asia/Kolkata')).toEqual([
      '2026-07-01T04:00:00Z',
    ]);
  });

  describe('when clocks go forward (Berlin, 2026-03-29, 02:00 to 03:00)', () => {
    it('runs a time that is left out at the jump, once', () => {
      expect(runs('30 2 * * *', '2026-03-28T12:00:00Z', 2, 'Europe/Berlin')).toEqual([
        '2026-03-29T01:00:00Z',
        '2026-03-30T00:30:00Z',
      ]);
      expect(runs('0,30 2,3 * * *', '2026-03-28T12:00:00Z', 3, 'Europe/Berlin')).toEqual([
        '2026-03-29T01:00:00Z',
        '2026-03-29T01:30:00Z',
        '2026-03-30T00:00:00Z',
      ]);
    });

    it('goes on in real time when it runs in every hour', () => {
      expect(runs('15,45 * * * *', '2026-03-29T00:40:00Z', 3, 'Europe/Berlin')).toEqual([
        '2026-03-29T00:45:00Z',
        '2026-03-29T01:15:00Z',
        '2026-03-29T01:45:00Z',
      ]);
    });
  });

  describe('when clocks go back (Berlin, 2026-10-25, 03:00 to 02:00)', () => {
    it('runs a time that comes twice only the first time', () => {
      expect(runs('30 2 * * *', '2026-10-24T12:00:00Z', 2, 'Europe/Berlin')).toEqual([
        '2026-10-25T00:30:00Z',
        '2026-10-26T01:30:00Z',
      ]);
    });

    it('goes on in real time when it runs in every hour', () => {
      expect(runs('0,30 * * * *', '2026-10-24T23:30:00Z', 6, 'Europe/Berlin')).toEqual([
        '2026-10-25T00:00:00Z',
        '2026-10-25T00:30:00Z',
        '2026-10-25T01:00:00Z',
        '2026-10-25T01:30:00Z',
        '2026-10-25T02:00:00Z',
        '2026-10-25T02:30:00Z',
      ]);
      expect(runs('* * * * * *', '2026-10-25T00:59:58Z', 3, 'Europe/Berlin')).toEqual([
        '2026-10-25T00:59:59Z',
        '2026-10-25T01:00:00Z',
        '2026-10-25T01:00:01Z',
      ]);
    });

    it('also where they go back by half an hour', () => {
      // Lord Howe Island, 2026-04-05 02:00 (+11:00) to 01:30 (+10:30)
      expect(runs('0,15,30,45 * * * *', '2026-04-04T14:30:00Z', 4, 'Australia/Lord_Howe')).toEqual([
        '2026-04-04T14:45:00Z',
        '2026-04-04T15:00:00Z',
        '2026-04-04T15:15:00Z',
        '2026-04-04T15:30:00Z',
      ]);
    });
  });

  it('of every minute fires once in every minute of real time, in any zone and season', () => {
    const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Pacific/Auckland', 'UTC');
    const start = Date.UTC(2026, 0, 1) / 60_000;
    const minutes = fc.integer({ min: start, max: start + 2 * 365 * 24 * 60 });
    fc.assert(
      fc.property(zones, minutes, (zone, minute) => {
        const next = new CronSchedule('* * * * *', zone).next(minute * 60_000);
        expect(next).toBe((minute + 1) * 60_000);
      }),
      { numRuns: 200 },
    );
  });

  it('of a fixed time fires once a day, whatever the clocks do', () => {
    const days = runs('30 2 * * *', '2025-12-31T12:00:00Z', 365, 'Europe/Berlin');
    const local = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin' });
    expect(new Set(days.map((at) => local.format(Date.parse(at)))).size).toBe(365);
    expect(days.at(-1)).toBe('2026-12-31T01:30:00Z');
  });

  it('is refused for a zone that does not exist', () => {
    expect(() => new CronSchedule('* * * * *', 'Mars/Base')).toThrow("no time zone 'Mars/Base'");
  });
});
