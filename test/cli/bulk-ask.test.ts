import { afterEach, describe, expect, it } from 'vitest';
import { fail, FakeEngine } from '../support/fake-engine.ts';
import { task } from '../support/list-answers.ts';
import { runCli } from '../support/run-cli.ts';

let engine: FakeEngine | undefined;

afterEach(async () => {
  await engine?.stop();
  engine = undefined;
});

describe('bulk commands about many jobs', () => {
  it('want more than a y, also when the jobs are of every queue', async () => {
    engine = await FakeEngine.start({
      'iii::bulk::plan': () => ({
        ...{ action: 'discard', queue: null, total: 1_001, groups: [], skipped: [] },
      }),
      'iii::task::start': () => ({ ...task, state: 'done' }),
    });
    const { url, calls } = engine;
    const isStarted = (): boolean =>
      calls.some(({ functionId }) => functionId === 'iii::task::start');
    const discard = ['dlq', 'discard', '--where', 'age>1h'];
    const { stderr } = await runCli(discard, { url, types: 'y\n' });
    expect(stderr).toContain('Type all to go on');
    expect(isStarted()).toBe(false);
    await runCli(discard, { url, types: 'all\n' });
    expect(isStarted()).toBe(true);
  });

  it('say how to find the task when the engine goes away meanwhile', async () => {
    engine = await FakeEngine.start({
      'iii::task::start': () => task,
      'iii::task::wait': () => fail('UNAVAILABLE', 'the engine is stopping'),
    });
    const argv = ['dlq', 'redrive', 'payment', '--rate', '5'];
    const { status, stdout, stderr } = await runCli(argv, { url: engine.url });
    expect([status, stdout]).toEqual([6, '']);
    expect(stderr).toContain('the engine is stopping');
    expect(stderr).toContain(`when the engine runs again: iii task watch ${task.id}`);
  });
});
