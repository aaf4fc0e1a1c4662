import { describe, expect, it } from 'vitest';
import { iii, readFile } from '../../src/sdk/module.ts';

const queue = (topic: string) => ({ type: 'queue', config: { topic } });

describe('a module with a default export', () => {
  it('finds the handler of each trigger by its name in camelCase', () => {
    const onUserCreated = (): number => 1;
    const condition = (): boolean => true;
    const trigger = { ...queue('user.created'), condition, metadata: { a: 1 } };
    const read = readFile(
      { default: iii({ triggers: { 'on-user-created': trigger } }), onUserCreated },
      'users',
    );
    expect(read).toEqual([
      {
        id: 'on-user-created',
        handler: onUserCreated,
        options: {},
        triggers: [trigger],
        warnings: [],
      },
    ]);
  });

  it.each([
    ['process-order', 'processOrder'],
    ['orders', 'orders'],
    ['v2-order-3-items', 'v2Order3Items'],
    ['a--b', 'aB'],
  ])('names the trigger %s for the export %s', (name, exportName) => {
    const triggers = { [name]: queue('t') };
    const read = readFile({ default: iii({ triggers }), [exportName]: () => 1 }, 'f');
    expect(read?.map(({ id }) => id)).toEqual([name]);
  });

  it('offers its other functions without a trigger', () => {
    const read = readFile(
      { default: iii({}), createUser: () => 1, parseXML: () => 2, LIMIT: 3 },
      'users',
    );
    expect(read?.map(({ id, triggers }) => [id, triggers])).toEqual([
      ['create-user', []],
      ['parse-xml', []],
    ]);
  });

  it('is refused when a trigger has no handler, with the export that is missing', () => {
    const exports = {
      default: iii({ triggers: { 'handle-failed-orders': queue('orders.failed') } }),
    };
    expect(() => readFile(exports, 'f')).toThrow(/handleFailedOrders/);
  });

  it.each([
    ['no type', {}, /type: 'queue'/],
    ['a config that is no object', { type: 'queue', config: 'x' }, /config is no object/],
    ['a condition that is no function', { type: 'queue', condition: 'x' }, /no function/],
  ])('is refused when a trigger has %s', (_what, trigger, message) => {
    const exports = { default: iii({ triggers: { t: trigger as never } }), t: () => 1 };
    expect(() => readFile(exports, 'f')).toThrow(message);
  });
});

describe('a step file', () => {
  const handler = (): number => 1;

  it('is one function with its triggers', () => {
    const triggers = [queue('a'), { type: 'cron', config: { expression: '0 0 * * *' } }];
    const config = { name: 'clean', description: 'cleans up', triggers, flows: ['x'] };
    expect(readFile({ config, handler }, 'cleanup.step')).toMatchObject([
      { id: 'clean', handler, options: { description: 'cleans up' }, triggers },
    ]);
  });

  it('may have one trigger or none, and is named for its file', () => {
    expect(
      readFile({ config: { trigger: queue('a') }, handler }, 'send-message.step'),
    ).toMatchObject([{ id: 'send-message', triggers: [queue('a')] }]);
    expect(readFile({ config: {}, handler }, 'plain.step')).toMatchObject([{ triggers: [] }]);
  });

  it('says what in it is a slip, and what of a trigger nobody reads', () => {
    const trigger = { ...queue('a'), condition_function_id: 'b', conditon: handler };
    const config = { nam: 'clean', trigers: [], trigger, flows: ['x'] };
    expect(readFile({ config, handler }, 'cleanup.step')).toMatchObject([
      {
        warnings: [
          "the step 'cleanup': nam means nothing here; did you mean 'name'?",
          "the step 'cleanup': trigers means nothing here; did you mean 'triggers'?",
          "a trigger of the step 'cleanup': condition_function_id means nothing here",
          "a trigger of the step 'cleanup': conditon means nothing here; did you mean 'condition'?",
        ],
      },
    ]);
    const module = { default: iii({ triggers: { 'on-a': trigger } }), onA: handler };
    expect(readFile(module, 'a')).toMatchObject([
      {
        id: 'on-a',
        warnings: [expect.stringContaining("the trigger 'on-a': condition_f"), expect.any(String)],
      },
    ]);
  });

  it.each([
    ['no handler', { config: { name: 'a' } }, /'a' has no handler/],
    ['no config', { handler }, /export const config/],
    ['a name that is none', { config: { name: 7 }, handler }, /not a name/],
    ['triggers that are no list', { config: { triggers: queue('a') }, handler }, /as a list/],
    ['the older form', { config: { type: 'event', subscribes: ['a'] }, handler }, /older form/],
  ])('is refused with %s', (_what, exports, message) => {
    expect(() => readFile(exports, 'a.step')).toThrow(message);
  });
});

it('a file in neither form is none of ours', () => {
  expect(readFile({ config: {}, handler: () => 1 }, 'server')).toBeUndefined();
  expect(readFile({ default: { triggers: {} } }, 'webpack.config')).toBeUndefined();
});
