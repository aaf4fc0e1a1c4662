import { IiiError } from '../../base/errors.ts';

/** What a cron expression means: the values each field allows, each list in order and complete. */
export interface CronExpression {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  /** 0 is Sunday. */
  readonly weekdays: readonly number[];
  /** `null`: every year. */
  readonly years: readonly number[] | null;
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of values, the first standing for `namesFrom`. */
  readonly names?: readonly string[];
  readonly namesFrom?: number;
  /** Whether `?` may stand for `*`. */
  readonly question?: true;
}

const DAY_NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MONTH_NAMES = [
  'JAN',
  'FEB',
  'MAR',
  'APR',
  'MAY',
  'JUN',
  'JUL',
  'AUG',
  'SEP',
  'OCT',
  'NOV',
  'DEC',
];

const SECOND: Field = { name: 'second', min: 0, max: 59 };
const MINUTE: Field = { name: 'minute', min: 0, max: 59 };
const HOUR: Field = { name: 'hour', min: 0, max: 23 };
const DAY: Field = { name: 'day of month', min: 1, max: 31, question: true };
const MONTH: Field = { name: 'month', min: 1, max: 12, names: MONTH_NAMES, namesFrom: 1 };
/** 0 and 7 are both Sunday, so that `5-7` is Friday to Sunday. */
const WEEKDAY: Field = {
  name: 'day of week',
  min: 0,
  max: 7,
  names: DAY_NAMES,
  namesFrom: 0,
  question: true,
};
const YEAR: Field = { name: 'year', min: 1970, max: 2199 };

const SHORTHANDS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * 0',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
};

/** Longest expression that is read; a list of every second is shorter. */
const MAX_LENGTH = 1_000;

/**
 * Reads a cron expression of 5 fields (minute first; the second is 0), 6 (second first) or 7 (year
 * last), or a shorthand such as `@daily`. Sunday is 0 or 7 and Monday 1 in all of them.
 * @throws IiiError INVALID_ARGUMENTS that names the field
 */
export function parseCronExpression(text: string): CronExpression {
  const trimmed = text.trim();
  if (trimmed.length > MAX_LENGTH) {
    throw invalid(`the cron expression has more than ${MAX_LENGTH} characters`);
  }
  const written = (SHORTHANDS[trimmed.toLowerCase()] ?? trimmed).split(/\s+/);
  if (trimmed.startsWith('@') && written.length === 1) {
    const known = Object.keys(SHORTHANDS).join(', ');
    throw invalid(`'${trimmed}' is no shorthand of a cron expression; known are ${known}`);
  }
  const fields = written.length === 5 ? ['0', ...written] : written;
  const [second, minute, hour, day, month, weekday, year] = fields;
  if (
    second === undefined ||
    minute === undefined ||
    hour === undefined ||
    day === undefined ||
    month === undefined ||
    weekday === undefined ||
    fields.length > 7
  ) {
    const count = trimmed === '' ? 0 : written.length;
    throw invalid(
      `a cron expression has 5, 6 or 7 fields ([second] minute hour day month weekday [year]), '${trimmed}' has ${count}`,
    );
  }
  const weekdays = readField(WEEKDAY, weekday).map((value) => value % 7);
  return {
    seconds: readField(SECOND, second),
    minutes: readField(MINUTE, minute),
    hours: readField(HOUR, hour),
    days: readField(DAY, day),
    months: readField(MONTH, month),
    weekdays: [...new Set(weekdays)].sort((a, b) => a - b),
    years: year === undefined || year === '*' ? null : readField(YEAR, year),
  };
}

function readField(field: Field, text: string): number[] {
  const values = new Set(text.split(',').flatMap((part) => readPart(field, part)));
  return [...values].sort((a, b) => a - b);
}

/** One item of a list: `*`, a value, a range, each with or without a step. */
function readPart(field: Field, part: string): number[] {
  const [range = '', step, ...more] = part.split('/');
  const every = step === undefined ? 1 : wholeNumber(step);
  if (more.length > 0 || every === undefined || every < 1) {
    throw fieldError(field, `the step of '${part}' must be a whole number of at least 1`);
  }
  const [low, high] = boundsOf(field, range, part, step !== undefined);
  const values: number[] = [];
  for (let value = low; value <= high; value += every) values.push(value);
  return values;
}

function boundsOf(field: Field, range: string, part: string, stepped: boolean): [number, number] {
  if (range === '*' || (range === '?' && field.question === true)) {
    return [field.min, field === WEEKDAY ? 6 : field.max];
  }
  const [from = '', to, ...more] = range.split('-');
  if (more.length > 0) throw fieldError(field, `'${part}' is no range`);
  const low = readValue(field, from);
  // `10/15` is from 10 on, every 15
  if (to === undefined) return [low, stepped ? (field === WEEKDAY ? 6 : field.max) : low];
  let high = readValue(field, to);
  if (field === WEEKDAY && high === 0 && low > 0) high = 7;
  if (high < low) throw fieldError(field, `the range '${part}' runs backwards`);
  return [low, high];
}

function readValue(field: Field, text: string): number {
  const named = field.names?.indexOf(text.toUpperCase()) ?? -1;
  if (named >= 0) return named + (field.namesFrom ?? 0);
  const value = wholeNumber(text);
  if (value !== undefined && value >= field.min && value <= field.max) return value;
  const names = field.names === undefined ? '' : ` or ${field.names[0]}–${field.names.at(-1)}`;
  throw fieldError(field, `'${text}' is not a number from ${field.min} to ${field.max}${names}`);
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}

function fieldError(field: Field, problem: string): IiiError {
  return invalid(`the field '${field.name}' of the cron expression: ${problem}`);
}

function invalid(message: string): IiiError {
  return new IiiError('INVALID_ARGUMENTS', message);
}
