import { describe, expect, it } from 'vitest';
import { startEngine, type FakeWorker } from '../../support/engine-fixture.ts';

const types = (w: FakeWorker, functionId: string) =>
  w.seen(functionId).map((data) => (data as { event_type: string }).event_type);

describe('state functions', () => {
  it('set, get, list, delete and group values', async () => {
    const { admin } = await startEngine();
    const at = { scope: 'users', key: '7' };
    expect(await admin('state::get', at)).toBeUndefined();
    expect(await admin('state::set', { ...at, value: { n: 1 } })).toEqual({
      old_value: null,
      new_value: { n: 1 },
    });
    expect(await admin('state::set', { ...at, data: 2 })).toEqual({
      old_value: { n: 1 },
      new_value: 2,
    });
    expect(await admin('state::get', at)).toBe(2);
    await admin('state::set', { scope: 'users', key: '10', value: 'ten' });
    await admin('state::set', { scope: 'carts', key: '1', value: null });
    expect(await admin('state::list', { scope: 'users' })).toEqual(['ten', 2]);
    expect(await admin('state::list_groups')).toEqual({ groups: ['carts', 'users'] });
    expect(await admin('state::delete', at)).toBe(2);
    expect(await admin('state::delete', at)).toBeUndefined();
    expect(await admin('state::list', { scope: 'nothing' })).toEqual([]);
  });

  it('give a value back as the text it was', async () => {
    const { engine, worker } = await startEngine();
    const text = '{"id":12345678901234567890,"price":1.0,"__proto__":{"x":1}}';
    await engine.call('state::set', `{"scope":"s","key":"k","value": ${text} }`);
    expect(await engine.call('state::get', '{"scope":"s","key":"k"}')).toBe(text);
    expect(await engine.call('state::list', '{"scope":"s"}')).toBe(`[${text}]`);
    expect(worker().sent).toHaveLength(1);
  });

  it('update a value, and tell of operations that could not be applied', async () => {
    const { admin } = await startEngine();
    const ops = [
      { type: 'increment', path: 'n', by: 2 },
      { type: 'set', path: '__proto__', value: 1 },
    ];
    expect(await admin('state::update', { scope: 's', key: 'k', ops })).toEqual({
      old_value: null,
      new_value: { n: 2 },
      errors: [{ op_index: 1, code: 'set.path.proto_polluted', message: expect.any(String) }],
    });
    expect(await admin('state::update', { scope: 's', key: 'k', ops: ops.slice(0, 1) })).toEqual({
      old_value: { n: 2 },
      new_value: { n: 4 },
    });
  });

  it('lose none of many updates at the same time', async () => {
    const { admin } = await startEngine();
    const input = { scope: 's', key: 'k', ops: [{ type: 'increment', path: 'n', by: 1 }] };
    await Promise.all(Array.from({ length: 100 }, () => admin('state::update', input)));
    expect(await admin('state::get', input)).toEqual({ n: 100 });
  });

  it.each([
    ['state::set', { key: 'k', value: 1 }, 'SET_ERROR'],
    ['state::set', { scope: 's', key: 'k' }, 'SET_ERROR'],
    ['state::get', { scope: 's' }, 'GET_ERROR'],
    ['state::get', 'text', 'GET_ERROR'],
    ['state::delete', { scope: 1, key: 'k' }, 'DELETE_ERROR'],
    ['state::update', { scope: 's', key: 'k', ops: {} }, 'UPDATE_ERROR'],
    ['state::list', {}, 'LIST_ERROR'],
    ['state::set', { scope: 'iii::subscriptions', key: 'k', value: 1 }, 'SET_ERROR'],
    ['state::list', { scope: 'iii::subscriptions' }, 'LIST_ERROR'],
  ])('%s refuses %j with %s', async (id, input, code) => {
    const { admin } = await startEngine();
    await expect(admin(id, input)).rejects.toMatchObject({ details: { code } });
  });

  it('do not show what the engine remembers', async () => {
    const { worker, admin, advance } = await startEngine();
    const w = worker();
    w.bind('queue', 'f', { topic: 't' });
    await advance();
    expect(await admin('iii::topic::list')).toMatchObject({ topics: [{ topic: 't' }] });
    expect(await admin('state::list_groups')).toEqual({ groups: [] });
  });
});

