import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, runCli, startCli } from '../support/run-cli.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iii-serve-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const SERVE = ['serve', '--store', 'memory', '--port', '0', '--http-port', '0'];

/** Runs something against an engine that `iii serve` runs; answers what `iii serve` printed. */
async function whileServing(use: (url: string) => Promise<void>): Promise<CliResult> {
  const serving = startCli([...SERVE, '-o', 'json'], { cwd: folder });
  await Promise.race([serving.saw('stdout', '\n'), serving.finished]);
  const { url } = JSON.parse(serving.stdout()) as { url: string };
  try {
    await use(url);
  } finally {
    serving.signal('SIGTERM');
  }
  return serving.finished;
}

describe('iii serve', () => {
  it('prints one line when it listens, one when it has stopped, and ends with 0', async () => {
    const { status, stdout } = await whileServing(async () => {});
    expect(status).toBe(0);
    const [ready, stopped, ...rest] = stdout.trimEnd().split('\n');
    expect(JSON.parse(ready ?? '')).toMatchObject({
      event: 'ready',
      url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+$/),
      store: 'memory',
      dataDir: null,
      pid: process.pid,
    });
    expect(stopped).toBe('{"event":"stopped"}');
    expect(rest).toEqual([]);
  });

  it('tells a person the address, the store, what a receipt means, and the queues', async () => {
    const serving = startCli(SERVE, { cwd: folder });
    await serving.saw('stdout', 'Ready');
    serving.signal('SIGINT');
    const { status, stdout, stderr } = await serving.finished;
    expect(status).toBe(0);
    expect(stdout).toMatch(/^engine {3}ws:\/\/127\.0\.0\.1:\d+\n/);
    expect(stdout).toContain('store    memory');
    expect(stdout).toContain('default  standard, up to 3 attempts');
    expect(stderr).toContain('Stopping: nothing is in flight. Ctrl-C again ends at once.');
  });

  it('is an engine that the other commands can use', async () => {
    const { status } = await whileServing(async (url) => {
      const job = await runCli(['enqueue', 'default', '-f', 'nobody::offers', '-o', 'name'], {
        url,
      });
      expect(job.status).toBe(0);
      const id = job.stdout.trim();
      const shown = await runCli(['job', 'show', id, '--json'], { url });
      expect(JSON.parse(shown.stdout)).toMatchObject({ id, state: 'waiting', payload: {} });
      const queue = await runCli(['queue', 'show', 'default', '--json'], { url });
      expect(JSON.parse(queue.stdout)).toMatchObject({
        waiting: 1,
        waitingFor: [{ functionId: 'nobody::offers', jobs: 1 }],
      });
      expect((await runCli(['queue', 'show', 'nope'], { url })).status).toBe(5);
      expect((await runCli(['enqueue', 'nope', '-f', 'x'], { url })).status).toBe(5);
      expect((await runCli(['trigger', 'nope'], { url })).status).toBe(5);
      expect((await runCli(['dlq', 'list', 'default', '--json'], { url })).stdout).toBe('[]\n');
      expect((await runCli(['job', 'cancel', id, '--yes'], { url })).status).toBe(0);
      const version = await runCli(['--version', '--json'], { url });
      const versions = JSON.parse(version.stdout) as { cli: string; engine: string };
      expect(versions.engine).toBe(versions.cli);
    });
    expect(status).toBe(0);
  });

  it('ends at once on a second signal', async () => {
    const serving = startCli([...SERVE, '-o', 'json'], { cwd: folder });
    await serving.saw('stdout', '"ready"');
    serving.signal('SIGINT');
    serving.signal('SIGINT');
    expect(serving.endedAtOnceWith()).toBe(130);
    await serving.finished;
  });

  it('prints every problem of its configuration and ends with 2', async () => {
    writeFileSync(join(folder, 'bad.yaml'), 'prot: 1\nhots: x\n');
    const { status, stdout, stderr } = await runCli([...SERVE, '-c', 'bad.yaml'], { cwd: folder });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('bad.yaml:1:1');
    expect(stderr).toContain('bad.yaml:2:1');
  });

  it.each([
    [['--port', '70000']],
    [['--port', 'x']],
    [['--grace', '5']],
    [['--log-level', 'loud']],
    [['--host', '0.0.0.0']],
  ])('refuses %j with 2', async (argv) => {
    const { status, stdout } = await runCli([...SERVE, ...argv], { cwd: folder });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  it.each(['redis://:secret@127.0.0.1:1', 'amqp://localhost', 'unix:///run/redis.sock'])(
    'makes no folder of the address %s',
    async (store) => {
      const argv = ['serve', '--store', store, '--port', '0', '--http-port', '0'];
      const before = readdirSync(folder);
      const { status, stderr } = await runCli(argv, { cwd: folder });
      expect(status).toBe(2);
      expect(stderr).toContain('--store takes memory or a folder, not an address');
      expect(stderr).not.toContain('secret');
      expect(readdirSync(folder)).toEqual(before);
    },
  );

  it('on a port that is taken ends with 7', async () => {
    await whileServing(async (url) => {
      const { port } = new URL(url);
      const argv = ['serve', '--store', 'memory', '--port', port];
      expect((await runCli(argv, { cwd: folder })).status).toBe(7);
    });
  });
});

describe('iii --version', () => {
  it('prints this tool and the protocol when no engine runs', async () => {
    const { status, stdout } = await runCli(['--version'], { url: 'ws://127.0.0.1:1' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^iii \d+\.\d+\.\d+\nprotocol .+\nengine not running/);
  });
});
