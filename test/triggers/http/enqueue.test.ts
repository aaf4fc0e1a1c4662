import { describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../../src/engine/events.ts';
import { policy, type FakeWorker, type Frame } from '../../support/engine-fixture.ts';
import { eventually } from '../../support/eventually.ts';
import { startHttp } from './harness.ts';

const ORDERS = { api_path: '/orders', http_method: 'POST', queue: 'payment' };

/** An engine with a FIFO queue `payment`, and a worker that is bound by a route. */
async function startOrders(config: Frame = ORDERS, metadata?: unknown) {
  const http = await startHttp();
  const fifo = { type: 'fifo', groupField: 'account' } as const;
  http.engine.reconfigure([policy('payment', fifo)]);
  const worker = http.worker();
  worker.bind('http', 'fn', config, metadata);
  const refusal = worker.sent.find(({ type }) => type === 'triggerregistrationresult')?.['error'];
  return { ...http, worker, refusal };
}

const errorOf = (text: string): unknown => (JSON.parse(text) as Frame)['error'];

/** How many jobs were enqueued, one for each event. */
const enqueued = (events: readonly EngineEvent[]): number =>
  events.filter(({ kind }) => kind === 'job_enqueued').length;

async function ran(worker: FakeWorker, count: number): Promise<Frame[]> {
  worker.onDelivery = () => ({});
  worker.offer('fn');
  return eventually(() => {
    const all = worker.deliveries();
    return all.length === count ? all : undefined;
  });
}

describe('a route with a queue', () => {
  it('answers 202 with the receipt of a job whose payload is the body', async () => {
    const { json, worker, refusal } = await startOrders();
    expect(refusal).toBeUndefined();
    const { status, headers, text } = await json('/orders', '{"account":"a","cents":7}');
    expect(status).toBe(202);
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(text)).toEqual({ messageReceiptId: expect.stringMatching(/^[\da-f-]{36}$/) });
    const [delivery] = await ran(worker, 1);
    expect(delivery).toMatchObject({ function_id: 'fn', data: { account: 'a', cents: 7 } });
  });

  it('takes jobs although the function is not offered yet, and runs a group in its order', async () => {
    const { json, worker } = await startOrders();
    for (let n = 1; n <= 3; n++) await json('/orders', `{"account":"a","n":${n}}`);
    await ran(worker, 3);
    expect(worker.seen('fn')).toEqual([1, 2, 3].map((n) => ({ account: 'a', n })));
  });

  it('passes on the trace, the baggage and the metadata of the trigger', async () => {
    const { json, worker } = await startOrders(ORDERS, { owner: 'shop' });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await json('/orders', '{"account":"a"}', { headers: { traceparent, baggage: 'k=v' } });
    const [delivery] = await ran(worker, 1);
    expect(delivery).toMatchObject({ metadata: { owner: 'shop' }, baggage: 'k=v' });
    expect(String(delivery?.['traceparent'])).toContain('0af7651916cd43dd8448eb211c80319c');
  });

  it('takes Idempotency-Key as the dedup key: what is sent again gets the same receipt', async () => {
    const { json, events } = await startOrders();
    const post = (key: string) =>
      json('/orders', '{"account":"a"}', { headers: { 'idempotency-key': key } });
    const [first, again, other] = [await post('k1'), await post('k1'), await post('k2')];
    expect(again).toMatchObject({ status: 202, text: first.text });
    expect(other.text).not.toBe(first.text);
    expect(enqueued(events)).toBe(2);
  });

  it('asks middleware and condition first, and enqueues nothing when they say no', async () => {
    const { json, worker, events } = await startOrders({ ...ORDERS, condition_function_id: 'may' });
    worker.offer('may');
    worker.onDelivery = () => ({ result: false });
    expect((await json('/orders', '{"account":"a"}')).status).toBe(422);
    expect(worker.seen('may')).toEqual([expect.objectContaining({ body: { account: 'a' } })]);
    expect(enqueued(events)).toBe(0);
  });

  it.each([
    ['has no group', '{}', {}, 400, { code: 'enqueue_error' }],
    ['is not JSON', '{', {}, 400, { code: 'INVALID_JSON' }],
    [
      'has a key that is too long',
      '{"account":"a"}',
      { 'idempotency-key': 'x'.repeat(513) },
      400,
      {},
    ],
    [
      'is no JSON by its type',
      'a',
      { 'content-type': 'text/plain' },
      415,
      {
        code: 'UNSUPPORTED_MEDIA_TYPE',
      },
    ],
  ] as const)('refuses a body that %s', async (_what, body, headers, status, error) => {
    const { json, events } = await startOrders();
    const answer = await json('/orders', body, { headers });
    expect(answer.status).toBe(status);
    expect(errorOf(answer.text)).toMatchObject(error);
    expect(enqueued(events)).toBe(0);
  });

  it('answers 503 when the job could not be stored, so that the client tries again', async () => {
    const { engine, json, logged } = await startOrders();
    engine.store.append = () => Promise.reject(new Error('the disk is full'));
    const { status, text } = await json('/orders', '{"account":"a"}');
    expect(status).toBe(503);
    expect(errorOf(text)).toMatchObject({
      code: 'enqueue_error',
      message: expect.stringContaining('the disk is full'),
    });
    expect(logged.map(({ message }) => message)).toContain('an HTTP request failed');
  });
});

it('a misspelt member of a route is told to its worker, which would be called otherwise', async () => {
  const { worker } = await startOrders({ api_path: '/orders', queu: 'payment' });
  expect(worker.sent).toContainEqual(
    expect.objectContaining({
      type: 'triggerregistrationresult',
      warnings: ["queu means nothing here; did you mean 'queue'?"],
    }),
  );
});

it.each([
  [7, 'queue must be a string'],
  ['paymnt', "'payment'"],
])('a route with the queue %j is refused', async (queue, message) => {
  const { refusal } = await startOrders({ ...ORDERS, queue });
  expect(JSON.stringify(refusal)).toContain(message);
});
