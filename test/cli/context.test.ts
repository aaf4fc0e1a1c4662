import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  lstatSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeEngine } from '../support/fake-engine.ts';
import { type CliOptions, runCli } from '../support/run-cli.ts';
import { paymentQueue } from '../support/samples.ts';

let folder: string;
let engine: FakeEngine | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iii-contexts-'));
  mkdirSync(join(folder, 'here'));
});

afterEach(async () => {
  await engine?.stop();
  engine = undefined;
  rmSync(folder, { recursive: true });
});

const iii = (argv: readonly string[], { env, ...options }: CliOptions = {}) =>
  runCli(argv, {
    cwd: join(folder, 'here'),
    env: { XDG_CONFIG_HOME: join(folder, 'home'), ...env },
    ...options,
  });

const file = () => join(folder, 'home', 'iii', 'contexts.yaml');
const write = (path: string, text: string) => writeFileSync(join(folder, 'here', path), text);

/** Adds a context, with a token that is piped in when one is given. */
async function add(name: string, url: string, token?: string, ...more: readonly string[]) {
  const argv = ['context', 'add', name, '--url', url, ...more];
  const { status, stderr } = await (token === undefined
    ? iii(argv)
    : iii([...argv, '--token-stdin'], { stdin: `${token}\n` }));
  expect(stderr).toBe('');
  expect(status).toBe(0);
}

/** Where a call would go, and whether with a token. */
async function target(argv: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const { stdout, stderr } = await iii(['context', 'show', '-o', 'json', ...argv], { env });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** The tokens an engine got from `iii queue list`. */
async function tokensSent(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stderr } = await iii(['queue', 'list', ...argv], { env });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return engine?.calls.map(({ token }) => token);
}

const startEngine = async () => {
  engine = await FakeEngine.start({ 'iii::queue::list': () => ({ queues: [paymentQueue] }) });
  return engine.url;
};

describe('iii context add', () => {
  it('keeps an engine by name, and says how to use it', async () => {
    const { status, stdout } = await iii(['context', 'add', 'prod', '--url', 'queues:1']);
    expect(status).toBe(0);
    expect(stdout).toBe('prod is ws://queues:1; use it with: iii context use prod.\n');
    expect(await target()).toMatchObject({ url: 'ws://127.0.0.1:49134', context: null });
  });

  it('answers programs with everything but the token', async () => {
    const argv = ['context', 'add', 'prod', '--url', 'queues:1', '--token-stdin', '-o', 'json'];
    const { stdout } = await iii(argv, { stdin: 'very-secret' });
    expect(JSON.parse(stdout)).toEqual({
      name: 'prod',
      url: 'ws://queues:1',
      current: false,
      token: 'stored',
      tokenFile: null,
    });
  });

  it('keeps the file for its owner alone, also when it was there with other rights', async () => {
    await add('one', 'a:1', 'very-secret');
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    chmodSync(file(), 0o644);
    await add('two', 'b:1');
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'home', 'iii'))).toEqual(['contexts.yaml']);
  });

  it('keeps a link to the file, and writes what it leads to', async () => {
    mkdirSync(join(folder, 'home', 'iii'), { recursive: true });
    const real = join(folder, 'dotfiles.yaml');
    writeFileSync(real, 'contexts: {}\n');
    symlinkSync(real, file());
    await add('one', 'a:1');
    expect(lstatSync(file()).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toContain('ws://a:1');
  });

  it('remembers where a token file is, and not what it says', async () => {
    write('token', 'very-secret');
    await add('prod', 'queues:1', undefined, '--token-file', 'token');
    expect(readFileSync(file(), 'utf8')).toContain(join(folder, 'here', 'token'));
    expect(readFileSync(file(), 'utf8')).not.toContain('very-secret');
  });

  it('does nothing with --dry-run', async () => {
    const { status, stdout } = await iii([
      ...['context', 'add', 'prod', '--url', 'queues:1', '--dry-run', '-o', 'json'],
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'prod', dryRun: true });
    expect(existsSync(file())).toBe(false);
  });

  it.each([
    ['a name that is none', ['-x y', '--url', 'a:1']],
    ['a name of the language', ['__proto__', '--url', 'a:1']],
    ['no address', ['prod']],
    ['an address with a password', ['prod', '--url', 'ws://u:secret@a:1']],
    ['a token file that is not there', ['prod', '--url', 'a:1', '--token-file', 'nope']],
    ['no pipe', ['prod', '--url', 'a:1', '--token-stdin']],
  ])('with %s is a usage error', async (_what, words) => {
    const { status, stdout, stderr } = await iii(['context', 'add', ...words]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('hint: ');
    expect(stderr).not.toContain('secret');
    expect(existsSync(file())).toBe(false);
  });

  it.each([
    ['nothing', ''],
    ['two words', 'not a token'],
    ['much too much', 'x'.repeat(10_000)],
  ])('refuses %s as a token', async (_what, stdin) => {
    const argv = ['context', 'add', 'prod', '--url', 'a:1', '--token-stdin'];
    expect((await iii(argv, { stdin })).status).toBe(2);
  });

  it('takes no token as an argument', async () => {
    const { status } = await iii(['context', 'add', 'prod', '--url', 'a:1', '--token', 'x']);
    expect(status).toBe(2);
  });

  it('of a name that is taken is a conflict, unless it is to be replaced', async () => {
    await add('prod', 'a:1', 'very-secret');
    const again = ['context', 'add', 'prod', '--url', 'b:1'];
    expect((await iii(again)).status).toBe(7);
    expect((await iii([...again, '--replace'])).status).toBe(0);
    expect(readFileSync(file(), 'utf8')).not.toContain('very-secret');
  });
});

