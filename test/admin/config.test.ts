import { describe, expect, it } from 'vitest';
import type { ConfigApplied, ConfigPlanView, ConfigView } from '../../src/admin/config-contract.ts';
import { queueSettings, writeQueue } from '../../src/config/queue-settings.ts';
import type { QueuePolicy } from '../../src/queue/types.ts';
import { type EngineFixture, policy, startEngine } from '../support/engine-fixture.ts';

const PAYMENT = policy('payment', { type: 'fifo', groupField: 'account', groupConcurrency: 10 });

const wanted = (...policies: readonly QueuePolicy[]) => ({
  queues: Object.fromEntries(policies.map((one) => [one.name, writeQueue(one)])),
});

async function get({ admin }: EngineFixture): Promise<ConfigView> {
  return (await admin('iii::config::get')) as ConfigView;
}

async function plan({ admin }: EngineFixture, input: object): Promise<ConfigPlanView> {
  return (await admin('iii::config::plan', input)) as ConfigPlanView;
}

async function apply({ admin }: EngineFixture, input: object): Promise<ConfigApplied> {
  return (await admin('iii::config::apply', input)) as ConfigApplied;
}

function rejection(promise: Promise<unknown>, code: string): Promise<void> {
  return expect(promise).rejects.toMatchObject({ details: { code } });
}

/** Two accounts with ten jobs each, of which the first ones run. */
async function busy(): Promise<{ engine: EngineFixture; ran: () => unknown[] }> {
  const engine = await startEngine([policy('default'), PAYMENT]);
  const worker = engine.worker();
  for (let n = 0; n < 20; n++) {
    const payload = { account: n % 2, n };
    await engine.enqueue('pay', payload, { queue: 'payment' });
  }
  worker.offer('pay');
  await engine.advance();
  return { engine, ran: () => worker.seen('pay') };
}

describe('iii::config::plan', () => {
  it('calls fifo -> standard destructive, with the jobs that lose their order', async () => {
    const { engine } = await busy();
    const to = wanted(policy('payment'));
    const { changes } = await plan(engine, to);
    expect(changes[0]).toMatchObject({
      ...{ key: 'queues.payment.type', from: 'fifo', to: 'standard', effect: 'destructive' },
      ...{ note: '18 waiting jobs lose their order', jobs: 18 },
    });
  });

  it('refuses queues that a file could not have, with every problem', async () => {
    const engine = await startEngine();
    await rejection(plan(engine, {}), 'INVALID_ARGUMENTS');
    const bad = plan(engine, { queues: { q: { max_retris: 1, concurrency: 0 } } });
    await expect(bad).rejects.toMatchObject({
      message: expect.stringContaining('max_retris') as string,
      details: { code: 'CONFIG_INVALID' },
    });
    await rejection(plan(engine, { queues: {}, settings: [1] }), 'INVALID_ARGUMENTS');
  });
});

describe('iii::config::apply', () => {
  it('disturbs no job in flight, and takes as many at once as it says', async () => {
    const { engine, ran } = await busy();
    expect(ran()).toHaveLength(2);
    const applied = await apply(engine, {
      ...wanted(policy('default', { concurrency: 4 }), { ...PAYMENT, groupConcurrency: 1 }),
      file: 'new.yaml',
    });
    expect(applied).toMatchObject({ applied: 2, left: 0 });
    await engine.advance(60_000);
    expect(ran()).toHaveLength(2);
    const kinds = engine.events.map(({ kind }) => kind);
    expect(kinds).not.toContain('job_returned');
    expect(kinds).not.toContain('stale_answer');
    expect(kinds.filter((kind) => kind === 'attempt_started')).toHaveLength(2);
    expect(engine.engine.queues.inFlight()).toBe(2);
    expect(await engine.admin('iii::queue::get', { queue: 'default' })).toMatchObject({
      config: { concurrency: 4 },
    });
  });

  it('tells from then on where the values come from, and leaves a trace of who did it', async () => {
    const { engine } = await busy();
    const before = await get(engine);
    const operator = engine.worker({ role: 'operate', tokenName: 'night-shift' });
    operator.say({
      ...{ type: 'invokefunction', invocation_id: '11111111-1111-4111-8111-111111111111' },
      function_id: 'iii::config::apply',
      data: { ...wanted(policy('default'), PAYMENT, policy('mail')), file: 'new.yaml' },
    });
    await engine.advance();
    const after = await get(engine);
    expect(after.fingerprint).not.toBe(before.fingerprint);
    const mail = after.settings.filter(({ key }) => key.startsWith('queues.mail.'));
    expect(mail).toHaveLength(queueSettings(policy('mail')).length);
    for (const { origin } of mail) {
      expect(origin).toMatchObject({ kind: 'applied', by: 'night-shift', file: 'new.yaml' });
    }
    expect(after.settings).toContainEqual({
      ...{ key: 'queues.default.type', value: 'standard', origin: { kind: 'default' } },
    });
    expect(await engine.admin('iii::audit::list')).toMatchObject({
      entries: [
        { by: 'night-shift', action: 'iii::config::apply', facts: { applied: 1, left: 0 } },
      ],
    });
    await engine.enqueue('pay', {}, { queue: 'mail' });
  });

  it('is refused after somebody else applied something', async () => {
    const { engine } = await busy();
    const mine = wanted(policy('default', { concurrency: 2 }), PAYMENT);
    const { fingerprint } = await plan(engine, mine);
    await apply(engine, wanted(policy('default', { concurrency: 3 }), PAYMENT));
    await rejection(apply(engine, { ...mine, expects: fingerprint }), 'CONFLICT');
    expect(engine.engine.policies.get('default')?.concurrency).toBe(3);
  });

  it('does nothing destructive without being told to, and not half of it either', async () => {
    const { engine, ran } = await busy();
    const to = wanted(policy('default', { concurrency: 2 }), policy('payment'));
    await rejection(apply(engine, to), 'CONFLICT');
    expect(engine.engine.policies.get('default')?.concurrency).toBe(10);
    await apply(engine, { ...to, destructive: true });
    await engine.advance();
    expect(ran()).toHaveLength(10);
  });

  it('only rehearses with dryRun, and writes nothing down', async () => {
    const { engine } = await busy();
    const { fingerprint } = await get(engine);
    const to = { ...wanted(policy('payment')), dryRun: true };
    expect(await apply(engine, to)).toMatchObject({ applied: 3, left: 0, fingerprint });
    expect((await get(engine)).fingerprint).toBe(fingerprint);
    expect(await engine.admin('iii::audit::list')).toEqual({ entries: [] });
  });

  it('leaves queues that are not wanted, and settings that need a restart', async () => {
    const { engine } = await busy();
    const settings = [{ key: 'max_job_bytes', value: 5 }];
    const applied = await apply(engine, { ...wanted(policy('default')), settings });
    expect(applied.applied).toBe(0);
    expect(applied.changes).toContainEqual(
      expect.objectContaining({ key: 'max_job_bytes', effect: 'restart', from: 1_000_000, to: 5 }),
    );
    expect(engine.engine.policies.get('payment')).toEqual(PAYMENT);
  });

  it('leaves the queue of a subscription to its worker', async () => {
    const engine = await startEngine();
    const worker = engine.worker();
    worker.offer('audit::order');
    worker.bind('durable:subscriber', 'audit::order', { topic: 'orders' });
    await engine.advance();
    const [name] = engine.engine.topics.list().map(({ policy: { name } }) => name);
    await rejection(apply(engine, wanted(policy(name ?? ''))), 'CONFLICT');
  });
});
