import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { registerWorker, type Worker } from '../../src/sdk/sdk.ts';
import { BINARY, cleanEnvironment, EngineProcess } from '../support/engine-process.ts';
import { eventually, within } from '../support/eventually.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

interface Running {
  /** Calls functions, as the command line would. */
  readonly iii: Worker;
  post(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Counts of a queue since the engine started. */
  totals(queue: string): Promise<{ completed: number; failed: number; dead: number }>;
  /** What the worker has printed. */
  printed(): string;
}

interface Example {
  readonly name: string;
  /** Words after `node`. */
  readonly worker: readonly string[];
  /** A function that is there once the worker is ready. */
  readonly offers: string;
  readonly proves: (running: Running) => Promise<void>;
}

const RUN = [BINARY, 'worker', 'run'];

const CASES: readonly Example[] = [
  {
    name: 'orders',
    worker: ['worker.mjs'],
    offers: 'analytics::track',
    proves: async ({ post, totals, printed }) => {
      const created = await post('/orders', { email: 'ada@example.com', total: 149.99 });
      expect(created).toEqual({ status: 201, body: { orderId: expect.any(String) } });
      expect(await post('/orders', { email: 'ada@example.com' })).toMatchObject({ status: 400 });
      for (const queue of ['payment', 'email']) {
        await eventually(async () => (await totals(queue)).completed === 1);
      }
      await eventually(() => printed().includes('order_created'));
    },
  },
  {
    name: 'ledger',
    worker: ['worker.mjs'],
    offers: 'ledger::balance',
    proves: async ({ iii, post, totals }) => {
      const submit = (account_id: string, type: string, amount: number) =>
        post('/transactions', { account_id, type, amount });
      expect(await submit('acct_A', 'deposit', 100)).toEqual({
        status: 202,
        body: { receiptId: expect.any(String) },
      });
      await submit('acct_A', 'withdraw', 70);
      await submit('acct_B', 'deposit', 5);
      await submit('acct_A', 'withdraw', 50);
      expect(await post('/transactions', { amount: 1 })).toMatchObject({ status: 422 });
      await eventually(async () => (await totals('ledger')).dead === 1);
      expect(await iii.call('ledger::balance', { account_id: 'acct_A' })).toEqual({ balance: 30 });
      expect(await iii.call('ledger::balance', { account_id: 'acct_B' })).toEqual({ balance: 5 });
      expect(await iii.call('iii::dlq::list', { queue: 'ledger' })).toMatchObject({
        jobs: [{ reason: 'non_retryable', error: { message: 'Insufficient funds' } }],
      });
    },
  },
  {
    name: 'bulk-email',
    worker: ['worker.mjs'],
    offers: 'emails::stats',
    proves: async ({ iii, totals }) => {
      const recipients = Array.from({ length: 30 }, (_, n) => `user${n + 1}@example.com`);
      expect(await iii.call('campaigns::launch', { recipients })).toEqual({ enqueued: 30 });
      await eventually(async () => (await totals('bulk-email')).completed === 30);
      expect(await iii.call('emails::stats')).toMatchObject({ sent: 30, refused: 6, most: 3 });
    },
  },
  {
    name: 'background-worker',
    worker: [...RUN, 'steps'],
    offers: 'notify-completion',
    proves: async ({ iii, post }) => {
      expect(await post('/messages', {})).toMatchObject({ status: 400 });
      const urgent = { text: 'fail once', priority: 'high' };
      expect(await post('/messages', urgent)).toMatchObject({ status: 202 });
      const notified = await eventually(async () => {
        const list = await iii.call<{ id: string }[]>('state::list', { scope: 'notified' });
        return list.length === 1 && list[0];
      });
      const messages = await iii.call('state::list', { scope: 'messages' });
      const done = { status: 'done', text: 'fail once', result: 'FAIL ONCE' };
      expect(messages).toEqual([{ id: notified.id, ...done }]);
      expect(await iii.call('cleanup-messages')).toEqual({ removed: 1 });
      expect(await iii.call('state::list', { scope: 'messages' })).toEqual([]);
    },
  },
  {
    name: 'payment-dlq',
    worker: ['worker.mjs'],
    offers: 'payments::charge',
    proves: async ({ iii }) => {
      const payload = { transaction_id: 'txn-1', amount: 49.99 };
      await iii.enqueueBatch([{ function_id: 'payments::charge', payload }], { queue: 'payment' });
      const dead = await eventually(async () => {
        const { jobs } = await iii.call<{ jobs: unknown[] }>('iii::dlq::list', {
          queue: 'payment',
        });
        return jobs.length === 1 && jobs[0];
      });
      expect(dead).toMatchObject({ reason: 'exhausted', error: { code: 'gateway_down' } });
      await iii.call('gateway::repair');
      expect(await iii.call('iii::queue::redrive', { queue: 'payment' })).toMatchObject({
        redriven: 1,
      });
      await eventually(async () => (await iii.call<string[]>('gateway::charged')).length === 1);
      expect(await iii.call('gateway::charged')).toEqual(['txn-1']);
    },
  },
  {
    name: 'topic-fan-out',
    worker: [...RUN, 'orders.mjs'],
    offers: 'process-order',
    proves: async ({ iii }) => {
      await iii.call('create-order', { id: 1, total: 10, priority: 'high' });
      await iii.publish('orders', { id: 2, total: -1 });
      await eventually(async () => {
        expect(await iii.call('list-seen')).toEqual({ processed: [1], urgent: [1], failed: [2] });
        return true;
      });
      expect(await iii.call('queue.dlq_count', { topic: 'orders' })).toBe(1);
    },
  },
  {
    name: 'pipelines',
    worker: ['worker.mjs'],
    offers: 'notifications::list',
    proves: async ({ iii, totals }) => {
      expect(await iii.call('images::upload', { id: 'flaky' })).toEqual({ id: 'flaky' });
      const done = await eventually(async () => {
        const list = await iii.call<{ text: string }[]>('notifications::list');
        return list.length === 1 && list;
      });
      expect(done[0]!.text).toBe('flaky is there in 100 pixels');
      expect(await totals('images')).toMatchObject({ completed: 2, failed: 1 });
    },
  },
  {
    name: 'migration',
    worker: ['worker.mjs'],
    offers: 'mails',
    proves: async ({ iii }) => {
      await iii.call('old::create', { id: 1 });
      expect(await iii.call('new::create', { id: 2 })).toEqual({
        messageReceiptId: expect.any(String),
      });
      await eventually(async () => (await iii.call<string[]>('mails')).length === 2);
      expect((await iii.call<string[]>('mails')).toSorted()).toEqual(['new 2', 'old 1']);
    },
  },
];

const closing: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start({ name, worker, offers }: Example): Promise<Running> {
  const folder = `${EXAMPLES}/${name}`;
  const engine = await EngineProcess.start({
    config: readFileSync(`${folder}/iii-config.yaml`, 'utf8'),
  });
  closing.push(() => engine.close());
  let printed = '';
  const child = spawn(process.execPath, [...worker], {
    cwd: folder,
    env: cleanEnvironment({ III_URL: engine.url, HOME: engine.folder }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  closing.push(async () => {
    child.kill('SIGTERM');
    // An example ends by itself, in order, when it is asked to.
    expect(await within(ended, 10_000, `the end of ${name}: ${printed}`)).toBe(0);
  });
  const iii = registerWorker(engine.url, { token: '' });
  closing.push(() => iii.shutdown());
  await eventually(async () => {
    const { functions } = await iii.call<{ functions: { functionId: string }[] }>(
      'iii::function::list',
      {},
    );
    return functions.some(({ functionId }) => functionId === offers);
  });
  return {
    iii,
    post: async (path, body) => {
      const response = await fetch(`${engine.ready.httpUrl ?? ''}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return {
        status: response.status,
        body: (await response.json()) as Record<string, unknown>,
      };
    },
    totals: async (queue) => {
      const { queues } = await iii.call<{
        queues: { name: string; totals: { completed: number; failed: number; dead: number } }[];
      }>('iii::queue::list', {});
      return queues.find((one) => one.name === queue)!.totals;
    },
    printed: () => printed,
  };
}

describe('the examples', () => {
  it.each(CASES)('$name does what its page says', async (example) => {
    await example.proves(await start(example));
  });

  it('are all run here, and each has a configuration and a page', () => {
    const folders = readdirSync(EXAMPLES).toSorted();
    expect(folders).toEqual(CASES.map(({ name }) => name).toSorted());
    for (const folder of folders) {
      const files = readdirSync(`${EXAMPLES}/${folder}`);
      expect(files).toEqual(expect.arrayContaining(['README.md', 'iii-config.yaml']));
    }
  });
});
