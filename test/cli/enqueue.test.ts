import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fail, FakeEngine, NO_ANSWER } from '../support/fake-engine.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { jobDetail, paymentDetail } from '../support/samples.ts';

let engine: FakeEngine;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iii-enqueue-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
afterEach(() => engine.stop());

const ENQUEUE = ['enqueue', 'payment', '--function', 'orders::charge'];
const receipts = () => {
  let count = 0;
  return { enqueue: () => ({ messageReceiptId: `r${++count}` }) };
};
const payloads = () => engine.calls.map(({ dataText }) => dataText);

describe('iii enqueue', () => {
  it('prints the receipt', async () => {
    engine = await FakeEngine.start(receipts());
    const argv = [...ENQUEUE, '--data', '{"a":1}', '-o', 'json'];
    const { status, stdout } = await runCli(argv, { url: engine.url });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      messageReceiptId: 'r1',
      queue: 'payment',
      functionId: 'orders::charge',
    });
    expect((await runCli([...ENQUEUE, '-o', 'name'], { url: engine.url })).stdout).toBe('r2\n');
  });

  it.each([
    { from: '--data', argv: ['--data', '{"n":1.0}'], sent: '{"n":1.0}' },
    { from: 'a file', argv: ['--file', 'payload.json'], sent: '{"big":9007199254740993}' },
    { from: 'a pipe', argv: [], stdin: '[1,\n2]', sent: '[1,\n2]' },
    { from: '--file -', argv: ['--file', '-'], stdin: '"x"', sent: '"x"' },
    { from: 'nothing', argv: [], sent: '{}' },
    { from: 'an empty pipe', argv: [], stdin: '', sent: '{}' },
    { from: '--data beside a pipe', argv: ['--data', '1'], stdin: '2', sent: '1' },
  ])('sends the payload of $from as it was written', async ({ argv, sent, ...options }) => {
    writeFileSync(join(folder, 'payload.json'), '{"big":9007199254740993}');
    engine = await FakeEngine.start(receipts());
    const { status } = await runCli([...ENQUEUE, ...argv], {
      url: engine.url,
      cwd: folder,
      ...options,
    });
    expect(status).toBe(0);
    expect(payloads()).toEqual([sent]);
  });

  it.each([
    { argv: ['--delay', '1m30s'], action: { delay_ms: 90_000 } },
    {
      argv: ['--run-at', '2030-01-31T09:00:00+01:00'],
      action: { run_at: '2030-01-31T08:00:00.000Z' },
    },
    { argv: ['--priority', '5', '--dedup-key', 'k'], action: { priority: 5, dedup_key: 'k' } },
    { argv: ['--ttl', '1h', '--max-retries', '2'], action: { ttl_ms: 3_600_000, max_retries: 2 } },
    {
      argv: ['--backoff', '5s', '--attempt-timeout', '10s'],
      action: { backoff_ms: 5_000, timeout_ms: 10_000 },
    },
  ])('sends the settings of a job: $argv', async ({ argv, action }) => {
    engine = await FakeEngine.start(receipts());
    await runCli([...ENQUEUE, ...argv], { url: engine.url });
    expect(engine.calls[0]?.action).toEqual({ type: 'enqueue', queue: 'payment', ...action });
  });

  it.each([
    [['enqueue', 'payment']],
    [[...ENQUEUE, '--data', '{bad}']],
    [[...ENQUEUE, '--data', '1', '--file', 'x']],
    [[...ENQUEUE, '--file', 'missing.json']],
    [[...ENQUEUE, '--delay', '5']],
    [[...ENQUEUE, '--ttl', '0']],
    [[...ENQUEUE, '--ttl', '0s']],
    [[...ENQUEUE, '--delay', '5s', '--run-at', 'now+1m']],
    [[...ENQUEUE, '--run-at', 'tomorrow']],
    [[...ENQUEUE, '--priority=-1']],
    [[...ENQUEUE, '--ndjson', 'x', '--data', '1']],
    [[...ENQUEUE, '--ndjson', 'x', '--wait']],
    [[...ENQUEUE, '--fail-fast']],
  ])('refuses %j with 2 and sends nothing', async (argv) => {
    engine = await FakeEngine.start(receipts());
    const { status, stdout } = await runCli(argv, { url: engine.url, cwd: folder });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(engine.calls).toEqual([]);
  });

  it('points at the place where the payload is not JSON', async () => {
    engine = await FakeEngine.start(receipts());
    const { stderr } = await runCli([...ENQUEUE, '--data', '{"a":oops}'], { url: engine.url });
    expect(stderr).toContain('line 1, column 6');
    expect(stderr).toContain('  {"a":oops}\n       ^');
  });

  it('into an unknown queue ends with 5, a refused job with 1', async () => {
    let queue = fail('QUEUE_NOT_FOUND', 'no queue');
    engine = await FakeEngine.start({
      enqueue: () => fail('enqueue_error', 'no', { hint: 'do this' }),
      'iii::queue::get': () => queue,
    });
    expect((await runCli(ENQUEUE, { url: engine.url })).status).toBe(5);
    queue = paymentDetail;
    const { status, stderr } = await runCli(ENQUEUE, { url: engine.url });
    expect(status).toBe(1);
    expect(stderr).toMatch(/error\[enqueue_error\]: no\n.*\nhint: do this/);
  });

  it('with --dry-run looks at the queue and enqueues nothing', async () => {
    engine = await FakeEngine.start({ 'iii::queue::get': () => paymentDetail });
    const { status, stdout } = await runCli([...ENQUEUE, '--dry-run', '--json'], {
      url: engine.url,
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ queue: 'payment', dryRun: true });
    expect(engine.calls.map(({ functionId }) => functionId)).toEqual(['iii::queue::get']);
  });
});

