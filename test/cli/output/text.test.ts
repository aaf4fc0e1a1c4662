import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { wantsColor } from '../../../src/cli/output/color.ts';
import { printable, printableJson, printableLines } from '../../../src/cli/output/escape.ts';
import { indentJson, JsonText, writeJson } from '../../../src/cli/output/json.ts';
import { createWords } from '../../../src/cli/output/words.ts';
import { writeYaml } from '../../../src/cli/output/yaml.ts';
import { ago, NOW } from '../../support/samples.ts';

const EVIL = 'a\u001b]0;title\u0007\u009b2J\u202eb\u2028';

describe('text of strangers', () => {
  it('loses every control character on one line', () => {
    expect(printable(EVIL)).toBe('a\\u001b]0;title\\u0007\\u009b2J\\u202eb\\u2028');
  });

  it('keeps its lines where lines are wanted', () => {
    expect(printableLines('a\r\n\tb\u001b')).toBe('a\n  b\\u001b');
  });

  it('keeps its value in JSON', () => {
    const json = writeJson({ text: EVIL }, false);
    // eslint-disable-next-line no-control-regex -- this is what must not be there
    expect(json).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e\u2028]/);
    expect(JSON.parse(json)).toEqual({ text: EVIL });
  });

  it('keeps its value in YAML', async () => {
    const yaml = await writeYaml([{ [EVIL]: EVIL, plain: 'x' }]);
    // eslint-disable-next-line no-control-regex -- this is what must not be there
    expect(yaml).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/);
    expect(parse(yaml)).toEqual([{ [EVIL]: EVIL, plain: 'x' }]);
  });
});

describe('JSON', () => {
  it('is printed with the numbers it came with', () => {
    const payload = new JsonText('{"n":9007199254740993,"r":1.0}');
    expect(writeJson({ payload }, false)).toBe('{"payload":{"n":9007199254740993,"r":1.0}}');
  });

  it.each(['{}', '[]', '{"a":[],"b":{}}', '[1,[2,{"c":"}],{"}]]', '"x"', '{"a":"\\"{"}'])(
    'is indented as JSON.stringify would: %s',
    (text) => {
      expect(indentJson(text)).toBe(JSON.stringify(JSON.parse(text), null, 2));
    },
  );

  it('keeps its own line breaks', () => {
    expect(printableJson('{\n  "a": 1\n}')).toBe('{\n  "a": 1\n}');
  });
});

describe('colour', () => {
  it.each([
    { choice: 'always', env: { NO_COLOR: '1' }, terminal: false, wanted: true },
    { choice: 'never', env: { FORCE_COLOR: '1' }, terminal: true, wanted: false },
    { choice: 'auto', env: {}, terminal: true, wanted: true },
    { choice: 'auto', env: {}, terminal: false, wanted: false },
    { choice: 'auto', env: { NO_COLOR: '1', FORCE_COLOR: '1' }, terminal: true, wanted: false },
    { choice: 'auto', env: { NO_COLOR: '' }, terminal: true, wanted: true },
    { choice: 'auto', env: { FORCE_COLOR: '1' }, terminal: false, wanted: true },
    { choice: 'auto', env: { FORCE_COLOR: '0' }, terminal: true, wanted: false },
    { choice: 'auto', env: { TERM: 'dumb' }, terminal: true, wanted: false },
  ] as const)('$choice with $env on a terminal ($terminal): $wanted', (row) => {
    expect(wantsColor(row.choice, row.env, row.terminal)).toBe(row.wanted);
  });
});

describe('words', () => {
  const words = createWords('relative', () => NOW);

  it.each([
    [ago(0), 'now'],
    [ago(125_400), '2m 5s ago'],
    [ago(-60_000), 'in 1m'],
    [null, ''],
  ])('write %s as %s', (iso, text) => {
    expect(words.time(iso)).toBe(text);
  });

  it('write exact times when asked to', () => {
    expect(createWords('iso', () => NOW).time(ago(0))).toBe('2026-01-01T12:00:00.000Z');
  });
});
