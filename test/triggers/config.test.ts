import { describe, expect, it } from 'vitest';
import { startHttp } from './http/harness.ts';

/** A config with which each type can be used. */
const USABLE: Readonly<Record<string, object>> = {
  cron: { expression: '0 9 * * *' },
  state: { scope: 'users', key: '7' },
  http: { api_path: '/a' },
  queue: { topic: 't' },
  'durable:subscriber': { topic: 't' },
  subscribe: { topic: 't' },
  log: { level: 'warn' },
  'engine::functions-available': {},
  'engine::workers-available': {},
};
const TYPES = Object.keys(USABLE);
/** Types that need to be told nothing. */
const NEEDS_NOTHING = TYPES.filter((type) => /state|log|available/.test(type));

/** Binds, and tells the error of which its worker was told; `null` when the trigger is there. */
async function bind(type: string, config: unknown, functionId = 'f'): Promise<string | null> {
  const { worker, engine } = await startHttp();
  const w = worker();
  w.offer('f');
  const id = w.bind(type, functionId, config);
  const there = engine.bindings.list();
  const told = w.sent.find((frame) => frame['error'] !== undefined);
  if (told === undefined) {
    expect(there).toMatchObject([{ id, triggerType: type }]);
    return null;
  }
  expect(there).toEqual([]);
  expect(told).toMatchObject({
    type: 'triggerregistrationresult',
    id,
    error: { code: 'trigger_registration_failed' },
  });
  return (told['error'] as { message: string }).message;
}

describe.each(TYPES)('a trigger of type %s', (type) => {
  it.each([['users'], [''], [7], [true], [[]], [['users']]])(
    'is refused with the config %j, which is no object',
    async (config) => {
      const error = await bind(type, config);
      expect(error).toContain(`the config of a trigger of type ${type} must be an object, not `);
    },
  );

  it.each([[undefined], [null], [{}]])(
    'with the config %j is refused if something is needed, and is there if not',
    async (config) => {
      const error = await bind(type, config);
      if (NEEDS_NOTHING.includes(type)) expect(error).toBeNull();
      else expect(error).toMatch(/(expression|api_path|topic)/);
    },
  );

  it('is there with a config that can be used, also with keys that it does not know', async () => {
    expect(await bind(type, USABLE[type])).toBeNull();
    expect(await bind(type, { ...USABLE[type], owner: 'shop' })).toBeNull();
  });

  it('is there also while nobody offers its function', async () => {
    expect(await bind(type, USABLE[type], 'later')).toBeNull();
  });

  it.each(['', ' '])('is refused when its function is named %j', async (name) => {
    expect(await bind(type, USABLE[type], name)).toContain('function_id must not be empty');
  });

  const keys = [...Object.keys(USABLE[type] ?? {}), 'condition_function_id'];
  it.each(keys)('is refused when %s is no text, and says so', async (key) => {
    for (const value of [7, true, ['a'], { a: 1 }]) {
      const error = await bind(type, { ...USABLE[type], [key]: value });
      expect(error, JSON.stringify(value)).toContain(`${key} must be a string`);
    }
  });
});
