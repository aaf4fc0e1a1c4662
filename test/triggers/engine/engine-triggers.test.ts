import { describe, expect, it } from 'vitest';
import { startEngine } from '../../support/engine-fixture.ts';

describe('engine::functions-available', () => {
  const names = (data: unknown): string[] =>
    (data as { functions: { function_id: string }[] }).functions.map((one) => one.function_id);

  it('tells all functions some seconds after they have changed, several changes at once', async () => {
    const { worker, advance } = await startEngine();
    const w = worker();
    w.onDelivery = () => ({});
    w.offer('on-change');
    w.bind('engine::functions-available', 'on-change');
    await advance(60_000);
    expect(w.seen('on-change')).toEqual([]);
    w.offer('a', 'b');
    await advance(4_999);
    expect(w.seen('on-change')).toEqual([]);
    await advance(1);
    const [data, ...more] = w.seen('on-change');
    expect(data).toMatchObject({ event: 'functions_changed' });
    expect(names(data)).toEqual(['a', 'b', 'on-change']);
    expect(more).toEqual([]);
  });

  it('tells nothing when everything is as before', async () => {
    const { worker, advance } = await startEngine();
    const w = worker();
    w.offer('on-change', 'a');
    w.bind('engine::functions-available', 'on-change');
    w.say({ type: 'unregisterfunction', id: 'a' });
    w.offer('a');
    await advance(60_000);
    expect(w.seen('on-change')).toEqual([]);
  });
});

describe('engine::workers-available', () => {
  it('tells at once who has come, told about itself, and gone', async () => {
    const { worker, advance } = await startEngine();
    const watcher = worker();
    watcher.onDelivery = () => ({});
    watcher.offer('on-worker');
    watcher.bind('engine::workers-available', 'on-worker');
    const other = worker();
    const id = (other.sent[0] as { worker_id: string }).worker_id;
    const data = { name: 'other' };
    other.say({ type: 'invokefunction', function_id: 'engine::workers::register', data });
    await advance();
    other.disconnect();
    await advance();
    expect(watcher.seen('on-worker')).toEqual(
      ['worker_connected', 'worker_metadata_updated', 'worker_disconnected'].map((event) => ({
        event,
        worker_id: id,
      })),
    );
  });
});

describe('a trigger that is not written as it should be', () => {
  it.each([
    [
      'cron',
      { expression: '* * * * *', timezon: 'UTC' },
      "timezon means nothing here; did you mean 'timezone'?",
    ],
    ['state', { scop: 'orders' }, "scop means nothing here; did you mean 'scope'?"],
    ['subscribe', { topic: 't', when: 'x' }, 'when means nothing here'],
    ['corn', {}, "it waits: no worker provides its type; did you mean 'cron'?"],
  ])('warns the worker of a %s trigger with %j', async (type, config, warning) => {
    const { worker, logged } = await startEngine();
    const user = worker();
    const id = user.bind(type, 'f', config);
    const told = { type: 'triggerregistrationresult', id, trigger_type: type, function_id: 'f' };
    expect(user.sent[1]).toEqual({ ...told, warnings: [warning] });
    expect(logged.map(({ fields }) => fields)).toContainEqual(
      expect.objectContaining({ type, function: 'f' }),
    );
  });
});

