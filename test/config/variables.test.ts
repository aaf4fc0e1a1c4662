import { describe, expect, it } from 'vitest';
import { hideVariables, scalarOf } from '../../src/config/variables.ts';
import { findings, parse } from './config-fixture.ts';

/** A file with one `message_group_field` and one `max_retries`, as written. */
function queueWith(settings: string, env: Record<string, string> = {}) {
  const text = `workers:\n  - name: iii-queue\n    config:\n      queue_configs:\n        q: ${settings}\n`;
  const loaded = parse(text, { env });
  return { loaded, queue: loaded.queues.find(({ name }) => name === 'q') };
}

describe('a variable', () => {
  it.each([
    ['in flow style', '{ max_retries: ${N} }', { N: '7' }, 7],
    ['in block style', '\n          max_retries: ${N}', { N: '7' }, 7],
    ['in double quotes', '{ max_retries: "${N}" }', { N: '7' }, 7],
    ['in single quotes', "{ max_retries: '${N}' }", { N: '7' }, 7],
    ['with a default', '{ max_retries: ${N:6} }', {}, 6],
    ['with a default and a value', '{ max_retries: ${N:6} }', { N: '7' }, 7],
    ['with spaces around its value', '{ max_retries: ${N} }', { N: ' 7\n' }, 7],
    ['followed by digits', '{ max_retries: ${N}0 }', { N: '7' }, 70],
    ['beside another', '{ max_retries: ${N}${M} }', { N: '7', M: '1' }, 71],
    ['before a comment', '\n          max_retries: ${N} # of ${NOTHING}', { N: '7' }, 7],
    ['shorter than others', '{ max_retries: ${A} }', { A: '7' }, 7],
  ])('%s gives a number', (_where, settings, env, expected) => {
    const { loaded, queue } = queueWith(settings, env);
    expect(loaded.problems).toEqual([]);
    expect(queue?.maxAttempts).toBe(expected);
  });

  it.each([
    ['a', 'a'],
    ['12', '12'],
    ['1e5', '1e5'],
    ['true', 'true'],
    ['a: b', 'a: b'],
    ['a # b', 'a # b'],
    ['a\nmax_retries: 9', 'a\nmax_retries: 9'],
    ['"]}', '"]}'],
    ["it's", "it's"],
    ['*alias', '*alias'],
    ['!!tag', '!!tag'],
    ['${N}', '${N}'],
  ])('keeps %j as it is where text is expected', (value, expected) => {
    for (const written of ['${F}', '"${F}"', "'${F}'"]) {
      const settings = `{ type: fifo, max_retries: 4, message_group_field: ${written} }`;
      const { loaded, queue } = queueWith(settings, { F: value });
      expect(loaded.problems).toEqual([]);
      expect(queue).toMatchObject({ groupField: expected, maxAttempts: 4 });
    }
  });

  it('stays text inside quotes that hold more', () => {
    const { loaded } = queueWith('{ max_retries: "${N}0" }', { N: '7' });
    expect(findings(loaded)).toEqual(['wrong_type 5:27']);
    expect(loaded.problems[0]?.message).toContain('the text "70"');
  });

  it('may have a default with colons, unquoted and in flow style', () => {
    const settings = '{ type: fifo, message_group_field: ${F:redis://localhost:6379} }';
    expect(queueWith(settings).queue?.groupField).toBe('redis://localhost:6379');
  });

  it('that is set but empty wins over its default', () => {
    const { loaded } = queueWith('{ max_retries: ${N:5} }', { N: '' });
    expect(findings(loaded)).toEqual(['wrong_type 5:27']);
    expect(loaded.problems[0]?.message).toBe('`max_retries` has no value');
  });

  it('with the value null leaves an open setting open', () => {
    const { queue } = queueWith('{ timeout_ms: ${T:null}, ttl_ms: "${L:~}" }');
    expect(queue).toMatchObject({ timeoutMs: null, ttlMs: null });
  });

  it('that is not set is named, and its queue is not resolved with a default', () => {
    const { loaded, queue } = queueWith('{ max_retries: ${MAIL_RETRIES} }');
    expect(findings(loaded)).toEqual(['unset_variable 5:27']);
    expect(loaded.problems[0]?.message).toContain('`MAIL_RETRIES`');
    expect(queue).toBeUndefined();
  });

  it('is not found among what every object has', () => {
    expect(findings(parse('host: ${constructor}\n'))).toEqual(['unset_variable 1:7']);
  });

  it('moves nothing: problems after it keep their place', () => {
    const settings = '{ message_group_field: ${A:some long default}, type: fifo, max_retires: 1 }';
    const { loaded } = queueWith(settings, { A: 'x'.repeat(500) });
    const column = 12 + settings.indexOf('max_retires');
    expect(findings(loaded)).toEqual([`unknown_key 5:${column}`]);
  });

  it('never changes the length of the text it stands in', () => {
    const text = 'a: ${A}\nb: "${LONG_NAME:with default}" # ${C:}\n';
    const hidden = hideVariables(text);
    expect(hidden.text).toHaveLength(text.length);
    expect(hidden.text).not.toContain('$');
    expect(hidden.variables.map(({ name, fallback }) => [name, fallback])).toEqual([
      ['A', undefined],
      ['LONG_NAME', 'with default'],
      ['C', ''],
    ]);
  });
});

describe('the type of unquoted text', () => {
  it.each([
    ['', null],
    ['~', null],
    ['null', null],
    ['true', true],
    ['FALSE', false],
    ['12', 12],
    ['+12', 12],
    ['-1.5e3', -1_500],
    ['.5', 0.5],
    ['0x1F', 31],
    ['0o17', 15],
    ['yes', 'yes'],
    ['1_000', '1_000'],
    ['12a', '12a'],
    ['1.2.3', '1.2.3'],
  ])('%j is %j', (text, expected) => {
    expect(scalarOf(text)).toBe(expected);
  });
});