describe('iii context list', () => {
  it.each([40, 80, 200])('fits into %i columns', async (columns) => {
    await add('production', 'wss://queues.example.com', 'very-secret', '--use');
    writeFileSync(
      file(),
      readFileSync(file(), 'utf8').replace(
        'contexts:',
        'contexts:\n  staging: { url: "ws://staging.example.com:49134", token_file: /run/secrets/iii-staging }',
      ),
    );
    const { stdout } = await iii(['context', 'list', '--color', 'never'], { columns });
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns);
    await expect(stdout).toMatchFileSnapshot(`golden/context-list-${columns}.txt`);
  });

  it('never has a token in it, in no format', async () => {
    await add('prod', 'a:1', 'very-secret', '--use');
    for (const format of ['table', 'json', 'ndjson', 'yaml', 'name']) {
      const { stdout, stderr } = await iii(['context', 'list', '--debug', '-o', format]);
      expect(stdout).toContain('prod');
      expect(stdout + stderr).not.toContain('very-secret');
    }
  });

  it('says when the environment goes before the one in use', async () => {
    await add('prod', 'a:1', undefined, '--use');
    const { stderr } = await iii(['context', 'list'], { env: { III_CONTEXT: 'gone' } });
    expect(stderr).toContain('III_CONTEXT is set');
  });

  it('without contexts says how to add one, and is an empty list for programs', async () => {
    expect((await iii(['context', 'list'])).stderr).toContain('iii context add');
    expect((await iii(['context', 'list', '-o', 'json'])).stdout).toBe('[]\n');
  });
});

