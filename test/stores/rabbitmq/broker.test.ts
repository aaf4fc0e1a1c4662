import { expect, inject, it } from 'vitest';
import { nextTurn, SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { Secret } from '../../../src/base/secret.ts';
import { Broker } from '../../../src/stores/rabbitmq/broker.ts';

const url = inject('rabbitmqUrl') ?? '';
const ROUNDS = 40;

it('is closed while the broker refuses what it was asked', { skip: url === '' }, async () => {
  const clock = new SystemClock();
  const parts = { url: new Secret(url), location: url, clock, log: silentLogger };
  for (let round = 0; round < ROUNDS; round++) {
    const broker = new Broker({ ...parts, onUp: () => undefined });
    await broker.open();
    const look = (): Promise<string> =>
      broker
        .admin((channel) => channel.queueDeclare({ queue: 't.none', passive: true }))
        .then(() => 'there', String);
    await look();
    const asked = Array.from({ length: 20 }, look);
    await asked[round % 10];
    for (let turn = 0; turn < round % 7; turn++) await nextTurn();
    await broker.close();
    for (const answer of await Promise.all(asked)) expect(answer).toMatch(/NOT_FOUND|closed/);
  }
});
