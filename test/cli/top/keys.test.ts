import { expect, it } from 'vitest';
import { KeyReader, readKeys } from '../../../src/cli/top/keys.ts';

it.each([
  ['\u001b[A', ['up']],
  ['\u001bOB', ['down']],
  ['\u001b', ['escape']],
  ['\r', ['enter']],
  ['\u007f', ['backspace']],
  ['\u0003', ['interrupt']],
  ['\u001a\u000c', ['suspend', 'redraw']],
  ['\u001b[5~\u001b[A', ['other', 'up']],
  ['qé', ['text', 'text']],
])('reads %j as %j', (bytes, names) => {
  expect(readKeys(bytes).map(({ name }) => name)).toEqual(names);
});

it('keeps what was typed, and nothing of what only moves', () => {
  expect(readKeys('a\u001b[B/').map(({ text }) => text)).toEqual(['a', '', '/']);
});

const namesOf = (keys: readonly { name: string; text: string }[]): string[] =>
  keys.map(({ name, text }) => (name === 'text' ? text : name));

it.each([
  ['\u001b[A', 1],
  ['\u001b[A', 2],
  ['\u001bOA', 2],
])('puts %j together that comes in two parts, broken at %i', (sequence, at) => {
  const reader = new KeyReader();
  expect(reader.read(Buffer.from(`j${sequence.slice(0, at)}`)).map(({ text }) => text)).toEqual([
    'j',
  ]);
  expect(namesOf(reader.read(Buffer.from(sequence.slice(at))))).toEqual(['up']);
  expect(reader.rest()).toEqual([]);
});

it('puts a letter together that comes in two parts', () => {
  const reader = new KeyReader();
  const bytes = Buffer.from('é');
  expect(reader.read(bytes.subarray(0, 1))).toEqual([]);
  expect(namesOf(reader.read(bytes.subarray(1)))).toEqual(['é']);
});

it('takes an escape for the key when nothing follows', () => {
  const reader = new KeyReader();
  expect(reader.read(Buffer.from('\u001b'))).toEqual([]);
  expect(namesOf(reader.rest())).toEqual(['escape']);
});
