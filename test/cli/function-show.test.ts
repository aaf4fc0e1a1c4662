import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeEngine, fail } from '../support/fake-engine.ts';
import { functionDetail } from '../support/list-answers.ts';
import { runCli } from '../support/run-cli.ts';

describe('iii function show', () => {
  let engine: FakeEngine;

  beforeAll(async () => {
    engine = await FakeEngine.start({
      'iii::function::get': ({ data }) => {
        const { functionId } = data as { functionId: string };
        if (functionId === 'mails::idle') {
          const nobody = { kind: null, offers: [], elsewhere: 0, workers: [], inFlight: 0 };
          return { ...functionDetail, functionId, ...nobody };
        }
        if (functionId === functionDetail.functionId) return functionDetail;
        const hint = "Did you mean 'orders::charge'? All functions: iii function list";
        return fail('function_not_found', 'it is not known', { hint });
      },
    });
  });
  afterAll(() => engine.stop());

  const show = (...words: readonly string[]) =>
    runCli(['function', 'show', ...words], { url: engine.url });

  it.each([
    { argv: ['-o', 'json'], begins: '{"functionId":"orders::charge",' },
    { argv: ['--json'], begins: '{"functionId":"orders::charge",' },
    { argv: ['-o', 'ndjson'], begins: '{"functionId":"orders::charge",' },
    { argv: ['-o', 'yaml'], begins: 'functionId: orders::charge\n' },
    { argv: ['-o', 'name'], begins: 'orders::charge\n' },
    { argv: [], begins: 'function    orders::charge\n' },
  ])('prints it with $argv', async ({ argv, begins }) => {
    const { status, stdout } = await show('orders::charge', ...argv);
    expect({ status, begin: stdout.slice(0, begins.length) }).toEqual({ status: 0, begin: begins });
    if (begins.startsWith('{')) expect(JSON.parse(stdout)).toEqual(functionDetail);
  });

  it('says that nobody offers it, which is why its jobs wait', async () => {
    const { stdout } = await show('mails::idle');
    expect(stdout).toContain('offered by  nobody: its jobs wait');
  });

  it('ends 5 with the nearest name when there is no such function', async () => {
    const { status, stdout, stderr } = await show('orders::chrage');
    expect({ status, stdout }).toEqual({ status: 5, stdout: '' });
    expect(stderr).toContain("hint: Did you mean 'orders::charge'? All functions: iii function");
  });

  it.each([[[]], [['a', 'b']], [['a', '--internal']]])('ends 2 with %j', async (words) => {
    expect(await show(...words)).toMatchObject({ status: 2, stdout: '' });
  });
});
