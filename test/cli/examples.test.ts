import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, startApp } from '../../src/app.ts';
import { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { EXAMPLES_TOPIC } from '../../src/cli/help-topics.ts';
import { parseArguments } from '../../src/cli/parse.ts';
import { COMMANDS, namesOf } from '../../src/cli/tree.ts';
import { registerWorker } from '../../src/sdk/register-worker.ts';
import type { Worker } from '../../src/sdk/worker.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import { parse } from '../config/config-fixture.ts';
import { newFolder } from '../support/file-maker.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { readCalls, shellExamples } from '../support/shell-examples.ts';

/*
 * Every example of the help, of `iii help examples`, of the README and of the pages in docs/, run against
 * one engine in this process that has what they speak of: queues, dead jobs, a group that stands still,
 * a task.
 */

/** Examples that are not run here, by the beginning of the line, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'iii serve': 'an engine of its own: test/e2e/serve.test.ts',
  'iii demo': 'an engine of its own: test/e2e/demo.test.ts',
  'iii worker run': 'it goes on: test/e2e/sdk-own.test.ts',
  'iii top': 'it needs a terminal: test/e2e/top.test.ts',
  'iii bench': 'it makes load for a while: test/cli/bench',
  'iii store migrate': 'it needs a Redis server: test/stores',
  'iii queue list --context': 'another engine: test/cli/context.test.ts',
  'source ': 'a shell: test/e2e/cli-terminal.test.ts',
  'iii enqueue payment -f': 'with what it prints: test/e2e/readme.test.ts',
  'iii enqueue mail -f': 'with what it prints: test/e2e/readme.test.ts',
  'iii config validate broken.yaml': 'it has to fail: test/e2e/readme.test.ts',
};

// Groups go by the one field that the payloads of all examples for `payment` have.
const CONFIG = `workers:
  - name: iii-queue
    config:
      queue_configs:
        payment: { type: fifo, message_group_field: amount, max_retries: 1, backoff_ms: 1 }
        mail: { max_retries: 1, backoff_ms: 1 }
        slow: {}
        default: { max_retries: 1, backoff_ms: 1 }
`;

/** The statuses an example may end with, where that is not only 0. */
const STATUSES: readonly (readonly [string, readonly number[]])[] = [
  ['iii config plan', [0, 8]],
  // some of it needs a restart: the port of the test is another one than that of the file
  ['iii config apply', [0, 3, 8]],
  ['iii doctor', [0, 1]],
  // those released first die again, and it stops by itself
  ['iii dlq redrive payment --canary', [1]],
  ['iii dlq redrive payment --cluster 3f0e6c1e5d --canary', [1]],
];

let app: App;
let worker: Worker;
let cwd: string;

beforeAll(async () => {
  cwd = newFolder();
  const { config } = parse(CONFIG, {
    file: 'iii-config.yaml',
    overrides: { store: 'memory', port: 0, httpPort: 0 },
  });
  if (config === null) throw new Error('the configuration is not valid');
  app = await startApp({ config: { ...config, shutdownGraceMs: 100 } });
  worker = registerWorker(app.url ?? '', { token: '', onProblem: () => undefined });
  const refuse = (): never => {
    throw Object.assign(new Error('HTTP 429'), { code: 'card_declined' });
  };
  worker.registerFunction({ id: 'orders::charge' }, refuse);
  for (const id of ['mail::send', 'report::build', 'orders::price', 'audit::log', 'hello']) {
    worker.registerFunction({ id }, () => ({ done: true }));
  }
  worker.registerFunction({ id: 'mails::send' }, () => null);
  worker.registerTrigger({
    type: 'durable:subscriber',
    function_id: 'mails::send',
    config: { topic: 'order.created' },
  });
  const path = join(cwd, 'data', 'queue_store');
  const store = new FileStore({ clock: new ManualClock(), log: silentLogger, path });
  await store.open([]);
  await store.close();
  const files = {
    ...{ 'iii-config.yaml': CONFIG, '.iii-token': 'secret\n', '.iii-prod': 'secret\n' },
    '.iii-production': 'secret\n',
    ...{ 'users.ndjson': '{"to":"a"}\n{"to":"b"}\n', 'jobs.ndjson': '{"n":1}\n' },
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
});

afterAll(async () => {
  await worker.shutdown({ graceMs: 0 });
  await app.stop();
});

const env = (): Record<string, string> => ({ HOME: cwd, XDG_CONFIG_HOME: cwd });
const iii = (argv: readonly string[], stdin?: string) =>
  runCli(argv, {
    url: app.url ?? '',
    cwd,
    env: env(),
    ...(stdin === undefined ? {} : { stdin }),
  });

async function enqueue(queue: string, functionId: string, data: string, ...more: string[]) {
  const argv = ['enqueue', queue, '--function', functionId, '--data', data];
  return (await iii([...argv, ...more, '-o', 'name'])).stdout.trim();
}

const deadJob = (queue = 'payment'): Promise<string> =>
  enqueue(queue, 'orders::charge', '{"amount":12}', '--wait');

/** A task that is slow enough to be paused, and one whose jobs can be brought back. */
async function task(verb: string): Promise<string> {
  for (let n = 0; n < 3; n++) await deadJob();
  const begin =
    verb === 'apply'
      ? ['dlq', 'discard', 'payment', '--where', 'age>=0s', '--yes']
      : ['dlq', 'redrive', 'payment', ...(verb === 'watch' ? [] : ['--rate', '1/h'])];
  await iii([...begin, '--detach', '-o', 'name', ...(verb === 'watch' ? ['--limit', '1'] : [])]);
  const { stdout } = await iii(['task', 'list', '-o', 'name']);
  const id = stdout.split('\n')[0] ?? '';
  if (verb === 'apply') await iii(['task', 'watch', id]);
  if (verb === 'resume') await iii(['task', 'pause', id]);
  return id;
}

/** Makes what an example speaks of, and puts it in the place of the ids it names. */
async function prepare([noun = '', verb = '', ...rest]: readonly string[]): Promise<
  readonly string[]
> {
  const words = [noun, verb, ...rest];
  if (noun === 'context' && rest[0] !== undefined && !rest[0].startsWith('-')) {
    const [name] = rest;
    if (verb === 'add') await iii(['context', 'remove', name]);
    else await iii(['context', 'add', name, '--url', 'ws://127.0.0.1:1', '--replace']);
  }
  if (words.includes('mended.ndjson')) {
    rmSync(join(cwd, 'mended.ndjson'), { force: true });
    await iii(['dlq', 'export', 'payment', '--file', 'mended.ndjson']);
  }
  const isDrained = verb === 'drain' || (noun === 'wait' && verb === 'queue');
  if (isDrained) await iii(['queue', 'purge', 'payment', '--yes']);
  if (noun === 'group') await enqueue('payment', 'nobody::offers', '{"amount":"acme"}');
  if (noun === 'task' || noun === 'undo') {
    const id = words.includes('3f0e6c1e') ? await task(verb) : '';
    return words.map((word) => (word === '3f0e6c1e' ? id : word));
  }
  const ended = (): Promise<string> => enqueue('mail', 'mail::send', '{}', '--delay', '1s');
  const later = (): Promise<string> => enqueue('mail', 'mail::send', '{}', '--delay', '1h');
  const isJob = words.some((word) => /^(3f0e6c1e-|<id>)/.test(word));
  const id =
    !isJob && noun !== 'dlq'
      ? ''
      : await (verb === 'cancel'
          ? later()
          : noun === 'wait'
            ? ended()
            : deadJob(rest[0] === 'default' ? 'default' : 'payment'));
  const [cluster = ''] =
    noun !== 'dlq'
      ? []
      : (await iii(['dlq', 'errors', 'payment', '-o', 'name'])).stdout.split('\n');
  return words.map((word) =>
    word === '3f0e6c1e5d'
      ? cluster
      : /^(3f0e6c1e-|<id>)/.test(word)
        ? id
        : word.replace('~/', `${cwd}/`).replace('/backup/', `${cwd}/`),
  );
}

const ROOT = new URL('../../', import.meta.url);
const PAGES = [
  'README.md',
  ...readdirSync(new URL('docs', ROOT))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Each example once, with where it stands first; in this order they build on each other. */
const lines = new Map<string, string>();
const shown = [
  ...COMMANDS.flatMap(({ examples, path }) =>
    examples.map(({ command }) => ({ command, at: `iii ${path.join(' ')} --help` })),
  ),
  ...EXAMPLES_TOPIC.split('\n')
    .map((line) => ({ command: line.trim().split(/ {3,}/)[0] ?? '', at: 'iii help examples' }))
    .filter(({ command }) => /^(III_|iii )/.test(command)),
  ...PAGES.flatMap((page) => shellExamples(page, readFileSync(new URL(page, ROOT), 'utf8'))).map(
    ({ page, line, command }) => ({ command, at: `${page}:${line}` }),
  ),
];
for (const { command, at } of shown) if (!lines.has(command)) lines.set(command, at);

const isRun = (line: string): boolean =>
  !Object.keys(NOT_RUN).some((start) => line.startsWith(start));

describe('every example', () => {
  it('that is not run is there and has a reason', () => {
    const stale = Object.keys(NOT_RUN).filter(
      (start) => ![...lines.keys()].some((line) => line.startsWith(start)),
    );
    expect(stale).toEqual([]);
  });

  const run = [...lines].filter(([line]) => isRun(line));
  it.each(run)('does what it says: %s (%s)', async (line) => {
    const [words = []] = readCalls(line);
    const argv = [...(await prepare(words))].filter((word) => word !== '');
    const parsed = parseArguments(argv, 80);
    if (parsed.kind !== 'command') throw new Error(`${line} is no command`);
    const { options = [], path } = parsed.spec;
    const has = (name: string): boolean => options.some((option) => namesOf(option).includes(name));
    if (argv.includes('--watch') || path[0] === 'logs') {
      await interrupt(argv, 'stdout');
      return;
    }
    if (argv.includes('--wait') && argv.includes('--delay')) {
      await interrupt(argv, 'stderr');
      return;
    }
    const asks = has('--yes') && !argv.includes('--yes');
    const result = await iii(
      asks ? [...argv, '--yes'] : argv,
      argv.includes('--token-stdin') ? 'secret' : undefined,
    );
    const allowed = STATUSES.find(([start]) => line.startsWith(start))?.[1] ?? [0];
    expect(allowed, `${result.stdout}${result.stderr}`).toContain(result.status);
    // the next example finds nothing that still moves
    if (argv.includes('--detach')) await iii(['task', 'cancel', result.stdout.trim()]);
  });
});

/** Runs what goes on, until it has said something and Ctrl-C is pressed. */
async function interrupt(argv: readonly string[], says: 'stdout' | 'stderr'): Promise<void> {
  const cli = startCli(argv, { url: app.url ?? '', cwd, env: env() });
  await cli.saw(says, '\n');
  cli.signal('SIGINT');
  expect((await cli.finished).status).toBe(130);
}
