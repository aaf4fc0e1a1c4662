import { expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { HttpCall, HttpCaller } from '../../src/engine/http-functions.ts';
import type { Answer } from '../../src/engine/workers.ts';
import { readTraceparent } from '../../src/observe/trace-context.ts';
import { Tracer } from '../../src/observe/tracer.ts';
import { policy, startEngine, type FakeWorker, type Frame } from '../support/engine-fixture.ts';

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: readonly { readonly key: string; readonly value: unknown }[];
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const [INTERNAL, CLIENT] = [1, 3];

/** Answers without a network. */
class FakeCaller implements HttpCaller {
  readonly calls: HttpCall[] = [];
  answer: Answer = { kind: 'result', result: '{}' };

  problemOf(): string | null {
    return null;
  }

  call(_invocation: unknown, call: HttpCall): Promise<Answer> {
    this.calls.push(call);
    return Promise.resolve(this.answer);
  }
}

async function startTraced() {
  const spans: Span[] = [];
  const tracing = new Tracer({
    clock: new ManualClock(),
    random: systemRandom,
    samplingRatio: 1,
    onSpan: (text) => spans.push(JSON.parse(text) as Span),
  });
  const httpCaller = new FakeCaller();
  const once = policy('q', { maxAttempts: 1 });
  const fixture = await startEngine([once], { tracing, httpCaller });
  const named = (name: string): Span[] => spans.filter((span) => span.name === name);
  return { ...fixture, httpCaller, named };
}

const contextOf = (frame: Frame | undefined) =>
  readTraceparent((frame?.['traceparent'] as string | undefined) ?? null);

function deliveryOf(worker: FakeWorker, functionId: string): Frame | undefined {
  return worker.deliveries().find(({ function_id }) => function_id === functionId);
}

it('each tick of cron begins a trace, and its function is called within it', async () => {
  const { worker, advance, named } = await startTraced();
  const w = worker();
  w.onDelivery = () => ({});
  w.offer('tick');
  const id = w.bind('cron', 'tick', { expression: '* * * * * *' });
  await advance(2_000);
  const spans = named('trigger cron');
  expect(spans).toHaveLength(2);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(2);
  for (const [index, span] of spans.entries()) {
    expect(span).not.toHaveProperty('parentSpanId');
    expect(span).toMatchObject({ kind: INTERNAL, status: {} });
    const { traceId, spanId } = span;
    expect(contextOf(w.deliveries()[index])).toMatchObject({ traceId, spanId });
  }
  expect(spans[0]?.attributes).toEqual(
    expect.arrayContaining([
      { key: 'iii.trigger.type', value: { stringValue: 'cron' } },
      { key: 'iii.trigger.id', value: { stringValue: id } },
      { key: 'iii.function.id', value: { stringValue: 'tick' } },
      { key: 'iii.trigger.result', value: { stringValue: 'called' } },
    ]),
  );
});

it('a tick whose function fails, or that nobody can take, is a span with an error', async () => {
  const { worker, advance, named } = await startTraced();
  const w = worker();
  w.onDelivery = () => ({ error: { code: 'x', message: 'boom' } });
  w.bind('cron', 'tick', { expression: '* * * * * *' });
  await advance(1_000);
  w.offer('tick');
  await advance(1_000);
  expect(named('trigger cron').map(({ status }) => status.code)).toEqual([2, 2]);
});

it('a change of state calls its function in the trace of who made the change', async () => {
  const { worker, advance, named } = await startTraced();
  const w = worker();
  w.onDelivery = () => ({});
  w.offer('changed');
  w.bind('state', 'changed', { scope: 'users' });
  w.say({
    type: 'invokefunction',
    invocation_id: '5b1f5d5e-0000-4000-8000-000000000001',
    function_id: 'state::set',
    data: { scope: 'users', key: '7', value: 1 },
    traceparent: PARENT,
  });
  await advance();
  const [span] = named('trigger state');
  expect(span).toMatchObject({
    traceId: TRACE,
    parentSpanId: '00f067aa0ba902b7',
    kind: INTERNAL,
    status: {},
  });
  expect(contextOf(deliveryOf(w, 'changed'))).toMatchObject({
    traceId: TRACE,
    spanId: span?.spanId,
  });
});

it('a job whose function is called over HTTP has a client span within its attempt, and its context goes out', async () => {
  const { worker, enqueue, advance, named, httpCaller } = await startTraced();
  const invocation = { url: 'https://pdf.test/render?key=hidden' };
  worker().say({ type: 'registerfunction', id: 'ext::pdf', invocation });
  await enqueue('ext::pdf', {}, { queue: 'q' });
  await advance();
  const [attempt] = named('process q');
  const [span] = named('call ext::pdf');
  expect(span).toMatchObject({
    traceId: attempt?.traceId,
    parentSpanId: attempt?.spanId,
    kind: CLIENT,
    status: {},
  });
  expect(readTraceparent(httpCaller.calls[0]?.traceparent ?? null)).toMatchObject({
    traceId: span?.traceId,
    spanId: span?.spanId,
  });
  expect(JSON.stringify(span)).not.toContain('hidden');

  httpCaller.answer = { kind: 'error', error: { code: 'http_error', message: 'HTTP 503' } };
  await enqueue('ext::pdf', {}, { queue: 'q' });
  await advance();
  expect(named('call ext::pdf')[1]?.status).toEqual({ code: 2, message: 'HTTP 503' });
  expect(named('process q')[1]?.status.code).toBe(2);
});
