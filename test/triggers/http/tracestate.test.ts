import { expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/clock.ts';
import { systemRandom } from '../../../src/base/random.ts';
import type { HttpCall, HttpCaller } from '../../../src/engine/http-functions.ts';
import { readTraceparent } from '../../../src/observe/trace-context.ts';
import { Tracer } from '../../../src/observe/tracer.ts';
import { startHttp } from './harness.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const TRACESTATE = 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7';

/** A route whose function is called over HTTP, and the calls that went out for it. */
async function startRoute(tracing?: Tracer) {
  const calls: HttpCall[] = [];
  const httpCaller: HttpCaller = {
    problemOf: () => null,
    call: (_invocation, call) => {
      calls.push(call);
      return Promise.resolve({ kind: 'result', result: '{"status_code":204}' });
    },
  };
  const { fetch, worker } = await startHttp(tracing === undefined ? {} : { tracing }, httpCaller);
  const w = worker();
  const invocation = { url: 'https://pages.test/render' };
  w.say({ type: 'registerfunction', id: 'page', invocation });
  w.bind('http', 'page', { api_path: '/page' });
  const call = async (headers: Readonly<Record<string, string | readonly string[]>>) => {
    expect(await fetch('/page', { headers })).toMatchObject({ status: 204 });
    return calls.at(-1);
  };
  return { call };
}

it('the trace state of a request goes on to a function that is called over HTTP', async () => {
  const { call } = await startRoute();
  const headers = { traceparent: TRACEPARENT, tracestate: TRACESTATE.split(',') };
  const sent = await call(headers);
  expect(sent?.traceparent).toBe(TRACEPARENT);
  expect(sent?.tracestate?.replaceAll(' ', '')).toBe(TRACESTATE);
});

it('is in the span of the request, whose place the traceparent takes', async () => {
  const spans: Record<string, unknown>[] = [];
  const tracing = new Tracer({
    clock: new ManualClock(),
    random: systemRandom,
    samplingRatio: 1,
    onSpan: (text) => spans.push(JSON.parse(text) as Record<string, unknown>),
  });
  const { call } = await startRoute(tracing);
  const sent = await call({ traceparent: TRACEPARENT, tracestate: TRACESTATE });
  const span = spans.find(({ name }) => name === 'GET /page');
  expect(span).toMatchObject({ traceId: TRACE, traceState: TRACESTATE });
  expect(readTraceparent(sent?.traceparent ?? null)).toMatchObject({
    traceId: TRACE,
    spanId: span?.['spanId'],
  });
  expect(sent?.tracestate).toBe(TRACESTATE);
});

it.each([
  ['has no trace', {}],
  ['has a trace context that is none', { traceparent: 'x' }],
])('is left out where the request %s', async (_what, headers) => {
  const { call } = await startRoute();
  expect(await call({ ...headers, tracestate: TRACESTATE })).toMatchObject({ tracestate: null });
});

it('is left out where it is longer than 8192 characters', async () => {
  const { call } = await startRoute();
  const sent = await call({ traceparent: TRACEPARENT, tracestate: `a=${'x'.repeat(8_191)}` });
  expect(sent).toMatchObject({ traceparent: TRACEPARENT, tracestate: null });
});
