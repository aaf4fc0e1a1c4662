import { expect, it } from 'vitest';
import { readKeys } from '../../../src/cli/top/keys.ts';

it.each([
  ['\u001b[A', ['up']],
  ['\u001bOB', ['down']],
  ['\u001b', ['escape']],
  ['\r', ['enter']],
  ['\u007f', ['backspace']],
  ['\u0003', ['interrupt']],
  ['\u001b[5~\u001b[A', ['other', 'up']],
  ['qé', ['text', 'text']],
])('reads %j as %j', (bytes, names) => {
  expect(readKeys(bytes).map(({ name }) => name)).toEqual(names);
});

it('keeps what was typed, and nothing of what only moves', () => {
  expect(readKeys('a\u001b[B/').map(({ text }) => text)).toEqual(['a', '', '/']);
});