describe('engine::register_trigger', () => {
  const input = { trigger_type: 'cron', function_id: 'f', config: { expression: '* * * * * *' } };

  it('makes a trigger that stays when the caller goes, until it is unregistered', async () => {
    const { worker, admin, advance } = await startEngine();
    const [caller, w] = [worker(), worker()];
    w.onDelivery = () => ({});
    w.offer('f');
    const call = { invocation_id: '00000000-0000-4000-8000-000000000001' };
    const id = 'engine::register_trigger';
    caller.say({ type: 'invokefunction', ...call, function_id: id, data: input });
    await advance();
    const result = caller.results()[0]?.['result'] as { id: string };
    caller.disconnect();
    await advance(2_000);
    expect(w.seen('f')).toHaveLength(2);
    expect(await admin('engine::registered-triggers::list')).toMatchObject({
      registered_triggers: [{ id: result.id, worker_name: 'engine' }],
    });
    expect(await admin('engine::unregister_trigger', result)).toEqual({ removed: true });
    expect(await admin('engine::unregister_trigger', result)).toEqual({ removed: false });
    await advance(2_000);
    expect(w.seen('f')).toHaveLength(2);
  });

  it('answers why a trigger cannot be', async () => {
    const { admin } = await startEngine();
    const bad = { ...input, config: { expression: '99 * * * *' } };
    await expect(admin('engine::register_trigger', bad)).rejects.toMatchObject({
      message: expect.stringContaining("field 'minute'"),
      details: { code: 'trigger_registration_failed' },
    });
  });

  it('waits for the worker that provides the type', async () => {
    const { worker, admin, advance } = await startEngine();
    const provider = worker();
    provider.say({ type: 'registertriggertype', id: 'mailbox', description: 'mail' });
    const wanted = { trigger_type: 'mailbox', function_id: 'f' };
    const answer = (error?: unknown): void => {
      const { id, trigger_type, function_id } = provider.sent.at(-1)!;
      const type = 'triggerregistrationresult';
      provider.say({ type, id, trigger_type, function_id, error });
    };
    const accepted = admin('engine::register_trigger', wanted);
    answer();
    expect(await accepted).toEqual({ id: provider.sent.at(-1)!['id'] });

    const refused = admin('engine::register_trigger', wanted);
    answer({ code: 'trigger_registration_failed', message: 'mailbox full' });
    await expect(refused).rejects.toThrow('mailbox full');

    const ignored = admin('engine::register_trigger', wanted);
    const outcome = expect(ignored).rejects.toThrow('did not answer');
    await advance(10_000);
    await outcome;
    expect(provider.sent.at(-1)).toMatchObject({ type: 'unregistertrigger' });
    expect(await admin('engine::registered-triggers::list')).toMatchObject({
      registered_triggers: [{ trigger_type: 'mailbox' }],
    });
  });

  it.each(['engine::register_trigger', 'engine::unregister_trigger'])(
    '%s needs the right to register',
    async (functionId) => {
      const { worker, advance } = await startEngine();
      const reader = worker({ role: 'operate', tokenName: 'ops' });
      const invocation = { invocation_id: '00000000-0000-4000-8000-000000000002' };
      reader.say({ type: 'invokefunction', ...invocation, function_id: functionId, data: input });
      await advance();
      expect(reader.results()).toMatchObject([{ error: { code: 'FORBIDDEN' } }]);
    },
  );
});

describe('a trigger type that a worker provides', () => {
  it('gets the bindings of others, before or after it came, and hears when they end', async () => {
    const { worker } = await startEngine();
    const [w, provider] = [worker(), worker()];
    const early = w.bind('mailbox', 'f', { folder: 'in' }, { team: 'x' });
    provider.say({ type: 'registertriggertype', id: 'mailbox', description: 'mail' });
    const late = w.bind('mailbox', 'f', {});
    w.unbind(early);
    w.disconnect();
    expect(provider.sent.slice(1)).toMatchObject([
      {
        type: 'registertrigger',
        id: early,
        function_id: 'f',
        config: { folder: 'in' },
        metadata: { team: 'x' },
      },
      { type: 'registertrigger', id: late },
      { type: 'unregistertrigger', id: early, trigger_type: 'mailbox' },
      { type: 'unregistertrigger', id: late },
    ]);
  });

  it('on a type nobody provides waits', async () => {
    const { worker, admin } = await startEngine();
    const w = worker();
    w.bind('unheard-of', 'f', {});
    expect(w.sent.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(await admin('engine::registered-triggers::list')).toMatchObject({
      registered_triggers: [{ trigger_type: 'unheard-of' }],
    });
  });
});
