import { expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { readTraceparent } from '../../src/observe/trace-context.ts';
import { Tracer } from '../../src/observe/tracer.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

function makeTracer(samplingRatio = 1): {
  tracer: Tracer;
  spans: Record<string, unknown>[];
  clock: ManualClock;
} {
  const clock = new ManualClock();
  const spans: Record<string, unknown>[] = [];
  const onSpan = (span: string): void => {
    spans.push(JSON.parse(span) as Record<string, unknown>);
  };
  return {
    tracer: new Tracer({ clock, random: systemRandom, samplingRatio, onSpan }),
    spans,
    clock,
  };
}

const begin = { name: 'work', kind: 'consumer', attributes: { a: 1, b: 'x', c: true } } as const;

it('continues the trace of its parent and hands on its own span', async () => {
  const { tracer, spans, clock } = makeTracer();
  const span = tracer.begin({ ...begin, parent: PARENT });
  await clock.advance(5);
  span.end();
  span.end('twice');
  expect(spans).toHaveLength(1);
  const own = readTraceparent(span.traceparent);
  expect(spans[0]).toMatchObject({
    traceId: TRACE,
    parentSpanId: '00f067aa0ba902b7',
    spanId: own?.spanId,
    kind: 5,
    status: {},
    attributes: [
      { key: 'a', value: { intValue: '1' } },
      { key: 'b', value: { stringValue: 'x' } },
      { key: 'c', value: { boolValue: true } },
    ],
  });
  const { startTimeUnixNano: from, endTimeUnixNano: to } = spans[0] ?? {};
  expect(BigInt(to as string) - BigInt(from as string)).toBe(5_000_000n);
});

it('begins a trace when there is no readable parent', () => {
  for (const parent of [
    null,
    '',
    'x',
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `ff${PARENT.slice(2)}`,
  ]) {
    const { tracer, spans } = makeTracer();
    tracer.begin({ ...begin, parent }).end('boom');
    expect(spans[0]).toMatchObject({ status: { code: 2, message: 'boom' } });
    expect(spans[0]).not.toHaveProperty('parentSpanId');
    expect(spans[0]?.['traceId']).toMatch(/^[\da-f]{32}$/);
  }
});

it('exports nothing of a trace that is not sampled, and says so to what is within', () => {
  const { tracer, spans } = makeTracer();
  const span = tracer.begin({ ...begin, parent: PARENT.replace(/1$/, '0') });
  span.end();
  expect(spans).toEqual([]);
  expect(span.traceparent).toMatch(new RegExp(`^00-${TRACE}-[\\da-f]{16}-00$`));
  const none = makeTracer(0);
  none.tracer.begin({ ...begin, parent: null }).end();
  none.tracer.begin({ ...begin, parent: PARENT }).end();
  expect(none.spans).toMatchObject([{ traceId: TRACE }]);
});
