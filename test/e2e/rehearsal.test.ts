import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { AuditView, ErrorCluster, TaskView } from '../../src/admin/bulk-contract.ts';
import type { QueueDetail } from '../../src/admin/contract.ts';
import { registerWorker } from '../../src/sdk/sdk.ts';
import { cliJson, runCli } from '../support/cli-process.ts';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess, temporaryFolder } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';

const JOBS = 10_000;
const ACCOUNTS = 500;
const BATCH = 1_000;
const LIMIT_MS = 180_000;

const CONFIG = engineConfig({
  payment: {
    type: 'fifo',
    message_group_field: 'account',
    max_retries: 1,
    concurrency: 100,
    group_concurrency: 100,
  },
});

interface Payment {
  readonly n: number;
  readonly account: number;
  readonly currency?: string;
}

/** What goes wrong with a payment, by its number. */
const CAUSES: readonly ((payment: Payment) => string)[] = [
  ({ n }) => `HTTP 429 from https://bank.example/charge/${n}`,
  ({ n, account }) => `account "a-${account}" of order ${n} is locked`,
  ({ n }) => `cannot read /var/lib/keys/${n}.pem`,
  ({ n }) => `order ${n} has no currency`,
];
const NO_CURRENCY = 3;

const closing: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe('a queue full of dead jobs', () => {
  it(
    'is found out about, rehearsed, mended at a rate over two crashes, and accounted for',
    async () => {
      const folder = temporaryFolder();
      closing.push(folder.remove);
      const args = ['--store', join(folder.path, 'jobs'), '--log-level', 'warn'];
      let engine = await EngineProcess.start({ config: CONFIG, args });
      closing.push(() => engine.close());
      const { port, url } = engine;
      const json = <Value>(...words: string[]): Promise<Value> =>
        cliJson<Value>(words, { engine, deadlineMs: 60_000 });
      const queue = () => json<QueueDetail>('queue', 'show', 'payment');

      // A worker that fails in four ways, and notes what it ran.
      let isBroken = true;
      const ran: Payment[] = [];
      const worker = registerWorker(url, { token: '', reconnectMs: 20 });
      closing.push(() => worker.shutdown({ graceMs: 0 }));
      worker.registerFunction({ id: 'pay' }, (payment: Payment) => {
        const cause = payment.n % CAUSES.length;
        const isMended = !isBroken && (cause !== NO_CURRENCY || payment.currency === 'EUR');
        if (!isMended) throw new Error(CAUSES[cause]?.(payment));
        ran.push(payment);
        return {};
      });
      const producer = await RawClient.connect(url);
      for (let from = 0; from < JOBS; from += BATCH) {
        const jobs = Array.from({ length: BATCH }, (_, at) => ({
          function_id: 'pay',
          data: { n: from + at, account: Math.floor((from + at) / CAUSES.length) % ACCOUNTS },
        }));
        await producer.call('iii::queue::enqueue_batch', { queue: 'payment', jobs });
      }
      producer.terminate();
      await eventually(async () => (await queue()).dead === JOBS, 60_000);

      // What is wrong: four causes.
      const clusters = await json<ErrorCluster[]>('dlq', 'errors', 'payment');
      expect(clusters.map(({ jobs }) => jobs)).toEqual(Array(4).fill(JOBS / 4));
      const noCurrency = clusters.find(({ message }) => message.includes('no currency'));
      const others = `cluster!=${noCurrency?.cluster ?? ''}`;
      const dead = await json<{ id: string; n: number }[]>('dlq', 'list', 'payment', '--all');
      const deadIds = dead.map(({ id }) => id).sort();

      // One cause is in the payloads: exported, edited, imported.
      const file = join(folder.path, 'no-currency.ndjson');
      const selected = ['--cluster', noCurrency?.cluster ?? ''];
      await runCli(['dlq', 'export', 'payment', ...selected, '--file', file], { engine });
      const edited = readFileSync(file, 'utf8')
        .split('\n')
        .map((line) => line.replace(/"payload":\{/, '"payload":{"currency":"EUR",'));
      expect(edited).toHaveLength(JOBS / 4 + 3);
      writeFileSync(file, edited.join('\n'));
      const untouched = await runCli(['dlq', 'import', '--file', file], { engine });
      expect(untouched.code).toBe(2);
      const counts = { added: 0, replaced: JOBS / 4, unchanged: 0, refused: 0 };
      expect(await json('dlq', 'import', '--file', file, '--dry-run')).toMatchObject(counts);
      expect(await json('dlq', 'import', '--file', file, '--yes')).toMatchObject({
        ...counts,
        edited: true,
      });
      const again = await json('dlq', 'import', '--file', file);
      expect(again).toMatchObject({ replaced: 0, unchanged: JOBS / 4 });

      // The others first with a worker that is still broken: it stops by itself.
      const redrive = ['dlq', 'redrive', 'payment', '--where', others];
      const plan = await json<{ redriven: number }>(...redrive, '--dry-run');
      expect(plan.redriven).toBe((JOBS / 4) * 3);
      const canary = await runCli([...redrive, '--canary', '20', '-o', 'json'], { engine });
      expect(canary.code).toBe(1);
      expect(JSON.parse(canary.stdout)).toMatchObject({ redriven: 20, state: 'stopped' });
      await eventually(async () => (await queue()).dead === JOBS);
      const left = await json<{ id: string }[]>('dlq', 'list', 'payment', '--all');
      expect(left.map(({ id }) => id).sort()).toEqual(deadIds);
      expect(ran).toEqual([]);

      // Mended: at a rate, while the engine is killed twice.
      isBroken = false;
      const task = await json<TaskView>(
        ...['dlq', 'redrive', 'payment', '--canary', '20', '--rate', '1500/s', '--detach'],
      );
      for (const count of [JOBS / 5, JOBS / 2]) {
        await eventually(() => ran.length > count, 60_000);
        engine.kill('SIGKILL');
        await engine.exited;
        engine = await EngineProcess.start({ config: CONFIG, args, port });
      }
      const watched = await json<TaskView>('task', 'watch', task.id);
      expect(watched).toMatchObject({ state: 'done', changed: JOBS, matched: JOBS, skipped: [] });
      await eventually(async () => (await queue()).totals.completed >= JOBS, 60_000);
      expect(await queue()).toMatchObject({
        dead: 0,
        waiting: 0,
        inFlight: 0,
        totals: { enqueued: JOBS, completed: JOBS, redriven: JOBS + 20 },
      });

      // Each ran; only what was under way when the engine was killed ran again.
      expect(new Set(ran.map(({ n }) => n)).size).toBe(JOBS);
      expect(ran.length - JOBS).toBeLessThanOrEqual(2 * 100);
      const lastOf = new Map<number, number>();
      for (const { n, account } of ran) {
        expect(n).toBeGreaterThanOrEqual(lastOf.get(account) ?? 0);
        lastOf.set(account, n);
      }

      // And all of it can be proved.
      const entries = await json<AuditView[]>('audit', '--limit', '1000');
      const told = entries.filter(({ action }) => /task|import/.test(action)).toReversed();
      expect(told.map(({ action, facts }) => [action, facts['state'], facts['changed']])).toEqual([
        ...Array(Math.ceil(JOBS / 4 / 500)).fill(['iii::dlq::import', undefined, undefined]),
        ['iii::task::start', 'running', 0],
        ['task redrive', 'stopped', 20],
        ['iii::task::start', 'running', 0],
        ['task redrive', 'done', JOBS],
      ]);
    },
    LIMIT_MS,
  );
});