describe('iii context use, remove and show', () => {
  it('change what is in use', async () => {
    await add('prod', 'a:1');
    expect((await iii(['context', 'use', 'prod'])).status).toBe(0);
    expect(await target()).toEqual({
      url: 'ws://a:1',
      context: 'prod',
      origin: 'the context in use',
      token: false,
    });
    expect((await iii(['context', 'use', '--none'])).status).toBe(0);
    expect(await target()).toMatchObject({ context: null, origin: 'the default' });
    await iii(['context', 'use', 'prod']);
    expect((await iii(['context', 'remove', 'prod', '--dry-run'])).status).toBe(0);
    expect(await target()).toMatchObject({ context: 'prod' });
    const { stdout } = await iii(['context', 'remove', 'prod']);
    expect(stdout).toBe('prod is removed; no context is in use.\n');
    expect(await target()).toMatchObject({ context: null });
  });

  it.each(['use', 'remove', 'show'])('%s of an unknown name ends with 5', async (verb) => {
    await add('prod', 'a:1');
    const { status, stderr } = await iii(['context', verb, 'prd']);
    expect(status).toBe(5);
    expect(stderr).toContain('hint: the contexts: prod');
  });

  it('use needs a name or --none, and not both', async () => {
    await add('prod', 'a:1');
    expect((await iii(['context', 'use'])).status).toBe(2);
    expect((await iii(['context', 'use', 'prod', '--none'])).status).toBe(2);
  });
});

describe('the engine of a call', () => {
  beforeEach(async () => {
    await add('used', 'used:1', undefined, '--use');
    await add('other', 'other:1');
    writeFileSync(join(folder, 'home', 'iii', 'config.yaml'), 'url: user:1\n');
  });

  it('is named by option, environment, folder, context in use and settings, in this order', async () => {
    expect(await target()).toMatchObject({ url: 'ws://used:1' });
    write('.iii.yaml', 'url: project:1\n');
    expect(await target()).toMatchObject({ url: 'ws://project:1', context: null });
    const env: Record<string, string> = { III_CONTEXT: 'other' };
    expect(await target([], env)).toMatchObject({ url: 'ws://other:1', context: 'other' });
    env['III_URL'] = 'env:1';
    expect(await target([], env)).toMatchObject({ url: 'ws://env:1', context: null });
    const given = ['--context', 'used'];
    expect(await target(given, env)).toMatchObject({ url: 'ws://used:1', origin: '--context' });
    given.push('--url', 'option:1');
    expect(await target(given, env)).toMatchObject({ url: 'ws://option:1', context: null });
    await iii(['context', 'use', '--none']);
    rmSync(join(folder, 'here', '.iii.yaml'));
    expect(await target()).toMatchObject({ url: 'ws://user:1' });
  });

  it.each([
    ['the option', ['--context', 'gone'], {}],
    ['the environment', [], { III_CONTEXT: 'gone' }],
  ])('is an error with what there is when %s names none', async (_where, argv, env) => {
    const { status, stderr } = await iii(['queue', 'list', ...argv], { env });
    expect(status).toBe(2);
    expect(stderr).toContain("there is no context 'gone'");
    expect(stderr).toContain('hint: the contexts: other, used');
  });

  it('is not looked for by commands that need none', async () => {
    expect((await iii(['help', 'exit-codes'], { env: { III_CONTEXT: 'gone' } })).status).toBe(0);
  });
});

