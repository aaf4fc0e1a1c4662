import { afterEach, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli-process.ts';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess, type EngineStart } from '../support/engine-process.ts';
import { eventually, pause } from '../support/eventually.ts';
import { RawClient, type Frame } from '../support/raw-client.ts';

const running: EngineProcess[] = [];

async function start(options: EngineStart = {}): Promise<EngineProcess> {
  const engine = await EngineProcess.start(options);
  running.push(engine);
  return engine;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((engine) => engine.close()));
});

describe('iii serve', () => {
  it('prints one ready line with what a script needs, and one when it has stopped', async () => {
    const engine = await start();
    expect(engine.ready).toMatchObject({
      event: 'ready',
      url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+$/),
      store: 'memory',
      dataDir: null,
      pid: expect.any(Number),
    });
    expect(engine.ready).toHaveProperty('httpUrl');
    expect(engine.port).toBeGreaterThan(0);
    const client = await RawClient.connect(engine.url);
    expect(await engine.stop()).toEqual({ code: 0, signal: null });
    expect(
      engine.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Frame),
    ).toEqual([engine.ready, { event: 'stopped' }]);
    expect((await client.whenClosed()).code).toBe(1001);
  });

  it('stops in order on Ctrl-C too, at once when idle', async () => {
    const engine = await start();
    const before = performance.now();
    expect(await engine.stop('SIGINT')).toEqual({ code: 0, signal: null });
    expect(performance.now() - before).toBeLessThan(3_000);
  });

  it('runs without any configuration, with a queue named default', async () => {
    const engine = await start();
    const client = await RawClient.connect(engine.url);
    client.offer('fn', () => ({}));
    const id = await client.accepted('default', 'fn');
    expect(await client.call('iii::job::wait', { id })).toMatchObject({ state: 'completed' });
  });

  it('finishes attempts in flight before it stops, and refuses new jobs meanwhile', async () => {
    const engine = await start({ config: engineConfig({ pay: { concurrency: 1 } }) });
    const client = await RawClient.connect(engine.url);
    client.offer('slow');
    await client.accepted('pay', 'slow', '1');
    await client.accepted('pay', 'slow', '2');
    const first = await client.delivery(1, 'slow');
    engine.kill('SIGTERM');
    const refused = await eventually(async () => {
      const { error } = await client.enqueue('pay', 'slow', '3');
      return error;
    });
    expect(refused).toMatchObject({ code: 'enqueue_error', retryable: true });
    expect(engine.stdout).not.toContain('stopped');
    client.answer(first, {});
    expect(await engine.exited).toEqual({ code: 0, signal: null });
    expect(engine.stdout).toContain('{"event":"stopped"}');
    expect(client.deliveries('slow')).toHaveLength(1);
  });

  it('gives back what does not finish within --grace and ends with 0', async () => {
    const engine = await start({ args: ['--grace', '200ms'] });
    const client = await RawClient.connect(engine.url);
    client.offer('hang');
    await client.accepted('default', 'hang');
    await client.delivery(1, 'hang');
    const before = performance.now();
    expect(await engine.stop()).toEqual({ code: 0, signal: null });
    expect(performance.now() - before).toBeGreaterThanOrEqual(190);
  });

  it('calls of functions are still answered while it stops', async () => {
    const engine = await start();
    const client = await RawClient.connect(engine.url);
    client.offer('slow');
    client.offer('helper', () => ({ result: 'helped' }));
    await client.accepted('default', 'slow');
    const job = await client.delivery(1, 'slow');
    engine.kill('SIGTERM');
    await eventually(() => engine.stderr.includes('Stopping'));
    expect((await client.invoke('helper', '{}')).result).toBe('helped');
    client.answer(job, {});
    expect((await engine.exited).code).toBe(0);
  });

  it('a second signal ends it at once', async () => {
    const engine = await start();
    const client = await RawClient.connect(engine.url);
    client.offer('hang');
    await client.accepted('default', 'hang');
    await client.delivery(1, 'hang');
    engine.kill('SIGTERM');
    await eventually(() => engine.stderr.includes('Stopping'));
    await pause(50);
    const before = performance.now();
    const { code, signal } = await engine.stop('SIGTERM');
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(code ?? signal).not.toBe(0);
    expect(engine.stdout).not.toContain('stopped');
  });

  it('refuses a port in use with 7, says which, and leaves the first engine alone', async () => {
    const first = await start();
    const second = await EngineProcess.startAndFail({ port: first.port });
    expect(second).toMatchObject({ code: 7, stdout: '' });
    const { error } = JSON.parse(second.stderr.trim().split('\n').at(-1)!) as { error: Frame };
    expect(error).toMatchObject({ code: 'PORT_IN_USE', hint: expect.stringContaining('--port') });
    expect(error['message']).toContain(String(first.port));
    const client = await RawClient.connect(first.url);
    await client.settled();
  });

  it('reports all five mistakes of a configuration at once and does not start', async () => {
    const config = [
      'workers:',
      '  - name: iii-queue',
      '    config:',
      '      queue_configs:',
      '        pay:',
      '          max_retires: 3',
      '          concurrency: 0',
      '          type: ordered',
      '        mail:',
      '          type: fifo',
      '        news:',
      '          backoff_ms: soon',
      '',
    ].join('\n');
    const { code, stdout, stderr } = await EngineProcess.startAndFail({ config });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    for (const word of ['max_retires', 'max_retries', 'concurrency', 'ordered', 'mail', 'soon']) {
      expect(stderr).toContain(word);
    }
  });

  it.each([
    ['an unknown option', ['--prot', '1']],
    ['a port beyond all ports', ['--port', '70000']],
    ['a port that is a word', ['--port', 'http']],
    ['a file that is not there', ['-c', 'missing.yaml']],
    ['a grace that is no duration', ['--grace', 'long']],
    ['a log level there is not', ['--log-level', 'loud']],
  ])('ends with 2 on %s', async (_, args) => {
    const { code, stdout, stderr } = await EngineProcess.startAndFail({ args });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr.trim().split('\n').at(-1)!)).toHaveProperty('error.hint');
  });

  it('takes its configuration from the current folder, the newer name first', async () => {
    const engine = await start({ config: engineConfig({ named: {} }) });
    const list = await runCli(['queue', 'list', '-o', 'name'], { engine });
    expect(list.stdout.trim().split('\n').sort()).toEqual(['default', 'named']);
  });

  it('takes variables from the environment, with their types', async () => {
    const config = engineConfig({ pay: { max_retries: '${ATTEMPTS:9}', concurrency: '${N:4}' } });
    const engine = await start({ config, env: { ATTEMPTS: '7' } });
    const client = await RawClient.connect(engine.url);
    const { config: policy } = await client.call('iii::queue::get', { queue: 'pay' });
    expect(policy).toMatchObject({ maxAttempts: 7, concurrency: 4 });
  });

  it('logs to stderr only, as JSON when asked, and without payloads', async () => {
    const engine = await start({ args: ['--log-format', 'json', '--log-level', 'debug'] });
    const client = await RawClient.connect(engine.url);
    client.offer('fail', () => ({ error: { code: 'x', message: 'boom' } }));
    await client.accepted('default', 'fail', '{"card":"4111-1111"}', { max_retries: 1 });
    await client.settled();
    client.send('{"broken');
    await client.settled();
    await engine.stop();
    expect(engine.stderr).not.toContain('4111-1111');
    const lines = engine.stderr
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });
});
