import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/cli/parse.ts';
import { COMMANDS, NOUNS } from '../../src/cli/tree.ts';
import { EXAMPLES_TOPIC } from '../../src/cli/help-topics.ts';
import { runCli } from '../support/run-cli.ts';

describe('help', () => {
  it('is short and shows three examples when iii is called without arguments', async () => {
    const { status, stdout, stderr } = await runCli([]);
    expect(status).toBe(0);
    expect(stdout.match(/^ {2}iii /gm)).toHaveLength(3);
    expect(stderr).toBe('');
  });

  it('leads with examples and then names every command', async () => {
    const { status, stdout } = await runCli(['--help']);
    expect(status).toBe(0);
    expect(stdout.indexOf('EXAMPLES')).toBeLessThan(stdout.indexOf('COMMANDS'));
    for (const noun of NOUNS) expect(stdout).toContain(`  ${noun.name} `);
  });

  const shown = COMMANDS.filter(({ hidden }) => hidden !== true);
  it.each(shown.map(({ path }) => path.join(' ')))(
    'of %s leads with its examples',
    async (path) => {
      const words = path.split(' ');
      const { status, stdout } = await runCli([...words, '--help']);
      expect(status).toBe(0);
      expect(stdout.indexOf('EXAMPLES')).toBeLessThan(stdout.indexOf('USAGE'));
      expect(stdout).toContain('--output <format>');
      const asked = await runCli(['help', ...words]);
      expect(asked.stdout).toBe(stdout);
    },
  );

  it('of a noun without a verb lists its verbs', async () => {
    const { status, stdout } = await runCli(['dlq']);
    expect(status).toBe(0);
    expect(stdout).toContain('dlq redrive');
  });

  it.each([40, 80, 200])(
    'stays within a terminal of %i columns, but for commands',
    async (columns) => {
      const { stdout } = await runCli(['--help'], { columns });
      const prose = stdout.split('\n').filter((line) => !/^ +(iii|-|[a-z]+ [a-z|]+$)/.test(line));
      expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(columns);
    },
  );

  it('lists the exit statuses', async () => {
    const { stdout } = await runCli(['help', 'exit-codes']);
    for (const status of [0, 1, 2, 3, 4, 5, 6, 7, 8, 130]) {
      expect(stdout).toMatch(new RegExp(`^ {2}${status} `, 'm'));
    }
  });

  it('has the exit statuses within 40 columns, each beside its text', async () => {
    const { stdout } = await runCli(['help', 'exit-codes'], { columns: 40 });
    const lines = stdout.split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(lines).toContain('  8    differences found: iii config');
    expect(lines).toContain('       plan');
  });

  it('on an unknown topic is a usage error', async () => {
    const { status, stderr } = await runCli(['help', 'nonsense']);
    expect(status).toBe(2);
    expect(stderr).toContain("'nonsense'");
  });
});

describe('every example in help', () => {
  const ofCommands = COMMANDS.flatMap(({ examples }) => examples.map(({ command }) => command));
  const ofCheatSheet = EXAMPLES_TOPIC.split('\n')
    .map((line) => line.trim().split(/ {3,}/)[0] ?? '')
    .filter((line) => /^(III_|iii )/.test(line));

  it.each([...ofCommands, ...ofCheatSheet].filter((line) => !line.startsWith('source ')))(
    'can be parsed: %s',
    (line) => {
      const parsed = parseArguments(splitWords(line), 80);
      expect(parsed.kind).toBe('command');
    },
  );
});

describe('docs/cheat-sheet.md', () => {
  const page = readFileSync(new URL('../../docs/cheat-sheet.md', import.meta.url), 'utf8');
  const examples = page
    .split('\n')
    .filter((line) => line.startsWith('iii '))
    .map((line) => line.split(/ +# /)[0] ?? '');

  it('fits on one page', () => {
    expect(examples.length).toBeGreaterThan(25);
    expect(page.split('\n').length).toBeLessThanOrEqual(66);
  });

  it.each(examples)('shows a call that can be parsed: %s', (line) => {
    expect(parseArguments(splitWords(line), 80).kind).toBe('command');
  });
});

describe('a wrong call', () => {
  it.each([
    { argv: ['quue', 'list'], meant: 'queue' },
    { argv: ['queue', 'lst'], meant: 'list' },
    { argv: ['queue', 'list', '--wacth'], meant: '--watch' },
    { argv: ['enqeue', 'x'], meant: 'enqueue' },
  ])('$argv says what was probably meant', async ({ argv, meant }) => {
    const { status, stdout, stderr } = await runCli(argv);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error\[USAGE\]: .+\ncause: .+\nhint: Did you mean /);
    expect(stderr).toContain(`Did you mean ${meant}?`);
  });

  it.each([
    [['queue', 'show']],
    [['queue', 'list', 'surplus']],
    [['dlq', 'list', '--limit']],
    [['completion', 'tcsh']],
    [['job', 'list', '--state', 'sleeping']],
    [['queue', 'list', '-o', 'xml']],
    [['queue', 'list', '--timeout', '5']],
    [['queue', 'list', '--url', 'ftp://x']],
    [['queue', 'list', '--color', 'green']],
  ])('%j is a usage error with a hint', async (argv) => {
    const { status, stdout, stderr } = await runCli(argv);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^hint: ./m);
  });

  it.each([
    ['5', 'give a unit: 5s or 5ms'],
    ['0', 'give a unit: 30s, 5m, 2h or 7d'],
  ])('with %s as a duration is answered with one that is accepted', async (text, hint) => {
    const argv = ['enqueue', 'payment', '--function', 'f', '--ttl', text];
    const { status, stderr } = await runCli(argv);
    expect(status).toBe(2);
    expect(stderr).toContain(hint);
  });

  it('is an object on stderr with -o json', async () => {
    const { status, stderr } = await runCli(['queue', 'lst', '-o', 'json']);
    expect(status).toBe(2);
    const { error } = JSON.parse(stderr) as { error: Record<string, unknown> };
    expect(error['code']).toBe('USAGE');
    expect(error['hint']).toContain('list');
  });
});

/** Splits a line as a shell would, as far as the examples need it; stops at a pipe or redirection. */
function splitWords(line: string): string[] {
  const [command = ''] = line.replace(/^(III_\w+=\S+ )+/, '').split(/ [|>] /);
  return [...command.matchAll(/'([^']*)'|(\S+)/g)]
    .map(([, quoted, word]) => quoted ?? word ?? '')
    .slice(1);
}
