import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobExplanation } from '../../src/admin/contract.ts';
import type { GroupDetail } from '../../src/admin/group-contract.ts';
import { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { COMMANDS } from '../../src/cli/tree.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { newFolder } from '../support/file-maker.ts';
import { functionDetail, LIST_ANSWERS } from '../support/list-answers.ts';
import { runCli } from '../support/run-cli.ts';
import { ago, deadJob, jobDetail, NOW, paymentDetail } from '../support/samples.ts';
import { newJob, policyOf, uuidOf } from '../support/store-fixture.ts';

/** Widths of the terminals the screens are kept for. */
const WIDTHS = [40, 80, 200];
const ID = deadJob.id;
const OLDER = '11111111-5d0b-4f43-9d3b-0a8f4f6f2c11';

/** Screens that are shown here. Those of other tests have their golden files there. */
const SCREENS: readonly { readonly argv: readonly string[]; readonly status?: number }[] = [
  { argv: ['queue', 'list'] },
  { argv: ['queue', 'show', 'payment'] },
  { argv: ['job', 'list', '--limit', '3'] },
  { argv: ['job', 'show', ID] },
  { argv: ['job', 'explain', ID] },
  { argv: ['dlq', 'list', 'payment'] },
  { argv: ['dlq', 'show', ID] },
  { argv: ['group', 'list', 'payment'] },
  { argv: ['group', 'show', 'payment', 'txn-1'] },
  { argv: ['topic', 'list'] },
  { argv: ['subscription', 'list'] },
  { argv: ['function', 'list'] },
  { argv: ['function', 'show', 'orders::charge'] },
  { argv: ['trigger-type', 'list'] },
  { argv: ['engine', 'list'] },
  { argv: ['doctor'], status: 1 },
  { argv: ['store', 'info'] },
  { argv: ['store', 'verify'] },
  { argv: ['config', 'validate', 'iii-config.yaml'] },
  { argv: ['context', 'show'] },
  { argv: ['enqueue', 'payment', '--function', 'orders::charge', '--data', '{"amount":12}'] },
];

/** Commands without a screen of their own, by the reason why. */
const WITHOUT: Readonly<Record<string, readonly string[]>> = {
  'it says one sentence, which is not cut': [
    ...['publish', 'queue pause', 'queue resume', 'queue drain', 'job cancel', 'job edit'],
    ...['group skip', 'group park', 'group resume', 'task pause', 'task resume', 'task cancel'],
    ...['undo apply', 'topic unsubscribe', 'wait', 'store backup', 'version'],
    ...['context use', 'context add', 'context remove'],
  ],
  'it shows the plan that dlq redrive shows': [
    ...['queue purge', 'job retry', 'job move', 'dlq discard', 'dlq purge'],
  ],
  'it ends with what task show shows': ['task watch'],
  'a line each, or JSON, as long as it is': ['logs', 'trigger', 'dlq export', 'dlq import'],
  'its lines are kept by test/cli/serve.test.ts and test/e2e': ['serve', 'worker run', 'demo'],
  'its screens are kept in test/cli/top': ['top'],
  'test/cli/help.test.ts looks at its width': ['help'],
  'a text to be copied whole': ['token create', 'completion', 'config schema', '__complete'],
  'its tables are kept by the queues of other screens': ['store migrate'],
};

const explanation: JobExplanation = {
  job: { ...jobDetail, state: 'waiting', attempts: 0, maxAttempts: 10 },
  kind: 'paused',
  reasons: [
    { kind: 'paused', text: "queue 'payment' is paused", change: 'iii queue resume payment' },
    {
      kind: 'behind',
      text: `it is behind job ${OLDER} of its group "txn-1", which is delayed`,
      change: `iii job explain ${OLDER}`,
      jobId: OLDER,
    },
  ],
};
const [group] = LIST_ANSWERS['iii::group::list']().groups;
const follower = { functionId: 'orders::charge', attempts: 0, enqueuedAt: ago(30_000) };
const groupDetail = {
  ...group,
  queue: 'payment',
  failure: { at: ago(5_000), worker: 'till', error: deadJob.error },
  reasons: explanation.reasons,
  parked: null,
  behind: [{ id: ID, ...follower }],
} as GroupDetail;
const info = {
  ...{ version: '1.2.3', protocol: '0.22', pid: 1, startedAt: ago(60_000), now: ago(0) },
  ...{ store: 'file', guarantee: 'on disk: synced before the receipt is sent', dataDir: './data' },
};
/** It failed twice, and is dead. */
const job = {
  ...jobDetail,
  maxAttempts: 2,
  attempts: 2,
  history: [1, 2].map((attempt) => ({
    ...jobDetail.history[0],
    attempt,
    startedAt: ago(240_000 / attempt),
    endedAt: ago(240_000 / attempt - 1_500),
  })),
};

let engine: FakeEngine;
let cwd: string;

beforeAll(async () => {
  engine = await FakeEngine.start({
    ...LIST_ANSWERS,
    'iii::queue::get': () => paymentDetail,
    'iii::job::get': () => job,
    'iii::job::explain': () => explanation,
    'iii::group::get': () => groupDetail,
    'iii::function::get': () => functionDetail,
    'iii::engine::info': () => info,
    enqueue: () => ({ messageReceiptId: ID }),
  });
  cwd = newFolder();
  const path = join(cwd, 'data', 'queue_store');
  mkdirSync(path, { recursive: true });
  const clock = new ManualClock(NOW);
  const store = new FileStore({ clock, log: silentLogger, path });
  await store.open([policyOf('q')]);
  await store.append([1, 2, 3].map((n) => newJob(uuidOf(n), NOW)));
  await store.close();
  writeFileSync(
    join(cwd, 'iii-config.yaml'),
    `workers:
  - name: iii-queue
    config:
      queue_configs:
        payment: { type: fifo, message_group_field: transaction_id, max_retries: 10 }
        mail: { concurrency: 20 }
`,
  );
});

afterAll(() => engine.stop());

/** What differs from machine to machine. */
function settle(text: string): string {
  return text
    .replaceAll(cwd, '/srv/orders')
    .replaceAll(engine.url, 'ws://10.0.0.1:49134')
    .replaceAll(/\d+\.\d MiB/g, '0.1 MiB');
}

const nameOf = (argv: readonly string[]): string => argv.slice(0, 2).join('-');
const golden = (name: string, columns: number): string => `golden/${name}-${columns}.txt`;

describe('the screen', () => {
  it.each(SCREENS.flatMap((screen) => WIDTHS.map((columns) => ({ ...screen, columns }))))(
    'of $argv at $columns columns',
    async ({ argv, status = 0, columns }) => {
      const result = await runCli([...argv, '--color', 'never'], {
        url: engine.url,
        clock: new ManualClock(NOW),
        cwd,
        columns,
      });
      expect(result).toMatchObject({ status });
      const [first = '', second] = argv;
      const name = COMMANDS.some(({ path }) => path.length === 2 && path[0] === first)
        ? nameOf([first, second ?? ''])
        : first;
      await expect(settle(result.stdout)).toMatchFileSnapshot(golden(name, columns));
    },
  );

  it('never shows a part of an id, which nobody could copy', () => {
    const folder = new URL('golden/', import.meta.url);
    const cut = readdirSync(folder).filter((file) =>
      /[0-9a-f]{8}[0-9a-f-]*…/.test(readFileSync(new URL(file, folder), 'utf8')),
    );
    expect(cut).toEqual([]);
  });

  it('is kept for every command, or there is a reason not to', () => {
    const reasons = new Set(Object.values(WITHOUT).flat());
    const isKept = (name: string): boolean =>
      [name, `${name}-`].some((file) =>
        existsSync(new URL(golden(file, WIDTHS[0] ?? 0), import.meta.url)),
      );
    const open = COMMANDS.map(({ path }) => path)
      .filter((path) => isKept(path.join('-')) === reasons.has(path.join(' ')))
      .map((path) => path.join(' '));
    expect(open).toEqual([]);
  });
});
