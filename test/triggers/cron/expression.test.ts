import { describe, expect, it } from 'vitest';
import { parseCronExpression } from '../../../src/triggers/cron/expression.ts';

describe('a cron expression', () => {
  it('of 5 fields has second 0, of 6 begins with the second, of 7 ends with the year', () => {
    expect(parseCronExpression('5 4 * * *')).toMatchObject({
      seconds: [0],
      minutes: [5],
      hours: [4],
      years: null,
    });
    expect(parseCronExpression('30 5 4 * * *')).toMatchObject({ seconds: [30], minutes: [5] });
    expect(parseCronExpression('30 5 4 1 1 * 2027,2029')).toMatchObject({ years: [2027, 2029] });
    expect(parseCronExpression('30 5 4 1 1 * *')).toMatchObject({ years: null });
  });

  it.each([
    ['*/20', [0, 20, 40]],
    ['10/20', [10, 30, 50]],
    ['10-14/2', [10, 12, 14]],
    ['3,1,2,2', [1, 2, 3]],
    ['0-2,58-59', [0, 1, 2, 58, 59]],
  ])('reads lists, ranges and steps: %s', (minute, minutes) => {
    expect(parseCronExpression(`${minute} * * * *`).minutes).toEqual(minutes);
  });

  it.each([
    ['0', [0]],
    ['7', [0]],
    ['1', [1]],
    ['SUN', [0]],
    ['mon-fri', [1, 2, 3, 4, 5]],
    ['1-5', [1, 2, 3, 4, 5]],
    ['5-7', [0, 5, 6]],
    ['FRI-SUN', [0, 5, 6]],
    ['0-7', [0, 1, 2, 3, 4, 5, 6]],
    ['*', [0, 1, 2, 3, 4, 5, 6]],
    ['?', [0, 1, 2, 3, 4, 5, 6]],
    ['*/2', [0, 2, 4, 6]],
  ])('counts Sunday as 0 or 7 and Monday as 1: %s', (weekday, weekdays) => {
    expect(parseCronExpression(`0 0 * * ${weekday}`).weekdays).toEqual(weekdays);
    expect(parseCronExpression(`0 0 0 * * ${weekday} *`).weekdays).toEqual(weekdays);
  });

  it('knows months by name', () => {
    expect(parseCronExpression('0 0 1 JAN,jul-Sep *').months).toEqual([1, 7, 8, 9]);
  });

  it.each([
    ['@yearly', { months: [1], days: [1], hours: [0] }],
    ['@monthly', { days: [1], hours: [0] }],
    ['@weekly', { weekdays: [0], hours: [0] }],
    ['@Daily', { hours: [0], minutes: [0], seconds: [0] }],
    ['@hourly', { minutes: [0], seconds: [0] }],
  ])('knows %s', (shorthand, fields) => {
    expect(parseCronExpression(shorthand)).toMatchObject(fields);
  });

  it.each([
    ['60 * * * *', 'minute'],
    ['* 24 * * *', 'hour'],
    ['* * 0 * *', 'day of month'],
    ['* * 32 * *', 'day of month'],
    ['* * * 13 *', 'month'],
    ['* * * FOO *', 'month'],
    ['* * * * 8', 'day of week'],
    ['99 * * * * *', 'second'],
    ['0 0 0 1 1 * 1969', 'year'],
    ['*/0 * * * *', 'minute'],
    ['*/x * * * *', 'minute'],
    ['1/2/3 * * * *', 'minute'],
    ['30-10 * * * *', 'minute'],
    ['1-2-3 * * * *', 'minute'],
    ['? * * * *', 'minute'],
    [', * * * *', 'minute'],
    ['-1 * * * *', 'minute'],
    ['0 0 L * *', 'day of month'],
  ])('that cannot be read is refused with the name of the field: %s', (text, field) => {
    expect(() => parseCronExpression(text)).toThrow(`the field '${field}'`);
  });

  it.each(['', '* * * *', '* * * * * * * *', '@every', 'x'.repeat(2_000)])(
    'of another form is refused: %.20s',
    (text) => {
      expect(() => parseCronExpression(text)).toThrow(/cron expression/);
    },
  );
});
