import { describe, expect, it } from 'vitest';
import { startEngine } from '../support/engine-fixture.ts';

describe('an operator action', () => {
  const call = (function_id: string, data: object) => ({
    type: 'invokefunction',
    invocation_id: '11111111-1111-4111-8111-111111111111',
    function_id,
    data,
  });

  it('leaves one line that says who did what, and a rehearsal none', async () => {
    const { worker, advance, logged } = await startEngine();
    const operator = worker({ role: 'operate', tokenName: 'night-shift' });
    operator.say(call('iii::queue::pause', { queue: 'default', dryRun: true }));
    operator.say(call('iii::queue::pause', { queue: 'default' }));
    operator.say(call('iii::queue::list', {}));
    await advance();
    expect(logged.filter(({ message }) => message === 'operator action')).toEqual([
      {
        message: 'operator action',
        fields: {
          action: 'iii::queue::pause',
          by: 'night-shift',
          queue: 'default',
          paused: true,
          changed: true,
        },
      },
    ]);
  });

  it('that finds all as it was asked to be leaves none', async () => {
    const { admin } = await startEngine();
    await admin('iii::queue::pause', { queue: 'default' });
    await admin('iii::queue::pause', { queue: 'default' });
    await admin('iii::queue::resume', { queue: 'default' });
    await admin('iii::queue::resume', { queue: 'default' });
    const { entries } = (await admin('iii::audit::list')) as { entries: object[] };
    expect(entries).toMatchObject([
      { action: 'iii::queue::resume' },
      { action: 'iii::queue::pause' },
    ]);
  });
});
