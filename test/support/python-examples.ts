import { expect } from 'vitest';
import { eventually } from './eventually.ts';
import { PYTHON_VERSIONS } from './python-sdk.ts';

/** An example that runs: its engine, its worker in Python, and a client beside it. */
export interface RunningExample {
  call(functionId: string, data?: object): Promise<unknown>;
  post(path: string, body: object): Promise<{ status: number; body: unknown }>;
  completed(queue: string, jobs: number): Promise<unknown>;
}

/** A worker in Python next to an example, and what shows that it does the same. */
export interface PythonExample {
  readonly name: string;
  /** The function that the worker registers last. */
  readonly offers: string;
  /** Of the SDK; the head of the file names them too. */
  readonly versions: readonly string[];
  readonly proves: (running: RunningExample) => Promise<void>;
}

export const PYTHON_EXAMPLES: readonly PythonExample[] = [
  {
    name: 'orders',
    offers: 'analytics::track',
    versions: PYTHON_VERSIONS,
    proves: async ({ post, completed }) => {
      const order = { email: 'ada@example.com', total: 149.99 };
      expect(await post('/orders', order)).toEqual({
        status: 201,
        body: { orderId: expect.any(String) },
      });
      expect(await post('/orders', {})).toMatchObject({ status: 400 });
      await completed('payment', 1);
      await completed('email', 1);
    },
  },
  {
    name: 'ledger',
    offers: 'ledger::balance',
    versions: PYTHON_VERSIONS,
    proves: async ({ call, post, completed }) => {
      const submit = (account_id: string, type: string, amount: number) =>
        post('/transactions', { account_id, type, amount });
      expect(await submit('acct_A', 'deposit', 100)).toMatchObject({ status: 202 });
      await submit('acct_A', 'withdraw', 50);
      await submit('acct_B', 'deposit', 200);
      expect(await post('/transactions', { amount: 1 })).toMatchObject({ status: 422 });
      await completed('ledger', 3);
      expect(await call('ledger::balance', { account_id: 'acct_A' })).toEqual({ balance: 50 });
    },
  },
  {
    name: 'bulk-email',
    offers: 'emails::stats',
    versions: PYTHON_VERSIONS,
    proves: async ({ call, completed }) => {
      const recipients = Array.from({ length: 9 }, (_, n) => `user${n + 1}@example.com`);
      expect(await call('campaigns::launch', { recipients })).toEqual({ enqueued: 9 });
      // The refused one waits 5 s; the others go on.
      await completed('bulk-email', 8);
      expect(await call('emails::stats')).toMatchObject({ sent: 8, refused: 1, most: 3 });
      await completed('bulk-email', 9);
    },
  },
  {
    name: 'pipelines',
    offers: 'notifications::list',
    versions: ['0.10.0'],
    proves: async ({ call }) => {
      expect(await call('images::upload', { id: 'flaky' })).toEqual({ id: 'flaky' });
      const done = [{ text: 'flaky is there in 100 pixels' }];
      await eventually(async () => {
        expect(await call('notifications::list')).toEqual(done);
        return true;
      });
    },
  },
  {
    name: 'migration',
    offers: 'mails',
    versions: PYTHON_VERSIONS,
    proves: async ({ call }) => {
      await call('old::create', { id: 1 });
      expect(await call('new::create', { id: 2 })).toEqual({
        messageReceiptId: expect.any(String),
      });
      await eventually(async () => {
        expect(((await call('mails')) as string[]).toSorted()).toEqual(['new 2', 'old 1']);
        return true;
      });
    },
  },
];
