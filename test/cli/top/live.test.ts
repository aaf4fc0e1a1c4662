import { afterEach, expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/clock.ts';
import { FakeEngine } from '../../support/fake-engine.ts';
import { startCli } from '../../support/run-cli.ts';
import { deadJob, mailQueue, NOW, paymentQueue } from '../../support/samples.ts';
import { INFO } from './top-fixture.ts';

const INTERVAL_MS = 1_000;

let engine: FakeEngine | undefined;

afterEach(async () => {
  await engine?.stop();
});

/** An engine that answers the list of queues when told to, except for the first time. */
async function startEngine() {
  const held: (() => void)[] = [];
  const queues = [mailQueue, paymentQueue];
  engine = await FakeEngine.start({
    'iii::engine::info': () => INFO,
    'iii::worker::list': () => ({ workers: [] }),
    'iii::event::list': () => ({ events: [], last: 0 }),
    'iii::dlq::list': () => ({ jobs: [deadJob] }),
    'iii::queue::list': () => {
      const isFirst = engine?.calls.filter(isQueueList).length === 1;
      if (isFirst) return { queues };
      return new Promise((resolve) => held.push(() => resolve({ queues })));
    },
  });
  return { url: engine.url, held };
}

const isQueueList = ({ functionId }: { functionId: string }): boolean =>
  functionId === 'iii::queue::list';

it('keeps what a key did while the engine was asked, and asks for what the key opened', async () => {
  const { url, held } = await startEngine();
  const clock = new ManualClock(NOW);
  const env = { NO_COLOR: '1' };
  const top = startCli(['top'], { url, env, clock, columns: 80, types: '' });
  await top.saw('stdout', paymentQueue.name);

  await clock.advance(INTERVAL_MS);
  await expect.poll(() => held.length).toBe(1);
  top.type('jd');
  await top.saw('stdout', `Dead jobs of ${paymentQueue.name}`);
  held[0]?.();
  // the first question was before the key, and is not the answer to it
  await expect.poll(() => held.length).toBe(2);
  held[1]?.();
  await top.saw('stdout', `> ${deadJob.id}`);

  top.type('q');
  expect((await top.finished).status).toBe(0);
});

it('gives the terminal back while it is stopped, and draws everything again', async () => {
  const { url } = await startEngine();
  const env = { NO_COLOR: '1' };
  const top = startCli(['top'], { url, env, clock: new ManualClock(NOW), columns: 80, types: '' });
  await top.saw('stdout', paymentQueue.name);
  top.type('/pay\u001a');
  await expect.poll(() => top.stdout()).toMatch(/\[\?1049l.*\[\?1049h.*payment.*\/pay_/s);
  top.type('\u0003');
  expect((await top.finished).status).toBe(0);
  expect(top.stdout().endsWith('\u001b[?7h\u001b[?25h\u001b[?1049l')).toBe(true);
});

it('has Escape go back once it is clear that nothing follows', async () => {
  const { url } = await startEngine();
  const clock = new ManualClock(NOW);
  const env = { NO_COLOR: '1' };
  const top = startCli(['top'], { url, env, clock, columns: 80, types: '' });
  await top.saw('stdout', paymentQueue.name);
  top.type('/pay\u001b');
  await top.saw('stdout', '/pay_');
  const before = top.stdout().length;
  await clock.advance(100);
  await expect.poll(() => top.stdout().slice(before)).toContain('sort: name');
  top.type('q');
  expect((await top.finished).status).toBe(0);
});