describe("a context's token", () => {
  it('is sent to its engine', async () => {
    const url = await startEngine();
    await add('prod', url, 'very-secret', '--use');
    expect(await tokensSent([])).toEqual(['very-secret']);
  });

  it('is read from its file at each call', async () => {
    const url = await startEngine();
    write('token', 'first');
    await add('prod', url, undefined, '--token-file', 'token');
    write('token', 'second');
    expect(await tokensSent(['--context', 'prod'])).toEqual(['second']);
  });

  it.each([
    ['--url', ['--url'], {}],
    ['III_URL', [], 'III_URL'],
    ['.iii.yaml', [], '.iii.yaml'],
    ["another context's name", ['--context', 'other'], {}],
  ])('is not sent to an engine that %s names', async (_what, argv, where) => {
    const url = await startEngine();
    await add('prod', 'elsewhere:1', 'very-secret', '--use');
    await add('other', url);
    if (where === '.iii.yaml') write('.iii.yaml', `url: ${url}\n`);
    const env: Record<string, string> = where === 'III_URL' ? { III_URL: url } : {};
    const words = argv.length === 1 ? [...argv, url] : argv;
    expect(await tokensSent(words, env)).toEqual([null]);
  });

  it('is not sent elsewhere by the options of the original tool', async () => {
    const url = await startEngine();
    await add('prod', 'ws://127.0.0.1:1', 'very-secret', '--use');
    const { port } = new URL(url);
    await iii(['trigger', 'iii::queue::list', '--port', port]);
    expect(engine?.calls.map(({ token }) => token)).toEqual([null]);
  });

  it('of --context goes before III_TOKEN, that of the context in use after it', async () => {
    const url = await startEngine();
    await add('prod', url, 'of-context', '--use');
    const env = { III_TOKEN: 'of-environment' };
    expect(await tokensSent([], env)).toEqual(['of-environment']);
    expect(await tokensSent(['--context', 'prod'], env)).toEqual(['of-environment', 'of-context']);
  });

  it('is that of --token-file when there is one', async () => {
    const url = await startEngine();
    write('token', 'of-option');
    await add('prod', url, 'of-context');
    const argv = ['--context', 'prod', '--token-file', 'token'];
    expect(await tokensSent(argv)).toEqual(['of-option']);
  });

  it('is never one that a settings file names for its own engine', async () => {
    const url = await startEngine();
    write('token', 'of-settings');
    await add('prod', url, undefined, '--use');
    const settings = `token_file: ${join(folder, 'here', 'token')}\n`;
    writeFileSync(join(folder, 'home', 'iii', 'config.yaml'), settings);
    write('.iii.yaml', settings);
    expect(await tokensSent([])).toEqual([null]);
  });
});

describe('a file of contexts that cannot be read', () => {
  it.each([
    ['is no YAML', 'contexts: [\n  token: very-secret'],
    ['has an unknown key', 'contexts: { prod: { url: "ws://a:1", tokn: very-secret } }'],
    ['has a token that is a list', 'contexts: { prod: { url: "ws://a:1", token: [very-secret] } }'],
    ['has a context without address', 'contexts: { prod: { token: very-secret } }'],
    ['uses a context that is not there', 'current: gone\ncontexts: {}'],
  ])('because it %s is an error without what stands in it', async (_what, text) => {
    mkdirSync(join(folder, 'home', 'iii'), { recursive: true });
    writeFileSync(file(), text);
    const { status, stderr } = await iii(['context', 'list', '--debug']);
    expect(status).toBe(2);
    expect(stderr).toContain(file());
    expect(stderr).not.toContain('very-secret');
  });
});

describe('completion', () => {
  it('offers names of contexts, and asks the engine that is being typed', async () => {
    const url = await startEngine();
    await add('prod', url, 'very-secret');
    await add('preview', 'ws://127.0.0.1:1');
    const complete = async (...words: string[]) =>
      (await iii(['__complete', 'bash', '--', ...words], { env: { III_TIMEOUT: '10s' } })).stdout;
    expect(await complete('queue', 'list', '--context', 'pr')).toBe('preview\nprod\n');
    expect(await complete('context', 'use', 'pro')).toBe('prod\n');
    expect(await complete('--context', 'prod', 'queue', 'show', '')).toBe('payment\n');
    expect(engine?.calls.map(({ token }) => token)).toEqual(['very-secret']);
  });
});

describe('the question before something is destroyed', () => {
  it('names the context and the address', async () => {
    const plan = { total: 1, sample: ['x'], byFunction: [] };
    engine = await FakeEngine.start({
      'iii::dlq::discard': () => ({ queue: 'payment', discarded: 0, plan }),
    });
    await add('prod', engine.url, undefined, '--use');
    const { stderr } = await iii(['dlq', 'discard', 'payment', '--id', 'x'], { types: 'n\n' });
    expect(stderr).toContain(`in the engine prod (${engine.url})`);
  });
});
