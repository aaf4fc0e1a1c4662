import { usageError } from './usage.ts';
import { printable } from './output/escape.ts';

/** Where a JSON text stops being one. */
export interface JsonFault {
  readonly offset: number;
  /** What could stand there. */
  readonly expected: string;
}

const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y; // eslint-disable-line no-control-regex -- JSON forbids them
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y;
const SPACE = /[ \t\r\n]*/y;

type Wanted =
  'value' | 'value or ]' | 'a name in double quotes' | 'name or }' | ':' | 'more' | 'end';

/** Finds the first place where a text breaks the rules of JSON; `undefined` when it keeps to them. */
export function findJsonFault(text: string): JsonFault | undefined {
  const open: ('{' | '[')[] = [];
  let wanted: Wanted = 'value';
  let offset = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = offset;
    const match = pattern.exec(text);
    offset += match?.[0].length ?? 0;
    return match !== null;
  };
  const after = (): Wanted => (open.length === 0 ? 'end' : 'more');
  const close = (): void => {
    open.pop();
    offset += 1;
    wanted = after();
  };

  for (;;) {
    take(SPACE);
    const next = text[offset];
    if (wanted === 'end') return next === undefined ? undefined : { offset, expected: 'the end' };
    const inObject = open.at(-1) === '{';
    if (wanted === 'more') {
      if (next === ',') {
        offset += 1;
        wanted = inObject ? 'a name in double quotes' : 'value';
      } else if (next === (inObject ? '}' : ']')) close();
      else return { offset, expected: inObject ? ', or }' : ', or ]' };
    } else if (wanted === ':') {
      if (next !== ':') return { offset, expected: ':' };
      offset += 1;
      wanted = 'value';
    } else if (wanted === 'name or }' && next === '}') close();
    else if (wanted === 'name or }' || wanted === 'a name in double quotes') {
      if (!take(STRING)) return { offset, expected: 'a name in double quotes' };
      wanted = ':';
    } else if (wanted === 'value or ]' && next === ']') close();
    else if (next === '{' || next === '[') {
      open.push(next);
      offset += 1;
      wanted = next === '{' ? 'name or }' : 'value or ]';
    } else if (take(STRING) || take(SCALAR)) wanted = after();
    else return { offset, expected: 'a value (text needs double quotes)' };
  }
}

/**
 * Makes sure that a text is JSON, and leaves it as it is.
 * @param where names the text in the error: `--data`, `line 7 of jobs.ndjson`
 */
export function checkJson(text: string, where: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw jsonError(text, where);
  }
}

/** Characters of the line shown on each side of the caret. */
const SHOWN = 40;

function jsonError(text: string, where: string): Error {
  const { offset, expected } = findJsonFault(text) ?? { offset: text.length, expected: 'JSON' };
  const before = text.slice(0, offset).split('\n');
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  const source = text.split('\n')[line - 1] ?? '';
  const start = Math.max(0, column - 1 - SHOWN);
  const left = printable(source.slice(start, column - 1));
  const right = printable(source.slice(column - 1, column - 1 + SHOWN));
  const found = offset >= text.length ? 'the text ends' : `there is '${text[offset] ?? ''}'`;
  return usageError(
    `${where} is not JSON: line ${line}, column ${column}`,
    where === '--data'
      ? `quote it for the shell: --data '{"name":"value"}'`
      : 'mend the text there',
    `expected ${expected}, but ${found}\n  ${left}${right}\n  ${' '.repeat(left.length)}^`,
  );
}
