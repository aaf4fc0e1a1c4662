import { expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { OtlpExporter, type Sent } from '../../src/observe/otlp-exporter.ts';

const LATER: Sent = { kind: 'later', reason: 'no connection', afterMs: null };

function makeExporter(answer: () => Sent | Promise<Sent>) {
  const clock = new ManualClock();
  const bodies: string[] = [];
  const warnings: Record<string, unknown>[] = [];
  const exporter = new OtlpExporter({
    clock,
    random: { uuid: () => 'id', fraction: () => 0.5 },
    log: {
      ...silentLogger,
      warn: (message, fields) => warnings.push({ message, ...fields }),
    },
    send: async (signal, body) => {
      bodies.push(`${signal} ${body}`);
      return answer();
    },
  });
  return { exporter, clock, bodies, warnings };
}

it('sends nothing before there is something, and then all of a second at once', async () => {
  const { exporter, clock, bodies } = makeExporter(() => ({ kind: 'taken' }));
  await clock.advance(60_000);
  expect(bodies).toEqual([]);
  exporter.add('traces', '{"a":1}');
  exporter.add('traces', '{"b":2}');
  exporter.add('logs', '{}');
  await clock.advance(1_000);
  expect(bodies).toEqual([
    'traces {"resourceSpans":[{"a":1},{"b":2}]}',
    'logs {"resourceLogs":[{}]}',
  ]);
});

it('tries again with growing pauses until the collector is back', async () => {
  let answer: Sent = LATER;
  const { exporter, clock, bodies, warnings } = makeExporter(() => answer);
  exporter.add('metrics', '{}');
  await clock.advance(1_000);
  await clock.advance(1_000);
  await clock.advance(2_000);
  expect(bodies).toHaveLength(3);
  answer = { kind: 'taken' };
  await clock.advance(4_000);
  await clock.advance(120_000);
  expect(bodies).toHaveLength(4);
  expect(warnings).toMatchObject([{ signal: 'metrics', reason: 'no connection' }]);
});

it('drops what does not fit, and logs how much once a minute', async () => {
  const { exporter, clock, warnings } = makeExporter(() => LATER);
  const piece = `"${'x'.repeat(1024 * 1024)}"`;
  for (let n = 0; n < 20; n++) exporter.add('logs', piece);
  await clock.advance(61_000);
  const drops = warnings.filter(({ message }) => message === 'telemetry was dropped');
  expect(drops.map((fields) => fields['logs: too much waits to be sent'])).toEqual([1, 12]);
});

it('drops what the collector refuses', async () => {
  const { exporter, clock, bodies, warnings } = makeExporter(() => ({
    kind: 'refused',
    reason: 'the collector answered 400',
  }));
  exporter.add('traces', '{}');
  await clock.advance(60_000);
  expect(bodies).toHaveLength(1);
  expect(warnings).toMatchObject([{ 'traces: the collector answered 400': 1 }]);
});

it('sends what is left when it stops, and waits no longer than it may', async () => {
  const fine = makeExporter(() => ({ kind: 'taken' }));
  fine.exporter.add('traces', '{}');
  await fine.exporter.stop(1_000);
  fine.exporter.add('traces', '{}');
  await fine.clock.advance(10_000);
  expect(fine.bodies).toHaveLength(1);

  const down = makeExporter(() => LATER);
  down.exporter.add('traces', '{}');
  await down.clock.advance(1_000);
  await down.exporter.stop(1_000);
  expect(down.warnings).toContainEqual({
    message: 'telemetry was dropped',
    'traces: no connection': 1,
  });
});