describe('iii enqueue --wait', () => {
  it.each([
    { state: 'completed', status: 0 },
    { state: 'dead', status: 1 },
    { state: 'discarded', status: 1 },
  ])('on a job that ended $state ends with $status', async ({ state, status }) => {
    engine = await FakeEngine.start({
      ...receipts(),
      'iii::job::wait': () => ({ ...jobDetail, state }),
    });
    const result = await runCli([...ENQUEUE, '--wait', '--json'], { url: engine.url });
    expect(result.status).toBe(status);
    expect(JSON.parse(result.stdout)).toMatchObject({ messageReceiptId: 'r1', state });
  });

  it('asks again until the job has ended', async () => {
    const states = ['delayed', 'in_flight', 'completed'];
    engine = await FakeEngine.start({
      ...receipts(),
      'iii::job::wait': () => ({ ...jobDetail, state: states.shift() }),
    });
    expect((await runCli([...ENQUEUE, '--wait'], { url: engine.url })).status).toBe(0);
    expect(states).toEqual([]);
  });

  it('says on Ctrl-C that the job goes on, and ends at once on a second', async () => {
    engine = await FakeEngine.start({ ...receipts(), 'iii::job::wait': () => NO_ANSWER });
    const running = startCli([...ENQUEUE, '--wait'], { url: engine.url });
    await engine.called('iii::job::wait');
    running.signal('SIGINT');
    running.signal('SIGINT');
    expect(running.endedAtOnceWith()).toBe(130);
    const { status, stderr } = await running.finished;
    expect(status).toBe(130);
    expect(stderr).toContain('iii job show r1');
  });
});

describe('iii enqueue --ndjson', () => {
  const NDJSON = [...ENQUEUE, '--ndjson', '-'];

  it('prints one receipt per line, in order', async () => {
    engine = await FakeEngine.start(receipts());
    const stdin = Array.from({ length: 1_000 }, (_, index) => `{"n":${index}}`).join('\n');
    const { status, stdout } = await runCli([...NDJSON, '-o', 'json'], { url: engine.url, stdin });
    expect(status).toBe(0);
    const printed = stdout.trimEnd().split('\n');
    expect(printed).toHaveLength(1_000);
    expect(JSON.parse(printed[999] ?? '')).toEqual({
      messageReceiptId: 'r1000',
      queue: 'payment',
      functionId: 'orders::charge',
    });
    expect(payloads()[999]).toBe('{"n":999}');
  });

  it('reports a bad line by its number, goes on, and ends with 3', async () => {
    engine = await FakeEngine.start({
      enqueue: ({ data }) =>
        (data as { n: number }).n === 3
          ? fail('enqueue_error', 'too large')
          : { messageReceiptId: 'r' },
      'iii::queue::get': () => paymentDetail,
    });
    const stdin = '{"n":1}\n\nnot json\n{"n":3}\n{"n":4}\n';
    const { status, stdout, stderr } = await runCli([...NDJSON, '-o', 'json', '-q'], {
      url: engine.url,
      stdin,
    });
    expect(status).toBe(3);
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
    const errors = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { line: number });
    expect(errors.map(({ line }) => line)).toEqual([3, 4]);
  });

  it('with --fail-fast stops at the first bad line', async () => {
    engine = await FakeEngine.start(receipts());
    const stdin = `{}\nbad\n${'{}\n'.repeat(5_000)}`;
    const { status, stderr } = await runCli([...NDJSON, '--fail-fast'], { url: engine.url, stdin });
    expect(status).toBe(3);
    expect(stderr).toContain('line 2: error[USAGE]');
    expect(engine.calls.length).toBeLessThan(5_000);
  });

  it('never has more than 256 jobs unanswered', async () => {
    engine = await FakeEngine.start({ enqueue: () => NO_ANSWER });
    const running = startCli([...NDJSON, '--timeout', '300ms'], {
      url: engine.url,
      stdin: '{}\n'.repeat(2_000),
    });
    const { status } = await running.finished;
    expect(status).toBe(6);
    expect(engine.calls).toHaveLength(256);
  });

  it('into an unknown queue ends with 5 at once', async () => {
    engine = await FakeEngine.start({
      enqueue: () => fail('enqueue_error', 'no queue'),
      'iii::queue::get': () => fail('QUEUE_NOT_FOUND', 'no queue'),
    });
    const { status, stdout } = await runCli(NDJSON, { url: engine.url, stdin: '{}\n{}\n' });
    expect({ status, stdout }).toEqual({ status: 5, stdout: '' });
  });

  it('ends quietly when nobody reads the receipts', async () => {
    engine = await FakeEngine.start(receipts());
    const { status } = await runCli([...NDJSON, '-q'], {
      url: engine.url,
      stdin: '{}\n'.repeat(1_000),
      closesAfter: 1,
    });
    expect(status).toBe(0);
  });

  it('shows a summary instead of receipts on a terminal', async () => {
    engine = await FakeEngine.start(receipts());
    writeFileSync(join(folder, 'jobs.ndjson'), '{}\n{}\n');
    const { stdout, stderr } = await runCli([...ENQUEUE, '--ndjson', 'jobs.ndjson'], {
      url: engine.url,
      cwd: folder,
      columns: 80,
    });
    expect(stdout).toBe('');
    expect(stderr).toBe('2 jobs enqueued in payment.\n');
  });
});
