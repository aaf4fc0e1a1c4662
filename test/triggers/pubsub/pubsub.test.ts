import { describe, expect, it } from 'vitest';
import { startEngine } from '../../support/engine-fixture.ts';

describe('publish and subscribe', () => {
  it('brings a message to everybody who is there, to all at the same time', async () => {
    const { worker, admin, advance } = await startEngine();
    const [one, two] = [worker(), worker()];
    one.offer('a', 'b');
    two.offer('c');
    one.bind('subscribe', 'a', { topic: 't' }, { team: 'x' });
    one.bind('subscribe', 'b', { topic: 't' });
    two.bind('subscribe', 'c', { topic: 'other' });
    expect(await admin('publish', { topic: 't', data: { n: 1 } })).toBeUndefined();
    await advance();
    expect([one.seen('a'), one.seen('b'), two.seen('c')]).toEqual([[{ n: 1 }], [{ n: 1 }], []]);
    expect(one.deliveries()[0]).toMatchObject({ metadata: { team: 'x' } });
  });

  it('keeps nothing for whoever comes later, and repeats nothing that failed', async () => {
    const { worker, admin, advance, logged } = await startEngine();
    await admin('publish', { topic: 't', data: 1 });
    const w = worker();
    w.onDelivery = () => ({ error: { code: 'x', message: 'boom' } });
    w.offer('f');
    w.bind('subscribe', 'f', { topic: 't' });
    await advance();
    expect(w.seen('f')).toEqual([]);
    await admin('publish', { topic: 't', data: 2 });
    await advance(60_000);
    expect(w.seen('f')).toEqual([2]);
    expect(logged.at(-1)).toMatchObject({ fields: { function: 'f', error: 'boom' } });
  });

  it('leaves the other subscribers of a topic when one goes', async () => {
    const { worker, admin, advance } = await startEngine();
    const [stays, goes] = [worker(), worker()];
    stays.offer('a', 'b');
    goes.offer('c');
    stays.bind('subscribe', 'a', { topic: 't' });
    const ended = stays.bind('subscribe', 'b', { topic: 't' });
    goes.bind('subscribe', 'c', { topic: 't' });
    stays.unbind(ended);
    goes.disconnect();
    await admin('publish', { topic: 't', data: 1 });
    await advance();
    expect([stays.seen('a'), stays.seen('b'), goes.seen('c')]).toEqual([[1], [], []]);
  });

  it('passes data on as the text it was', async () => {
    const { engine, worker, advance } = await startEngine();
    const w = worker();
    const frames: string[] = [];
    const { send } = w;
    w.send = (text) => {
      frames.push(text);
      send.call(w, text);
    };
    w.offer('f');
    w.bind('subscribe', 'f', { topic: 't' });
    await engine.call('publish', '{"topic":"t","data":{"id":12345678901234567890}}');
    await advance();
    expect(frames.at(-1)).toContain('{"id":12345678901234567890}');
  });

  it.each([[{ data: 1 }], [{ topic: '' }], [{ topic: 5 }]])(
    'refuses a message without a topic: %j',
    async (input) => {
      const { admin } = await startEngine();
      await expect(admin('publish', input)).rejects.toMatchObject({
        details: { code: 'topic_not_set' },
      });
    },
  );

  it('refuses a subscription without a topic', async () => {
    const { worker } = await startEngine();
    const w = worker();
    w.bind('subscribe', 'f', {});
    expect(w.sent.at(-1)).toMatchObject({ error: { code: 'trigger_registration_failed' } });
  });
});
