import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROBLEM_CODES } from '../../src/config/problem-codes.ts';
import { findings, parse, textOf } from './config-fixture.ts';

const ENV = { TEXT: 'lots', SHORT: 'short', LONG: 'x'.repeat(40) };

/** What each file of `cases` is told, in the order of its lines; `~` marks a warning. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  'adapter-database': ['out_of_range 4:52'],
  'adapter-memory-path': ['~no_effect 3:51', '~unsupported 3:65', 'out_of_range 3:71'],
  'adapter-redis': ['unknown_key 3:49'],
  'adapter-servers': ['out_of_range 5:45', 'bad_name 5:89', 'out_of_range 12:21'],
  'adapter-gaps': ['store_cannot 5:32'],
  'adapter-text': ['wrong_type 3:24'],
  'adapter-unknown': ['unknown_adapter 3:32'],
  'adapter-bridge': ['store_not_available 3:32'],
  alerts: [
    'missing_key 2:5',
    'out_of_range 3:13',
    '~no_effect 4:13',
    'wrong_type 4:23',
    '~no_effect 5:13',
    '~no_effect 5:18',
    'wrong_type 5:37',
    'missing_key 6:56',
    '~unset_variable 6:84',
    'out_of_range 7:70',
    'out_of_range 8:38',
    'out_of_range 8:50',
    'wrong_type 9:5',
  ],
  adapters: ['missing_key 6:33', '~no_effect 6:45', '~unsupported 6:69'],
  duplicates: [
    'duplicate_module 5:11',
    'conflicting_keys 7:5',
    'missing_key 8:5',
    'wrong_type 9:5',
    'duplicate_key 10:1',
  ],
  empty: ['~empty_file 1:1'],
  excerpt: ['misplaced_key 1:1'],
  'five-mistakes': [
    'unknown_key 6:11',
    'out_of_range 7:17',
    'wrong_type 9:24',
    'wrong_type 10:23',
    'unknown_module 11:11',
  ],
  flat: ['misplaced_key 3:1', 'misplaced_key 4:1'],
  http: [
    'out_of_range 4:24',
    'wrong_type 5:34',
    'unknown_key 7:9',
    'wrong_type 8:26',
    'missing_key 10:11',
    'out_of_range 11:40',
    'wrong_type 12:11',
  ],
  insecure: ['~insecure 1:7'],
  list: ['wrong_type 1:1'],
  slo: ['missing_key 5:20', 'wrong_type 6:44', 'out_of_range 7:39', 'unknown_key 8:42'],
  'open-host': ['token_required 4:13'],
  'open-host-no-tokens': ['token_required 1:7'],
  original: [
    '~unsupported 1:1',
    '~unsupported 4:28',
    '~unsupported 4:38',
    '~no_effect 9:11',
    '~unsupported 11:5',
    '~not_built_yet 12:11',
  ],
  queues: [
    'missing_key 5:20',
    'missing_key 6:26',
    '~no_effect 7:14',
    '~no_effect 7:38',
    '~no_effect 8:66',
    'conflicting_keys 9:14',
    '~unsupported 10:14',
    '~unsupported 10:31',
    'out_of_range 11:27',
    'out_of_range 11:43',
    'out_of_range 11:55',
    'out_of_range 11:70',
    'out_of_range 12:27',
    'wrong_type 12:52',
    'wrong_type 12:75',
    'missing_key 13:14',
    'out_of_range 13:33',
    'wrong_type 14:26',
    'unknown_key 14:42',
    'bad_name 15:9',
    'bad_name 16:9',
    'wrong_type 17:33',
    'wrong_type 18:12',
    'wrong_type 19:14',
    'unknown_key 20:14',
    'misplaced_key 21:14',
  ],
  scalar: ['wrong_type 1:1'],
  tokens: [
    'bad_hash 4:37',
    'out_of_range 5:24',
    'weak_token 5:35',
    'missing_key 6:7',
    'conflicting_keys 7:38',
    'unset_variable 8:35',
    'unreadable_file 9:36',
    'missing_key 10:7',
    'duplicate_token 12:15',
    'wrong_type 13:7',
  ],
  'two-documents': ['multiple_documents 2:1'],
  'two-ports': ['~no_effect 1:1'],
  variables: [
    'unset_variable 1:7',
    'variable_in_key 2:1',
    'nested_variable 3:7',
    'wrong_type 4:16',
  ],
  'yaml-features': [
    'yaml_directive 1:1',
    'yaml_tag 3:13',
    'yaml_syntax 4:7',
    'merge_key 5:9',
    'wrong_type 6:17',
    'alias_limit 6:18',
    'wrong_key 7:1',
  ],
};

/** Texts that are no YAML, or that would not stand in a file as they are. */
const BROKEN: readonly (readonly [name: string, text: string, expected: readonly string[]])[] = [
  ['a tab as indentation', 'port: 1\nworkers:\n\t- name: iii-queue\n', ['tab_indent 3:1']],
  [
    'an open quote, with a mistake before it and nonsense after it',
    'prot: 1\nworkers:\n  - name: "iii-queue\nport: none\n',
    ['unknown_key 1:1', 'yaml_syntax 3:11'],
  ],
  ['a map on the line of a value', 'port: a: 1\n', ['yaml_syntax 1:7']],
  ['Windows line ends', 'port: 49134\r\nprot: 1\r\n', ['unknown_key 2:1']],
  ['a byte order mark', '\u{feff}port: none\n', ['wrong_type 1:8']],
  ['more than 1 MiB', `# ${'x'.repeat(2 ** 20)}\nport: 1\n`, ['file_too_large -:-']],
  ['nothing', '', ['~empty_file 1:1']],
  [
    'many aliases',
    `a: &a 1\nallowed_hosts: [${'*a, '.repeat(21)}]\n`,
    ['unknown_key 1:1', 'wrong_type 2:16', 'alias_limit 2:97'],
  ],
  [
    'a value that is not the choice meant',
    'workers: [{ name: queue, config: { queue_configs: { a: { type: fif0 } } } }]',
    ['out_of_range 1:64'],
  ],
];

