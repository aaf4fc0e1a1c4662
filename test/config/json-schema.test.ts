import { readdirSync } from 'node:fs';
import Ajv from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { configSchema } from '../../src/config/json-schema.ts';
import { parse, textOf } from './config-fixture.ts';

const validate = new Ajv({ allErrors: true }).compile(configSchema());

/** Where the schema refuses a file, as JSON pointers; none when it accepts it. */
function refusals(text: string): string[] {
  validate(parseYaml(text));
  return (validate.errors ?? []).map(({ dataPath }) => dataPath);
}

const filesOf = (folder: string): string[] =>
  readdirSync(new URL(folder, import.meta.url))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `${folder}/${name}`);

const EXAMPLES = readdirSync(new URL('../../examples', import.meta.url)).map(
  (name) => `../../examples/${name}/iii-config.yaml`,
);

describe('the JSON Schema of the configuration', () => {
  const accepted = [...filesOf('seeds'), ...filesOf('cases'), ...EXAMPLES].filter((name) =>
    parse(textOf(name)).problems.every(({ severity }) => severity === 'warning'),
  );

  it('is tried with many files', () => {
    expect(accepted.length).toBeGreaterThan(20);
  });

  it.each(accepted)('accepts %s, as the engine does', (name) => {
    expect(refusals(textOf(name))).toEqual([]);
  });

  it('accepts a variable in place of any value', () => {
    const text =
      'port: ${PORT}\nworkers:\n  - { name: iii-http, config: { port: "${HTTP:3111}" } }';
    expect(refusals(text)).toEqual([]);
  });

  it.each([
    ['an unknown key', 'ports: 1', ''],
    ['a wrong type', 'port: here', '.port'],
    ['a number that is too large', 'port: 70000', '.port'],
    ['an unknown module', 'workers: [{ name: iii-queues }]', '.workers[0].name'],
    ['an entry without a name', 'workers: [{ config: {} }]', '.workers[0]'],
    ['an unknown adapter', queue('adapter: { name: mysql }'), '.adapter.name'],
    [
      'a setting of another adapter',
      queue('adapter: { name: redis, config: { file_path: a } }'),
      '',
    ],
    ['an unknown setting of a queue', queue('queue_configs: { a: { max_retires: 1 } }'), "['a']"],
    ['a FIFO queue without a field', queue('queue_configs: { a: { type: fifo } }'), "['a']"],
    [
      'a token with two sources',
      'auth: { tokens: [{ name: a, role: read, env: A, file: b }] }',
      '',
    ],
  ])('refuses %s, as the engine does', (_, text, place) => {
    expect(refusals(text).join('\n')).toContain(place);
    expect(refusals(text)).not.toEqual([]);
    expect(parse(text, { env: { A: 'a'.repeat(64) } }).config).toBeNull();
  });

  it('explains every key', () => {
    const text = JSON.stringify(configSchema());
    expect(text).toContain('Attempts in total before a job is dead.');
    expect(text).toContain('"default":49134');
  });
});

function queue(config: string): string {
  return `workers:\n  - name: iii-queue\n    config: { ${config} }`;
}
