import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { offered } from '../support/offered.ts';
import { RawClient } from '../support/raw-client.ts';
import { ALL_SDKS, SdkWorker } from '../support/sdk-worker.ts';

const FUNCTIONS = ['count', 'emails::send', 'log', 'mail'];

/** In the spelling of the oldest documents. */
const FAILING = {
  infrastructure: {
    queue: { max_retries: 2, retry_delay_ms: 20, dead_letter_topic: 'emails.failed' },
  },
};

describe.each(ALL_SDKS)('topics of $name', (sdk) => {
  let engine: EngineProcess;
  let worker: SdkWorker;
  let observer: RawClient;

  beforeAll(async () => {
    engine = await EngineProcess.start({
      config: engineConfig({ 'bulk-email': {} }),
      durable: true,
    });
    observer = await RawClient.connect(engine.url);
    worker = await SdkWorker.start(sdk, engine.url);
    for (const id of FUNCTIONS) await worker.register(id, 'nothing');
    await worker.register('send', 'fail');
    await subscribe('queue', 'mail', { topic: 'order.created' });
    await subscribe('durable:subscriber', 'count', { topic: 'order.created' });
    await subscribe('queue', 'log', { topic: 'emails.failed' });
    await subscribe('queue', 'send', { topic: 'emails.send', metadata: FAILING });
  });
  afterAll(async () => {
    await worker.close();
    observer.terminate();
    await engine.close();
  });

  const subscribe = async (type: string, function_id: string, config: object): Promise<void> => {
    await worker.do('registerTrigger', { trigger: { type, function_id, config } });
    // Frames of one connection stay in order: an answered call shows that the trigger is there.
    await worker.trigger({ functionId: 'iii::queue::list', payload: {} });
  };
  const publish = (name: string, topic: string, data: unknown, isVoid = false): Promise<unknown> =>
    worker.trigger({ functionId: name, payload: { topic, data }, isVoid });
  const count = async (topic: string): Promise<unknown> =>
    (await worker.trigger({ functionId: 'queue.dlq_count', payload: { topic } })).result;

  describe.each(['at first', 'after the engine was killed'])('%s', (part) => {
    if (part !== 'at first') {
      beforeAll(async () => {
        observer.terminate();
        engine = await engine.killAndRestart();
        observer = await RawClient.connect(engine.url);
        await offered(observer, 'send');
        // an answered call shows that the registrations before it have arrived
        await worker.trigger({ functionId: 'iii::queue::list', payload: {} });
      });
    }

    it('reach every subscribed function, published under each name and subscribed under both', async () => {
      const before = worker.callsOf('mail').length;
      await publish('enqueue', 'order.created', { n: 1 }, true);
      await publish('queue.enqueue', 'order.created', { n: 2 });
      await publish('iii::durable::publish', 'order.created', { n: 3 });
      for (const functionId of ['mail', 'count']) {
        await worker.call(functionId, before + 3);
        const calls = worker.callsOf(functionId).slice(before);
        const seen = calls.map(({ data }) => (data as { n: number }).n);
        expect(seen.toSorted()).toEqual([1, 2, 3]);
      }
    });

    it('retry as the subscription says, keep the dead message, and publish it to the dead-letter topic', async () => {
      const [sent, logged] = [worker.callsOf('send').length, worker.callsOf('log').length];
      const dead = Number(await count('emails.send'));
      await publish('queue.enqueue', 'emails.send', { to: 'ada@example.com' });
      expect((await worker.call('log', logged + 1)).data).toEqual({ to: 'ada@example.com' });
      expect(worker.callsOf('send')).toHaveLength(sent + 2);
      // the copy for the dead-letter topic leaves before the message counts as dead
      await eventually(async () => (await count('emails.send')) === dead + 1);
      const redriven = { functionId: 'queue.redrive_dlq', payload: { topic: 'emails.send' } };
      expect((await worker.trigger(redriven)).result).toBe(dead + 1);
      await worker.call('log', logged + 2 + dead);
      expect(worker.callsOf('send')).toHaveLength(sent + 4 + 2 * dead);
      await eventually(async () => (await count('emails.send')) === dead + 1);
    });

    it('arrive also where the engine warned of a setting that means nothing', async () => {
      const before = worker.callsOf('log').length;
      if (part === 'at first') {
        await subscribe('queue', 'log', { topic: 'odd', queue_config: { maxRetrys: 2 } });
      }
      await publish('enqueue', 'odd', { part });
      expect((await worker.call('log', before + 1)).data).toEqual({ part });
    });

    it('take a campaign of a thousand single enqueues beside them, and lose none', async () => {
      const campaign = part === 'at first' ? 1_000 : 200;
      const before = worker.callsOf('emails::send').length;
      for (let n = 0; n < campaign; n++) await worker.enqueue('bulk-email', 'emails::send', { n });
      await worker.call('emails::send', before + campaign, 30_000);
      const calls = worker.callsOf('emails::send').slice(before);
      expect(new Set(calls.map(({ data }) => (data as { n: number }).n)).size).toBe(campaign);
    });
  });
});

describe('a topic over the wire', () => {
  it('carries the trace of the publisher to every attempt of every subscriber', async () => {
    const engine = await EngineProcess.start();
    const client = await RawClient.connect(engine.url);
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const context = { traceparent: `00-${trace}-00f067aa0ba902b7-01`, baggage: 'tenant=a' };
    client.offer('on-note', () => ({ error: { code: 'later', message: 'not yet' } }));
    client.send({
      type: 'registertrigger',
      id: 't1',
      trigger_type: 'queue',
      function_id: 'on-note',
      config: { topic: 'notes', queue_config: { maxRetries: 2, backoffDelayMs: 10 } },
    });
    await client.settled();
    const note = JSON.stringify({ topic: 'notes', data: { message: 'Hello' } });
    await client.invoke('queue.enqueue', note, context);
    const attempts = await eventually(() => {
      const calls = client.deliveries('on-note');
      return calls.length === 2 && calls;
    });
    for (const { data, traceparent, baggage } of attempts) {
      expect(data).toEqual({ message: 'Hello' });
      expect((traceparent as string).split('-')[1]).toBe(trace);
      expect(baggage).toBe('tenant=a');
    }
    client.terminate();
    await engine.close();
  });
});
