import { describe, expect, it } from 'vitest';
import { nextTurn } from '../../../src/base/clock.ts';
import { type Ack, AckBatch } from '../../../src/stores/rabbitmq/ack-batch.ts';

function setUp(delivered: number): { readonly batch: AckBatch; readonly sent: Ack[][] } {
  const sent: Ack[][] = [];
  const batch = new AckBatch((acks) => sent.push([...acks]));
  for (let tag = 1; tag <= delivered; tag++) batch.delivered(tag);
  return { batch, sent };
}

const one = (deliveryTag: number): Ack => ({ deliveryTag, multiple: false });
const upTo = (deliveryTag: number): Ack => ({ deliveryTag, multiple: true });

describe('AckBatch', () => {
  it('sends what one turn acknowledged once it is over, in one command', async () => {
    const { batch, sent } = setUp(4);
    for (const tag of [2, 1, 3]) batch.acknowledge(tag);
    expect(sent).toEqual([]);
    await nextTurn();
    expect(sent).toEqual([[upTo(3)]]);
    batch.acknowledge(4);
    await nextTurn();
    expect(sent).toEqual([[upTo(3)], [one(4)]]);
  });

  it('never covers a message that is still held', async () => {
    const { batch, sent } = setUp(6);
    for (const tag of [1, 2, 4, 5]) batch.acknowledge(tag);
    await nextTurn();
    batch.acknowledge(6);
    await nextTurn();
    batch.acknowledge(3);
    await nextTurn();
    expect(sent).toEqual([[one(4), one(5), upTo(2)], [one(6)], [one(3)]]);
  });

  it('never covers a message that it was not told of', async () => {
    const { batch, sent } = setUp(1);
    batch.delivered(3);
    batch.delivered(4);
    for (const tag of [1, 3, 4]) batch.acknowledge(tag);
    await nextTurn();
    expect(sent).toEqual([[one(1), one(3), one(4)]]);
  });

  it('acknowledges nothing twice, for which the broker ends the channel', async () => {
    const { batch, sent } = setUp(2);
    batch.acknowledge(1);
    batch.acknowledge(1);
    await nextTurn();
    batch.acknowledge(1);
    await nextTurn();
    expect(sent).toEqual([[one(1)]]);
  });

  it('sends what is pending at once when asked to, and not again', async () => {
    const { batch, sent } = setUp(2);
    batch.acknowledge(1);
    batch.flush();
    expect(sent).toEqual([[one(1)]]);
    await nextTurn();
    expect(sent).toHaveLength(1);
  });

  it('covers exactly what was acknowledged, whatever the order', async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const count = 40;
      const { batch, sent } = setUp(count);
      // a walk over all tags that differs for each seed
      const order = Array.from({ length: count }, (_, at) => ((at * (2 * seed + 1)) % 41) + 1);
      const given = new Set<number>();
      const covered = new Set<number>();
      for (const [at, tag] of order.entries()) {
        batch.acknowledge(tag);
        if (tag <= count) given.add(tag);
        if (at % (1 + (seed % 7)) === 0) await nextTurn();
        for (const { deliveryTag, multiple } of sent.splice(0).flat()) {
          // as the broker does: the tag itself has to be there still
          expect(covered.has(deliveryTag)).toBe(false);
          for (let below = multiple ? 1 : deliveryTag; below <= deliveryTag; below++) {
            covered.add(below);
          }
        }
        for (const tagCovered of covered) expect(given.has(tagCovered)).toBe(true);
      }
      batch.flush();
      for (const { deliveryTag, multiple } of sent.flat()) {
        for (let below = multiple ? 1 : deliveryTag; below <= deliveryTag; below++)
          covered.add(below);
      }
      expect(covered).toEqual(given);
    }
  });
});