describe('a configuration with problems', () => {
  it.each(Object.entries(EXPECTED))('%s.yaml is told all of them in one go', (name, expected) => {
    const loaded = parse(textOf(`cases/${name}.yaml`), { env: ENV });
    expect(findings(loaded)).toEqual(expected);
    expect(loaded.config === null).toBe(expected.some((finding) => !finding.startsWith('~')));
  });

  it.each(BROKEN)('%s is reported where it stands', (_name, text, expected) => {
    expect(findings(parse(text))).toEqual(expected);
  });

  it('has an expectation for every file', () => {
    const files = readdirSync(new URL('cases', import.meta.url));
    expect(files.toSorted()).toEqual(
      Object.keys(EXPECTED)
        .map((name) => `${name}.yaml`)
        .toSorted(),
    );
  });

  it('can show every kind of problem', () => {
    const shown = new Set(
      [...Object.values(EXPECTED), ...BROKEN.map(([, , expected]) => expected)]
        .flat()
        .map((finding) => finding.replace(/^~| .*$/g, '')),
    );
    // Its own test needs more problems than a table should hold.
    shown.add('too_many_problems');
    expect([...shown].toSorted()).toEqual(Object.keys(PROBLEM_CODES).toSorted());
  });

  it('lists a hundred problems and counts the rest', () => {
    const text = Array.from({ length: 130 }, (_, index) => `strange_key_${index}: 1`).join('\n');
    const { problems } = parse(text);
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toMatchObject({
      severity: 'error',
      code: 'too_many_problems',
      message: '30 more problems are not listed',
    });
  });

  it('gives the queues that could be resolved all the same', () => {
    const names = parse(textOf('cases/queues.yaml')).queues.map(({ name }) => name);
    expect(names).toEqual(['default', 'c', 'd', 'f']);
  });
});
