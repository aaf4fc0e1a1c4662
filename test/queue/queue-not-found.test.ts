import { expect, it } from 'vitest';
import { JobTable } from '../../src/queue/job-table.ts';
import { queueNotFound } from '../../src/queue/queue-not-found.ts';

const MANY = Array.from({ length: 10_000 }, (_, number) => `orders-${number}`);

it('a queue that is not there is answered with the nearest name, however many there are', () => {
  const { message, hint } = queueNotFound('order-7', MANY);
  expect(hint).toBe("Did you mean 'orders-7'? All queues: iii queue list");
  expect(message).toContain('and 9995 more');
});

it('a store says it the same way', () => {
  const table = new JobTable(() => undefined);
  for (const name of MANY.slice(0, 100)) table.ensureLine(name, false);
  expect(() => table.line('order-7')).toThrow(
    "queue 'order-7' does not exist; there are 'orders-0'",
  );
});
