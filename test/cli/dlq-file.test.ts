import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { fail, FakeEngine } from '../support/fake-engine.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { deadJob, NOW } from '../support/samples.ts';

let engine: FakeEngine | undefined;
let folder: string | undefined;

afterEach(async () => {
  await engine?.stop();
  engine = undefined;
  if (folder !== undefined) rmSync(folder, { recursive: true });
  folder = undefined;
});

const ID = deadJob.id;

async function run(argv: readonly string[], more: Parameters<typeof runCli>[1] = {}) {
  if (engine === undefined) throw new Error('no engine was started');
  return runCli(argv, { url: engine.url, clock: new ManualClock(NOW), ...more });
}

const input = (functionId: string): unknown =>
  engine?.calls.find((call) => call.functionId === functionId)?.data;

describe('files of dead jobs', () => {
  const { payload: _payload, ...exported } = {
    ...deadJob,
    payloadText: '{"big":9007199254740993, "a":1.0}',
  };

  async function exportFile(): Promise<string> {
    engine = await FakeEngine.start({
      'iii::bulk::plan': () => ({ total: 1, skipped: [] }),
      'iii::dlq::export': () => ({ jobs: [exported], nextCursor: null }),
      'iii::dlq::import': ({ data }: { readonly data: unknown }) => ({
        jobs: (data as { jobs: { id: string }[] }).jobs.map(({ id }) => ({
          ...{ id, outcome: 'replaced', why: null, changes: ['payload'] },
        })),
      }),
    });
    return (await run(['dlq', 'export', 'payment'])).stdout;
  }

  it('have a header, a line per job with its exact payload, and a last line', async () => {
    const [header = '', job = '', end = ''] = (await exportFile()).split('\n');
    expect(JSON.parse(header)).toMatchObject({
      type: 'header',
      schema: 'iii-dlq/1',
      queue: 'payment',
    });
    expect(job).toContain('"payload":{"big":9007199254740993, "a":1.0}');
    expect(JSON.parse(end)).toMatchObject({
      type: 'end',
      count: 1,
      checksum: expect.stringMatching(/^sha256:/),
    });
  });

  it('are the same when only their writing changed, and edited when their values did', async () => {
    const text = await exportFile();
    const rewritten = text.replace(', "a":1.0', ',  "a": 1');
    const same = await run(['dlq', 'import', '--yes', '--json'], { stdin: rewritten });
    expect(JSON.parse(same.stdout)).toMatchObject({ edited: false, replaced: 1, queue: 'payment' });
    const edited = await run(['dlq', 'import', '--yes', '--json'], {
      stdin: text.replace('1.0', '2'),
    });
    expect(JSON.parse(edited.stdout)).toMatchObject({ edited: true });
    expect(edited.stderr).toContain('its jobs were edited since it was exported');
    expect(input('iii::dlq::import')).toMatchObject({
      jobs: [{ id: ID, payloadText: '{"big":9007199254740993,  "a": 1}' }],
    });
  });

  it('are told on stdout what became of their jobs', async () => {
    const text = await exportFile();
    const { stdout, stderr } = await run(['dlq', 'import', '--yes'], { stdin: text });
    expect(stdout).toBe('0 jobs added, 1 replaced, 0 as they were, 0 refused.\n');
    expect(stderr).toBe('');
  });

  it('replace nothing without being told to, and say per job what would change', async () => {
    const text = await exportFile();
    const refused = await run(['dlq', 'import'], { stdin: text });
    expect(refused.status).toBe(2);
    expect(
      engine?.calls.filter(({ data }) => (data as { dryRun?: boolean }).dryRun === false),
    ).toEqual([]);
    const { stdout, status } = await run(['dlq', 'import', '--dry-run'], {
      stdin: text,
      columns: 80,
    });
    expect(status).toBe(0);
    expect(stdout).toContain('payload');
  });

  it.each([
    [
      'cut',
      (text: string) => text.split('\n').slice(0, 2).join('\n'),
      'last line, with the checksum, is missing',
    ],
    [
      'without its head',
      (text: string) => text.split('\n').slice(1).join('\n'),
      'first line, the header, is missing',
    ],
    [
      'broken',
      (text: string) => text.replace('{"type":"job"', '{"type":"job"}{'),
      'line 2 of standard input cannot be read',
    ],
    [
      'of another kind',
      (text: string) => text.replace('iii-dlq/1', 'iii-dlq/9'),
      'its schema is "iii-dlq/9"',
    ],
    ['longer than its end', (text: string) => `${text}{}\n`, 'lines behind the last one'],
  ])('that are %s are refused before anything is done', async (_name, spoil, message) => {
    const text = await exportFile();
    const { status, stderr } = await run(['dlq', 'import', '--yes'], { stdin: spoil(text) });
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(input('iii::dlq::import')).toBeUndefined();
  });

  it.each([
    ['of a queue that is not there', 'nope', 'dead.ndjson', 5],
    ['into a folder that is not there', 'payment', 'nowhere/dead.ndjson', 1],
  ])('%s end at once, and not only in the words', async (_, queue, file, status) => {
    folder = mkdtempSync(join(tmpdir(), 'iii-dlq-'));
    engine = await FakeEngine.start({
      'iii::bulk::plan': ({ data }) =>
        (data as { queue: string }).queue === 'nope'
          ? fail('QUEUE_NOT_FOUND', 'no such queue')
          : { total: 0, skipped: [] },
    });
    const clock = new ManualClock(NOW);
    const argv = ['dlq', 'export', queue, '--file', file];
    const cli = startCli(argv, { url: engine.url, clock, cwd: folder });
    expect((await cli.finished).status).toBe(status);
    await clock.advance(60_000);
    expect(cli.stderr()).not.toContain('exporting dead jobs');
  });

  it('may be files on disk', async () => {
    folder = mkdtempSync(join(tmpdir(), 'iii-dlq-'));
    const text = await exportFile();
    await run(['dlq', 'export', 'payment', '--file', 'dead.ndjson'], { cwd: folder });
    const [, ...written] = readFileSync(join(folder, 'dead.ndjson'), 'utf8').split('\n');
    expect(written).toEqual(text.split('\n').slice(1));
    writeFileSync(join(folder, 'dead.ndjson'), text);
    const argv = ['dlq', 'import', '--file', 'dead.ndjson', '--yes'];
    expect((await run(argv, { cwd: folder })).stdout).toContain('1 replaced');
  });
});
