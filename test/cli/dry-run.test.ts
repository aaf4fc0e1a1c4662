import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ADMIN_ROLES, type AdminFunctionId } from '../../src/admin/contract.ts';
import { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { COMMANDS, namesOf } from '../../src/cli/tree.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { newFolder } from '../support/file-maker.ts';
import { LIST_ANSWERS } from '../support/list-answers.ts';
import { runCli } from '../support/run-cli.ts';
import { deadJob, NOW, paymentDetail } from '../support/samples.ts';

let engine: FakeEngine | undefined;

afterEach(async () => {
  await engine?.stop();
  engine = undefined;
});

/** Commands without --dry-run, by the reason why. */
const WITHOUT: Readonly<Record<string, readonly string[]>> = {
  'it only looks': [
    ...['queue list', 'queue show', 'job list', 'job show', 'job explain', 'dlq list', 'dlq show'],
    ...['dlq errors', 'group list', 'group show', 'task list', 'task show', 'undo list', 'audit'],
    ...['topic list', 'subscription list', 'trigger-type list', 'engine list', 'worker list'],
    ...[
      'function list',
      'function show',
      'context list',
      'context show',
      'config validate',
      'config show',
    ],
    ...['config schema', 'config plan', 'store verify', 'store info', 'doctor', 'logs'],
    ...['help', 'version', 'completion', '__complete'],
  ],
  'it only waits': ['task watch', 'wait'],
  'it runs until it is ended': ['serve', 'worker run', 'demo'],
  'it asks before each change, on a screen': ['top'],
  'it writes only the file it is asked for': ['dlq export'],
  'it prints what it made and keeps nothing': ['token create'],
};

/** Commands with --dry-run that change something else than what an engine has. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'context use': 'context.test.ts',
  'context add': 'context.test.ts',
  'context remove': 'context.test.ts',
  'config apply': 'config-apply.test.ts',
  'store backup': 'below',
  'store migrate': 'stores/migrate.test.ts',
  bench: 'bench.test.ts',
};

const ID = deadJob.id;
const plan = { total: 1, byFunction: [], sample: [ID], groups: [], skipped: [] };
const group = { queue: 'payment', group: '"txn-1"', id: ID, functionId: 'orders::charge' };
const task = LIST_ANSWERS['iii::task::list']().tasks[0];
const { payload: _payload, ...exported } = deadJob;

const ANSWERS = {
  ...LIST_ANSWERS,
  'iii::queue::get': () => paymentDetail,
  'iii::queue::pause': () => ({ queue: 'payment', paused: true, changed: true }),
  'iii::queue::resume': () => ({ queue: 'payment', paused: false, changed: true }),
  'iii::bulk::plan': () => ({ ...plan, action: 'x', queue: 'payment' }),
  'iii::job::cancel': () => ({ cancelled: 1, skipped: [] }),
  'iii::job::edit': () => ({ id: ID, changed: true, changes: ['payload'] }),
  'iii::group::skip': () => ({ ...group, nextId: null }),
  'iii::group::park': () => ({ ...group, until: null }),
  'iii::group::resume': () => ({ ...group, changed: true }),
  'iii::dlq::redrive': () => ({ queue: 'payment', redriven: 1, dryRun: true, plan }),
  'iii::dlq::discard': () => ({ queue: 'payment', discarded: 1, dryRun: true, plan }),
  'iii::dlq::export': () => ({ jobs: [exported], nextCursor: null }),
  'iii::dlq::import': () => ({ jobs: [{ id: ID, outcome: 'added', why: null, changes: [] }] }),
  'iii::task::pause': () => task,
  'iii::task::resume': () => task,
  'iii::task::cancel': () => task,
  'iii::undo::apply': () => ({ id: 't', restored: 1, skipped: 0 }),
  'iii::topic::unsubscribe': () => ({ topic: 't', functionId: 'f', jobsLeft: 1 }),
};

/** What is typed after each command to change something. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  enqueue: ['payment', '--function', 'orders::charge'],
  trigger: ['orders::charge', 'amount=12'],
  publish: ['order.created', '--data', '{}'],
  'queue pause': ['payment'],
  'queue resume': ['payment'],
  'queue drain': ['payment'],
  'queue purge': ['payment'],
  'job cancel': [ID],
  'job retry': [ID],
  'job move': [ID, '--to', 'slow'],
  'job edit': [ID, '--data', '{}'],
  'group skip': ['payment', 'txn-1'],
  'group park': ['payment', 'txn-1'],
  'group resume': ['payment', 'txn-1'],
  'dlq redrive': ['payment'],
  'dlq discard': ['payment', '--all'],
  'dlq purge': ['payment'],
  'dlq import': ['payment'],
  'task pause': ['3f0e6c1e'],
  'task resume': ['3f0e6c1e'],
  'task cancel': ['3f0e6c1e'],
  'undo apply': ['3f0e6c1e'],
  'topic unsubscribe': ['t', 'f'],
};

const named = COMMANDS.map(({ path, options = [] }) => ({
  name: path.join(' '),
  hasDryRun: options.some((option) => namesOf(option).includes('--dry-run')),
}));

async function run(argv: readonly string[], stdin?: string) {
  engine ??= await FakeEngine.start(ANSWERS);
  return runCli(argv, {
    url: engine.url,
    clock: new ManualClock(NOW),
    ...(stdin === undefined ? {} : { stdin }),
  });
}

describe('--dry-run', () => {
  it('is there on every command that changes something, and the others have a reason', () => {
    const reasons = new Set(Object.values(WITHOUT).flat());
    const unexplained = named.filter(({ name, hasDryRun }) => hasDryRun === reasons.has(name));
    expect(unexplained.map(({ name }) => name)).toEqual([]);
  });

  const changing = named.filter(({ name, hasDryRun }) => hasDryRun && !(name in ELSEWHERE));

  it.each(changing)('of iii $name changes nothing, and says so in JSON', async ({ name }) => {
    const words = WORDS[name] ?? [];
    const file =
      name === 'dlq import' ? (await run(['dlq', 'export', 'payment'])).stdout : undefined;
    const { status, stdout, stderr } = await run(
      [...name.split(' '), ...words, '--dry-run', '-o', 'json'],
      file,
    );
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: true });
    expect(engine?.calls.filter(changes)).toEqual([]);
    expect(engine?.calls.length).toBeGreaterThan(0);
  });
});

/** Whether a call does something other than look or rehearse. */
function changes({
  functionId,
  data,
  action,
}: {
  functionId: string;
  data: unknown;
  action: unknown;
}) {
  if (action !== null) return true;
  const role = (ADMIN_ROLES as Partial<typeof ADMIN_ROLES>)[functionId as AdminFunctionId];
  if (role === 'read') return false;
  return (data as { readonly dryRun?: boolean } | undefined)?.dryRun !== true;
}

describe('what a rehearsal says', () => {
  it('of publish: who would get the message', async () => {
    const { stdout } = await run(['publish', 'order.created', '--dry-run']);
    expect(stdout).toBe(
      '2 subscriptions of order.created would get it: mails::send, warehouse::reserve-what-was-ordered.\n',
    );
    const nobody = await run(['publish', 'elsewhere', '--dry-run']);
    expect(nobody.stdout).toContain('Nobody is subscribed to elsewhere');
    const wrong = await run(['publish', 'order.created', '--dry-run', '--data', '{']);
    expect(wrong.status).toBe(2);
  });

  it('of trigger: who offers the function, and the payload as it is written', async () => {
    const argv = ['trigger', 'orders::charge', 'n=9007199254740993', '--dry-run'];
    const { stdout } = await run([...argv, '-o', 'json']);
    expect(stdout).toContain('"payload":{"n":9007199254740993}');
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'worker', workers: ['till', 'till-2'] });
    expect((await run(['trigger', 'nobody::offers', '--dry-run'])).status).toBe(5);
  });

  it('of a task: the state it would have', async () => {
    const { stdout } = await run(['task', 'pause', '3f0e6c1e', '--dry-run']);
    expect(stdout).toBe('Task 3f0e6c1e would be running after 3 jobs.\n');
  });
});

describe('the rehearsal of a backup', () => {
  it('reads the store and writes nothing', async () => {
    const cwd = newFolder();
    const path = join(cwd, 'data', 'queue_store');
    const store = new FileStore({ clock: new ManualClock(NOW), log: silentLogger, path });
    await store.open([]);
    await store.close();
    const argv = ['store', 'backup', 'data/queue_store', 'copy', '--dry-run'];
    const { status, stdout } = await runCli([...argv, '-o', 'json'], { cwd });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ to: join(cwd, 'copy'), dryRun: true });
    expect(existsSync(join(cwd, 'copy'))).toBe(false);
    const full = ['store', 'backup', 'data/queue_store', 'data', '--dry-run'];
    expect((await runCli(full, { cwd })).status).toBe(7);
  });
});
