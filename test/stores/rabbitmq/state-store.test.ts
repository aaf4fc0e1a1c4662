import { describe, expect, inject, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { Secret } from '../../../src/base/secret.ts';
import { RabbitStateStore } from '../../../src/stores/rabbitmq/rabbitmq-state-store.ts';
import { newPrefix } from '../../support/rabbitmq-maker.ts';

/** Of six engines at once on a stream that is new, in most rounds one finds it before it runs. */
const ROUNDS = 6;
const ENGINES = 6;
const url = inject('rabbitmqUrl');

describe('the rabbitmq state store', { skip: url === null }, () => {
  it('opens for engines that all start at once, before what it keeps values in has ever run', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const namePrefix = newPrefix();
      const parts = { clock: new SystemClock(), random: systemRandom, log: silentLogger };
      const states = Array.from(
        { length: ENGINES },
        () => new RabbitStateStore({ ...parts, url: new Secret(url ?? ''), namePrefix }),
      );
      const opened = await Promise.allSettled(states.map((state) => state.open()));
      expect(opened.map(({ status }) => status)).toEqual(states.map(() => 'fulfilled'));
      await Promise.all(states.map((state, at) => state.update('s', String(at), () => 'true')));
      const counts = await Promise.all(states.map(async (state) => (await state.list('s')).size));
      expect(Math.max(...counts)).toBe(ENGINES);
      for (const state of states) await state.close();
    }
  });
});
