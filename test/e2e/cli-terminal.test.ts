import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBash, runCli } from '../support/cli-process.ts';
import { engineConfig } from '../support/engine-config.ts';
import { BINARY, EngineProcess, temporaryFolder } from '../support/engine-process.ts';
import { RawClient, type Frame } from '../support/raw-client.ts';

const PTY = fileURLToPath(new URL('../support/terminal.py', import.meta.url));
const COMPLETIONS = fileURLToPath(new URL('../../completions/', import.meta.url));
// eslint-disable-next-line no-control-regex -- colours are what it looks for
const COLOUR = /\u001b\[/;

/** Commands as the top-level help lists them, each with its verbs. */
async function everyCommand(): Promise<string[][]> {
  const { stdout } = await runCli(['--help']);
  const rows = /COMMANDS\n((?: {2}.*\n)+)/.exec(stdout)?.[1] ?? '';
  return rows.split('\n').flatMap((row) => {
    const match = /^ {2}(\S+)(?: ([a-z|-]+))? {2,}/.exec(row);
    if (match?.[1] === undefined) return [];
    const noun = match[1];
    return match[2] === undefined ? [[noun]] : match[2].split('|').map((verb) => [noun, verb]);
  });
}

describe('help', () => {
  it('every command explains itself, examples first, and ends with 0', async () => {
    const commands = await everyCommand();
    const names = commands.map((words) => words.join(' '));
    for (const name of ['serve', 'enqueue', 'queue list', 'dlq redrive', 'config validate']) {
      expect(names).toContain(name);
    }
    for (const words of commands) {
      const { code, stdout, stderr } = await runCli([...words, '--help']);
      expect({ words, code, stderr }).toEqual({ words, code: 0, stderr: '' });
      expect(stdout).toMatch(/EXAMPLES?\n {2}(source <\()?iii /);
      const options = stdout.indexOf('OPTIONS');
      if (options !== -1) expect(stdout.indexOf('EXAMPLE')).toBeLessThan(options);
    }
  });

  it('without arguments: a short help with three examples', async () => {
    const { code, stdout } = await runCli([]);
    expect(code).toBe(0);
    expect(stdout.match(/^ {2}iii /gm)).toHaveLength(3);
    expect(stdout.split('\n').length).toBeLessThan(25);
  });

  it('exit codes and examples have pages of their own', async () => {
    const codes = await runCli(['help', 'exit-codes']);
    for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 8, 130]) {
      expect(codes.stdout).toMatch(new RegExp(`^\\s*${code}\\s`, 'm'));
    }
    expect((await runCli(['help', 'examples'])).stdout).toContain('iii dlq redrive');
    expect((await runCli(['help', 'enqueue'])).stdout).toContain('--ndjson');
    expect((await runCli(['help', 'nonsense'])).code).toBe(2);
  });
});

