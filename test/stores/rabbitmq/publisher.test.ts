import { EventEmitter } from 'node:events';
import type { Channel } from 'rabbitmq-client';
import { describe, expect, it } from 'vitest';
import { ManualClock, nextTurn } from '../../../src/base/clock.ts';
import type { PublishError } from '../../../src/stores/rabbitmq/broker-errors.ts';
import { Publisher } from '../../../src/stores/rabbitmq/publisher.ts';
import { WriteBatch } from '../../../src/stores/rabbitmq/write-batch.ts';

interface Sent {
  readonly correlationId: string;
  readonly confirm: () => void;
  readonly refuse: (reason: Error) => void;
}

/** A channel that keeps what it is given, and tells as the client does: a return in the next immediate. */
class FakeChannel extends EventEmitter {
  active = true;
  readonly sent: Sent[] = [];

  confirmSelect(): Promise<void> {
    return Promise.resolve();
  }

  basicPublish({ correlationId }: { readonly correlationId: string }): Promise<void> {
    return new Promise((confirm, refuse) => {
      this.sent.push({ correlationId, confirm, refuse });
    });
  }

  sendBack(at: number): void {
    const correlationId = this.sent[at]?.correlationId;
    void nextTurn().then(() => this.emit('basic.return', { correlationId }));
  }
}

async function setUp() {
  const channel = new FakeChannel();
  const clock = new ManualClock();
  const batch = new WriteBatch(() => undefined);
  const publisher = await Publisher.on(channel as unknown as Channel, batch, clock);
  const outcomes: string[] = [];
  const publish = (routingKey: string): void => {
    publisher.publish({ routingKey }, Buffer.alloc(0)).then(
      () => outcomes.push(`${routingKey} is safe`),
      (thrown: unknown) => {
        const { failure, message } = thrown as PublishError;
        outcomes.push(`${routingKey} ${failure}: ${message}`);
      },
    );
  };
  const confirm = (at: number): void => {
    channel.sent[at]?.confirm();
  };
  return { channel, clock, publisher, outcomes, publish, confirm };
}

describe('Publisher', () => {
  it('resolves what the broker confirmed, and nothing else', async () => {
    const { outcomes, publish, confirm } = await setUp();
    publish('a');
    publish('b');
    confirm(1);
    await nextTurn();
    await nextTurn();
    expect(outcomes).toEqual(['b is safe']);
  });

  it('tells what was returned from what was confirmed in the same moment', async () => {
    const { channel, outcomes, publish, confirm } = await setUp();
    for (const name of ['a', 'b', 'c']) publish(name);
    confirm(0);
    channel.sendBack(1);
    confirm(1);
    confirm(2);
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    expect(outcomes).toEqual([
      ...['a is safe', 'b unroutable: there is no queue for b', 'c is safe'],
    ]);
  });

  it('tells what the broker refused', async () => {
    const { channel, outcomes, publish } = await setUp();
    publish('a');
    channel.sent[0]?.refuse(Object.assign(new Error('rejected'), { code: 'NACK' }));
    await nextTurn();
    expect(outcomes).toEqual(['a refused: rejected']);
  });

  it('waits eight seconds for each confirm, counted from its publish', async () => {
    const { clock, outcomes, publish, confirm } = await setUp();
    publish('a');
    await clock.advance(3_000);
    publish('b');
    publish('c');
    await clock.advance(4_999);
    expect(outcomes).toEqual([]);
    await clock.advance(1);
    expect(outcomes).toEqual(['a lost: it did not confirm within 8000 ms']);
    confirm(1);
    await clock.advance(2_999);
    expect(outcomes.slice(1)).toEqual(['b is safe']);
    await clock.advance(1);
    expect(outcomes.slice(2)).toEqual(['c lost: it did not confirm within 8000 ms']);
    expect(clock.nextTimerAt()).toBeUndefined();
  });

  it('gives up what is on the way when it is told to; a confirm that still comes changes nothing', async () => {
    const { clock, publisher, outcomes, publish, confirm } = await setUp();
    publish('a');
    publisher.giveUp('it is gone');
    expect(clock.nextTimerAt()).toBeUndefined();
    confirm(0);
    await nextTurn();
    await nextTurn();
    expect(outcomes).toEqual(['a lost: it is gone']);
    publish('b');
    confirm(1);
    await nextTurn();
    await nextTurn();
    expect(outcomes.slice(1)).toEqual(['b is safe']);
  });
});