describe('a state trigger', () => {
  it('is called with what was there before and what is now', async () => {
    const { worker, admin, advance } = await startEngine();
    const w = worker();
    w.onDelivery = () => ({});
    w.offer('f');
    w.bind('state', 'f', { scope: 'users' }, { team: 'a' });
    const at = { scope: 'users', key: '7' };
    await admin('state::set', { ...at, value: { n: 1 } });
    await admin('state::update', { ...at, ops: [{ type: 'increment', path: 'n', by: 1 }] });
    await admin('state::delete', at);
    await admin('state::delete', at);
    await admin('state::set', { scope: 'others', key: '7', value: 1 });
    await advance();
    const head = { type: 'state', ...at };
    expect(w.seen('f')).toEqual([
      { ...head, event_type: 'state:created', old_value: null, new_value: { n: 1 } },
      { ...head, event_type: 'state:updated', old_value: { n: 1 }, new_value: { n: 2 } },
      { ...head, event_type: 'state:deleted', old_value: { n: 2 }, new_value: null },
      { ...head, event_type: 'state:deleted', old_value: null, new_value: null },
    ]);
    expect(w.deliveries()[0]).toMatchObject({ metadata: { team: 'a' } });
  });

  it('hears of every scope and key, or only of those it names', async () => {
    const { worker, admin, advance } = await startEngine();
    const w = worker();
    w.onDelivery = () => ({});
    w.offer('all', 'key', 'both');
    w.bind('state', 'all', {});
    w.bind('state', 'key', { key: 'k' });
    w.bind('state', 'both', { scope: 's', key: 'k' });
    for (const [scope, key] of [
      ['s', 'k'],
      ['t', 'k'],
      ['s', 'l'],
    ]) {
      await admin('state::set', { scope, key, value: 1 });
    }
    await advance();
    expect(['all', 'key', 'both'].map((id) => w.seen(id).length)).toEqual([3, 2, 1]);
  });

  it('runs after the change was answered, one function after the other', async () => {
    const { worker, admin, advance } = await startEngine();
    const w = worker();
    w.offer('first', 'second');
    w.bind('state', 'first', {});
    w.bind('state', 'second', {});
    await admin('state::set', { scope: 's', key: 'k', value: 1 });
    await advance();
    expect([w.seen('first').length, w.seen('second').length]).toEqual([1, 0]);
    w.answer(w.deliveries()[0]!, { error: { code: 'x', message: 'boom' } });
    await advance();
    expect(w.seen('second')).toHaveLength(1);
  });

  it('asks its condition first', async () => {
    const { worker, admin, advance } = await startEngine();
    const w = worker();
    w.onDelivery = ({ function_id, data }) =>
      function_id === 'is-new'
        ? { result: (data as { event_type: string }).event_type === 'state:created' }
        : {};
    w.offer('f', 'is-new');
    w.bind('state', 'f', { condition_function_id: 'is-new' });
    for (const value of [1, 2, 3]) await admin('state::set', { scope: 's', key: 'k', value });
    await advance();
    expect(types(w, 'f')).toEqual(['state:created']);
  });

  it('with a scope that is no text is refused', async () => {
    const { worker } = await startEngine();
    const w = worker();
    w.bind('state', 'f', { scope: 5 });
    expect(w.sent.at(-1)).toMatchObject({
      type: 'triggerregistrationresult',
      error: { message: 'scope must be a string' },
    });
  });

  it('does not fire for a value that is too large, and the value stays', async () => {
    const { State } = await import('../../../src/state/state.ts');
    const { MemoryStateStore } = await import('../../../src/stores/memory/memory-state-store.ts');
    const state = new State({ store: new MemoryStateStore(), maxValueBytes: 6 });
    const changes: unknown[] = [];
    state.watch((change) => changes.push(change));
    await state.set('s', 'k', '"éé"');
    await expect(state.set('s', 'k', '1234567')).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' });
    const grow = '{"type":"append","value":"xxxx"}';
    await expect(state.update('s', 'k', [grow])).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' });
    expect(await state.get('s', 'k')).toBe('"éé"');
    expect(changes).toHaveLength(1);
  });
});
