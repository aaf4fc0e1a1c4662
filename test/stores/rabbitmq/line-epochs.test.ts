import { expect, it } from 'vitest';
import type { Delivery } from '../../../src/stores/rabbitmq/held-jobs.ts';
import { LineEpochs } from '../../../src/stores/rabbitmq/line-epochs.ts';
import type { LineOutbox } from '../../../src/stores/rabbitmq/line-outbox.ts';

it('a reservation that was delivered long ago is exchanged, and acknowledged when the new one is there', async () => {
  const published: number[] = [];
  const acknowledged: number[] = [];
  const outbox: Pick<LineOutbox, 'publishEpochs'> = {
    publishEpochs: (end) => {
      published.push(end);
      return Promise.resolve();
    },
  };
  const session = { acknowledge: (tag: number) => acknowledged.push(tag) };
  const deliveryOf = (tag: number, at: number): Delivery =>
    ({ session, tag, count: 0, at, from: 'retry' }) as unknown as Delivery;
  const epochs = new LineEpochs(outbox as LineOutbox);
  await epochs.reserve();
  const [first = 0] = published;
  epochs.find(first, deliveryOf(1, 1_000));
  epochs.refresh(1_000);
  expect(published).toEqual([first]);
  epochs.refresh(1_001);
  epochs.refresh(1_001);
  await Promise.resolve();
  const [, second = 0] = published;
  expect(published).toEqual([first, second]);
  expect(second).toBeGreaterThan(first);
  await expect.poll(() => acknowledged).toEqual([1]);
  epochs.find(second, deliveryOf(2, 2_000));
  expect(acknowledged).toEqual([1]);
});
