import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/cli/parse.ts';
import { COMMANDS } from '../../src/cli/tree.ts';
import { IiiError } from '../../src/base/errors.ts';

/** What a call is refused with; `null` when it is taken. */
function refusalOf(words: readonly string[]): IiiError | null {
  try {
    parseArguments(words, 80);
    return null;
  } catch (thrown) {
    if (thrown instanceof IiiError) return thrown;
    throw thrown;
  }
}

const commands = COMMANDS.filter(({ hidden }) => hidden !== true);
const calls = [
  ['--nope'],
  ['quue', 'list'],
  ['queue', 'lisst'],
  ...commands.map(({ path, arguments: list = [] }) => [
    ...path,
    ...list.filter(({ required }) => required === true).map(({ choices }) => choices?.[0] ?? 'x'),
    '--nope',
  ]),
  ...commands
    .filter(({ arguments: list = [] }) => list.some(({ required }) => required === true))
    .map(({ path }) => [...path]),
  ...commands.flatMap(({ path, options = [] }) =>
    options.flatMap(({ flags, choices }) =>
      choices === undefined ? [] : [[...path, /--[a-z-]+/.exec(flags)?.[0] ?? '', 'nonsense']],
    ),
  ),
];

describe('words that the parser refuses', () => {
  it('are told with their cause and what to write', () => {
    const told = calls.map((words) => [words.join(' '), refusalOf(words)] as const);
    const poor = told.filter(
      ([, refusal]) => refusal === null || !refusal.reason || !refusal.hint?.includes('iii '),
    );
    expect(poor.map(([line]) => line)).toEqual([]);
  });
});
