import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { registerWorker, TriggerAction, type Worker } from '../../src/sdk/sdk.ts';
import { engineConfig } from '../support/engine-config.ts';
import {
  BINARY,
  cleanEnvironment,
  EngineProcess,
  temporaryFolder,
  type Exit,
} from '../support/engine-process.ts';
import { eventually, within } from '../support/eventually.ts';

const CONFIG = engineConfig({
  payment: { type: 'fifo', message_group_field: 'account', backoff_ms: 20 },
});

const closing: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startEngine(options: Partial<Parameters<typeof EngineProcess.start>[0]> = {}) {
  const engine = await EngineProcess.start({ config: CONFIG, ...options });
  closing.push(() => engine.close());
  return engine;
}

function startWorker(url: string): Worker {
  const worker = registerWorker(url, { token: '', reconnectMs: 20 });
  closing.push(() => worker.shutdown({ graceMs: 0 }));
  return worker;
}

/** A folder with files that `iii worker run` runs. */
function workerFolder(files: Readonly<Record<string, string>>): {
  readonly path: string;
  write(name: string, text: string): void;
} {
  const { path, remove } = temporaryFolder();
  closing.push(remove);
  const write = (name: string, text: string): void => {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { path, write };
}

/** A running `iii worker run`. */
class RunningWorker {
  stdout = '';
  stderr = '';
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;

  constructor(cwd: string, url: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [BINARY, 'worker', 'run', '-o', 'ndjson', ...args], {
      cwd,
      env: cleanEnvironment({ III_URL: url, HOME: cwd }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        resolve({ code, signal });
      });
    });
    closing.push(async () => {
      this.#child.kill('SIGTERM');
      await this.exited;
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The events of the process so far. */
  events(): Record<string, unknown>[] {
    const lines = this.stdout.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  event(name: string): Promise<Record<string, unknown>> {
    return eventually(() => this.events().find(({ event }) => event === name));
  }
}

const USERS = `
import { client, iii } from 'iii-engine/sdk';
import { greet } from './lib/greet.mjs';

export default iii({
  triggers: {
    'on-user-created': {
      type: 'queue',
      config: { topic: 'user.created' },
      condition: async (data) => data.spam !== true,
    },
  },
});

const greeted = [];

export async function onUserCreated(data) {
  greeted.push(greet(data.name));
}

export async function createUser(user) {
  await client.call('queue.enqueue', { topic: 'user.created', data: user });
  return { created: user.name };
}

export const listGreeted = () => greeted;
`;

const STEP = `
export const config = {
  name: 'count-users',
  triggers: [{ type: 'queue', config: { topic: 'user.created' } }],
};
let count = 0;
export const handler = async () => { count += 1; return count; };
`;

const greeting = (word: string): string => `export const greet = (name) => '${word} ' + name;\n`;

describe('a worker of the SDK and the built engine', () => {
  it('go on where they were after the engine was restarted in the middle', async () => {
    const engine = await startEngine({ args: ['--store', 'data'] });
    const worker = startWorker(engine.url);
    const done: number[] = [];
    let hold: (() => void) | undefined;
    worker.registerFunction('pay', async ({ n }: { n: number }) => {
      if (n === 2 && hold === undefined) {
        await new Promise<void>((resolve) => {
          hold = resolve;
        });
      }
      done.push(n);
    });
    const enqueue = (n: number): Promise<unknown> =>
      worker.trigger({
        function_id: 'pay',
        payload: { account: 'a', n },
        action: TriggerAction.Enqueue({ queue: 'payment' }),
      });
    for (const n of [1, 2, 3]) await enqueue(n);
    await eventually(() => hold !== undefined);
    const { port, folder } = engine;
    engine.kill('SIGKILL');
    await engine.exited;
    // What is enqueued while the engine is away waits for it.
    const late = enqueue(4);
    const again = await startEngine({ port, args: ['--store', join(folder, 'data')] });
    await late;
    await eventually(async () => {
      const { jobs } = await worker.call<{ jobs: unknown[] }>('iii::job::list', {
        queue: 'payment',
        states: ['waiting', 'delayed', 'in_flight'],
      });
      return jobs.length === 0;
    });
    // The held attempt belongs to the connection that was lost; its own end counts for nothing.
    hold?.();
    expect(done.slice(0, 4)).toEqual([1, 2, 3, 4]);
    expect(again.port).toBe(port);
  });
});

describe('iii worker run', () => {
  it('runs modules and step files of a folder, and again when a file of theirs changes', async () => {
    const engine = await startEngine();
    const folder = workerFolder({
      'src/users.mjs': USERS,
      'src/lib/greet.mjs': greeting('hello'),
      'src/count.step.mjs': STEP,
      'src/users.test.mjs': 'throw new Error("a test is not run");',
    });
    const running = new RunningWorker(folder.path, engine.url, ['src', '--watch']);
    expect(await running.event('ready')).toMatchObject({
      functions: [
        { id: 'count-users', triggers: ['queue'] },
        { id: 'create-user', triggers: [] },
        { id: 'list-greeted', triggers: [] },
        { id: 'on-user-created', triggers: ['queue'] },
      ],
    });
    const caller = startWorker(engine.url);
    expect(await caller.call('create-user', { name: 'Ada' })).toEqual({ created: 'Ada' });
    await caller.call('create-user', { name: 'bot', spam: true });
    await eventually(async () => (await caller.call<string[]>('list-greeted')).length === 1);
    expect(await caller.call('list-greeted')).toEqual(['hello Ada']);

    folder.write('src/lib/greet.mjs', 'export const greet = );');
    await eventually(() => running.stderr.includes('greet.mjs: Unexpected token'));
    expect(await caller.call('list-greeted')).toEqual(['hello Ada']);

    folder.write('src/lib/greet.mjs', greeting('bye'));
    await running.event('reloaded');
    await caller.call('create-user', { name: 'Bob' });
    await eventually(async () => (await caller.call<string[]>('list-greeted')).includes('bye Bob'));

    running.kill('SIGTERM');
    expect(await within(running.exited, 10_000, 'the end')).toEqual({ code: 0, signal: null });
    expect(running.events().at(-1)).toEqual({ event: 'stopped' });
    const { functions } = await caller.call<{ functions: unknown[] }>('iii::function::list', {});
    expect(functions).toEqual([]);
  });

  it('lets running calls finish when it is stopped', async () => {
    const engine = await startEngine();
    const folder = workerFolder({
      'slow.step.mjs': `
        let finish;
        export const config = {};
        export const handler = ({ say }) => say === 'finish'
          ? finish('done')
          : new Promise((resolve) => { finish = resolve; });
      `,
    });
    const running = new RunningWorker(folder.path, engine.url, ['slow.step.mjs', '--name', 'slow']);
    await running.event('ready');
    const caller = startWorker(engine.url);
    const call = caller.call('slow', { say: 'wait' });
    await eventually(async () => {
      const { workers } = await caller.call<{ workers: { name: string; inFlight: number }[] }>(
        'iii::worker::list',
        {},
      );
      return workers.some(({ name, inFlight }) => name === 'slow' && inFlight === 1);
    });
    await caller.call('slow', { say: 'finish' });
    running.kill('SIGINT');
    expect(await call).toBe('done');
    expect(await within(running.exited, 10_000, 'the end')).toEqual({ code: 0, signal: null });
  });

  it.each([
    ['no such file', ['nope.mjs'], {}, 5, /no file or folder 'nope.mjs'/],
    [
      'a trigger without a handler',
      ['a.mjs'],
      {
        'a.mjs':
          "import { iii } from 'iii-engine/sdk';\n" +
          "export default iii({ triggers: { 'on-a': { type: 'queue', config: { topic: 'a' } } } });",
      },
      2,
      /export async function onA/,
    ],
    ['nothing to run', ['a.mjs'], { 'a.mjs': 'export const x = 1;' }, 2, /nothing to run/],
    [
      'one function in two files',
      ['a.step.mjs', 'b.step.mjs'],
      { 'a.step.mjs': STEP, 'b.step.mjs': STEP },
      2,
      /both have the function 'count-users'/,
    ],
  ])('ends with a clear error: %s', async (_what, args, files, code, message) => {
    const folder = workerFolder(files);
    const running = new RunningWorker(folder.path, 'ws://127.0.0.1:1', args);
    expect(await within(running.exited, 10_000, 'the end')).toEqual({ code, signal: null });
    expect(running.stderr).toMatch(message);
  });
});