describe('on a terminal and in a pipe', () => {
  let engine: EngineProcess;
  let worker: RawClient;

  beforeAll(async () => {
    const long = 'a-queue-with-quite-a-long-name-that-does-not-fit';
    engine = await EngineProcess.start({
      config: engineConfig({ mail: { max_retries: 1 }, [long]: {} }),
    });
    worker = await RawClient.connect(engine.url);
    worker.offer('bad', () => ({ error: { code: 'E', message: 'evil \u001b[2J text' } }));
    for (let n = 0; n < 3; n++) await worker.accepted('mail', 'bad', `{"n":${n}}`);
    await worker.accepted('mail', 'waits::for::a::function::with::a::long::name');
  });
  afterAll(async () => {
    worker.terminate();
    await engine.close();
  });

  /** Runs a line on a pseudo-terminal of this width; what it typed is in `keys`. */
  const onTerminal = (
    args: readonly string[],
    columns: number,
    keys = '',
    env: Readonly<Record<string, string>> = {},
  ): ReturnType<typeof runBash> => {
    const quoted = args.map((word) => `'${word}'`).join(' ');
    const command = `python3 '${PTY}' ${columns} '${keys}' '${process.execPath}' '${BINARY}' ${quoted}`;
    return runBash(command, { engine, env });
  };

  it.each([40, 80, 200])('tables keep to %i columns', async (columns) => {
    for (const args of [
      ['queue', 'list'],
      ['job', 'list'],
      ['dlq', 'list', 'mail'],
    ]) {
      const { code, stdout } = await onTerminal(args, columns, '', { NO_COLOR: '1' });
      expect(code).toBe(0);
      for (const line of stdout.split(/\r?\n/))
        expect(line.length, line).toBeLessThanOrEqual(columns);
    }
  });

  it('a table in a pipe is never cut', async () => {
    const { stdout } = await runCli(['job', 'list'], { engine, env: { COLUMNS: '40' } });
    expect(stdout).toContain('waits::for::a::function::with::a::long::name');
  });

  it('colours are for terminals, and never inside JSON', async () => {
    const plain = await runCli(['queue', 'list'], { engine });
    expect(plain.stdout).not.toMatch(COLOUR);
    const coloured = await onTerminal(['queue', 'list'], 100);
    expect(coloured.stdout).toMatch(COLOUR);
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      expect((await onTerminal(['queue', 'list'], 100, '', env)).stdout).not.toMatch(COLOUR);
    }
    const forced = await runCli(['queue', 'list'], { engine, env: { FORCE_COLOR: '1' } });
    expect(forced.stdout).toMatch(COLOUR);
    const never = ['queue', 'list', '--color', 'never'];
    expect((await runCli(never, { engine, env: { FORCE_COLOR: '1' } })).stdout).not.toMatch(COLOUR);
    const json = ['queue', 'list', '-o', 'json', '--color', 'always'];
    expect((await runCli(json, { engine })).stdout).not.toMatch(COLOUR);
  });

  it('text of workers cannot steer the terminal', async () => {
    for (const args of [
      ['dlq', 'list', 'mail'],
      ['dlq', 'list', 'mail', '-o', 'yaml'],
    ]) {
      const { stdout } = await runCli(args, { engine });
      expect(stdout).toContain('evil');
      expect(stdout).not.toContain('\u001b[2J');
    }
  });

  it('asks before it destroys, and no is the default', async () => {
    const dead = async (): Promise<number> =>
      (await worker.call<{ dead: number }>('iii::queue::get', { queue: 'mail' })).dead;
    const { jobs } = await worker.call<{ jobs: Frame[] }>('iii::dlq::list', { queue: 'mail' });
    const one = ['dlq', 'discard', 'mail', '--id', String(jobs[0]!['id'])];
    await onTerminal(one, 80, '\\n');
    await onTerminal(one, 80, 'n\\n');
    expect(await dead()).toBe(3);
    const all = ['dlq', 'discard', 'mail', '--all'];
    await onTerminal(all, 80, 'y\\n');
    expect(await dead()).toBe(3);
    expect((await onTerminal(one, 80, 'y\\n')).code).toBe(0);
    expect(await dead()).toBe(2);
    const dry = await runCli([...all, '--dry-run', '-o', 'json'], { engine });
    expect(JSON.parse(dry.stdout)).toMatchObject({ discarded: 2, dryRun: true });
    expect(await dead()).toBe(2);
    expect((await onTerminal(all, 80, 'mail\\n')).code).toBe(0);
    expect(await dead()).toBe(0);
  });

  describe('completions in a real bash', () => {
    /** What bash would offer for a line. */
    const complete = async (
      line: string,
      env: Readonly<Record<string, string>> = {},
    ): Promise<string[]> => {
      const words = line.split(' ');
      const script = `
        export PATH="$(dirname '${process.execPath}'):$PATH"
        mkdir -p bin && printf '#!/bin/sh\\nexec "%s" "%s" "$@"\\n' '${process.execPath}' '${BINARY}' > bin/iii
        chmod +x bin/iii; PATH="$PWD/bin:$PATH"
        unset -f iii
        source '${join(COMPLETIONS, 'iii.bash')}'
        COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
        COMP_CWORD=${words.length - 1}
        COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}
        fn=$(complete -p iii | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        "$fn" iii "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = await runBash(script, { engine, env });
      expect(stderr).toBe('');
      return stdout
        .split('\n')
        .map((word) => word.trim())
        .filter((word) => word !== '');
    };

    it('offers commands, verbs and options', async () => {
      expect(await complete('iii ')).toEqual(expect.arrayContaining(['serve', 'queue', 'dlq']));
      expect(await complete('iii queue l')).toEqual(['list']);
      expect(await complete('iii queue list --w')).toEqual(['--watch']);
      expect(await complete('iii queue list -o ')).toEqual(
        expect.arrayContaining(['json', 'yaml']),
      );
    });

    it('offers the queues, functions and dead jobs of the running engine', async () => {
      expect(await complete('iii queue show m')).toEqual(['mail']);
      expect(await complete('iii enqueue mail --function ba')).toEqual(['bad']);
    });

    it('offers nothing and says nothing when no engine runs', async () => {
      expect(await complete('iii queue show m', { III_URL: 'ws://127.0.0.1:1' })).toEqual([]);
    });

    it('is what the command prints, for every shell', async () => {
      for (const shell of ['bash', 'zsh', 'fish']) {
        const { stdout } = await runCli(['completion', shell]);
        expect(stdout).toBe(readFileSync(join(COMPLETIONS, `iii.${shell}`), 'utf8'));
      }
    });
  });
});

describe('iii config validate', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());

  const validate = (text: string, ...more: string[]): ReturnType<typeof runCli> => {
    writeFileSync(join(folder.path, 'iii-config.yaml'), text);
    return runCli(['config', 'validate', 'iii-config.yaml', ...more], { cwd: folder.path });
  };

  it('reports all five mistakes, each with its place, code and hint, and ends with 2', async () => {
    const text = `workers:
  - name: iii-queue
    config:
      queue_configs:
        payment:
          type: fifo
        mail:
          max_retires: 3
          concurrency: 0
          backoff_ms: soon
        news:
          type: ordered
`;
    const { code, stdout } = await validate(text, '-o', 'json');
    expect(code).toBe(2);
    const report = JSON.parse(stdout) as { valid: boolean; problems: Frame[]; queues: unknown };
    expect(report.valid).toBe(false);
    expect(report.problems).toHaveLength(5);
    for (const problem of report.problems) {
      expect(problem).toMatchObject({
        severity: 'error',
        code: expect.any(String),
        message: expect.any(String),
        file: expect.stringContaining('iii-config.yaml'),
        line: expect.any(Number),
        column: expect.any(Number),
        path: expect.stringContaining('queue_configs'),
      });
      expect(problem).toHaveProperty('hint');
    }
    expect(report.problems.map(({ line }) => line)).toEqual([6, 8, 9, 10, 12]);
    const people = await validate(text);
    expect(people.code).toBe(2);
    const output = people.stdout + people.stderr;
    expect(output).toMatch(/iii-config\.yaml:8:11/);
    expect(output).toContain('max_retries');
    expect(output).toMatch(/\^/);
  });

  it('prints the resolved queues of a valid file and ends with 0', async () => {
    const text = `modules:
  - class: modules::queue::QueueModule
    config:
      queue_configs:
        payment: { type: fifo, message_group_field: transaction_id, max_retries: 10, concurrency: 2 }
`;
    const json = await validate(text, '-o', 'json');
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({
      valid: true,
      queues: expect.arrayContaining([
        expect.objectContaining({ name: 'payment', type: 'fifo', maxAttempts: 10, concurrency: 2 }),
        expect.objectContaining({ name: 'default' }),
      ]),
    });
    const people = await validate(text);
    expect(people.stdout).toContain('fifo by transaction_id');
    expect(people.stdout).toContain('10 attempts');
  });

  it('warnings do not fail it, unless --strict', async () => {
    const text = 'workers:\n  - name: iii-bridge\n    config: {}\n';
    const lenient = await validate(text, '-o', 'json');
    expect(lenient.code).toBe(0);
    const { problems } = JSON.parse(lenient.stdout) as { problems: Frame[] };
    expect(problems).toMatchObject([{ severity: 'warning' }]);
    expect((await validate(text, '--strict')).code).toBe(2);
  });

  it('writes annotations for GitHub', async () => {
    const { code, stdout } = await validate('nonsense: 1\n', '-o', 'github');
    expect(code).toBe(2);
    expect(stdout).toMatch(/^::error file=iii-config\.yaml,line=1,col=1/m);
  });
});
