import { expect, it } from 'vitest';
import { telemetryIntake } from '../../src/observe/telemetry-intake.ts';
import { WorkerGaugeBoard } from '../../src/observe/worker-gauges.ts';

function makeIntake(forwards = true) {
  const forwarded: string[] = [];
  const drops: string[] = [];
  const board = new WorkerGaugeBoard((id) => id === 'w1');
  const intake = telemetryIntake({
    forward: forwards ? (signal, text) => forwarded.push(`${signal} ${text}`) : undefined,
    onMetrics: (request) => {
      board.record(request, 1);
    },
    onDrop: (signal, reason) => drops.push(`${signal} ${reason}`),
  });
  const take = (signal: 'traces' | 'metrics' | 'logs', text: string): void => {
    intake(signal, new TextEncoder().encode(text));
  };
  return { take, intake, forwarded, drops, board };
}

const gauge = (name: string, id: string, value: object): unknown => ({
  name: `iii.worker.${name}`,
  gauge: {
    dataPoints: [{ ...value, attributes: [{ key: 'worker.id', value: { stringValue: id } }] }],
  },
});
const metrics = (...list: unknown[]): string =>
  JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: list }] }] });

it('passes frames on as they were written', () => {
  const { take, forwarded, drops } = makeIntake();
  take('traces', '{ "resourceSpans": [ {"n":1.0, "big":12345678901234567890} ] }');
  take('logs', '{"resourceLogs":[]}');
  expect(forwarded).toEqual(['traces {"n":1.0, "big":12345678901234567890}']);
  expect(drops).toEqual([]);
});

it('drops and counts what is malformed', () => {
  const { take, intake, forwarded, drops } = makeIntake();
  take('traces', '{"resourceSpans":[');
  take('logs', '{"resourceSpans":[]}');
  take('metrics', '{"resourceMetrics":{}}');
  intake('traces', new Uint8Array([0xff, 0xfe]));
  intake('traces', new Uint8Array(5 * 1024 * 1024));
  expect(forwarded).toEqual([]);
  expect(drops).toHaveLength(5);
});

it('reads the gauges of workers also when nothing is exported', () => {
  const { take, board } = makeIntake(false);
  take(
    'metrics',
    metrics(
      gauge('memory.rss', 'w1', { asInt: '1048576' }),
      gauge('cpu.percent', 'w1', { asDouble: 12.5 }),
      gauge('cpu.percent', 'stranger', { asDouble: 99 }),
      gauge('something.new', 'w1', { asDouble: 1 }),
      { name: 'iii.worker.cpu.percent', gauge: { dataPoints: 'no list' } },
    ),
  );
  expect(board.get('w1')).toMatchObject({
    rssBytes: 1_048_576,
    cpuPercent: 12.5,
    eventLoopLagMs: null,
  });
  expect(board.get('stranger')).toBeNull();
  board.observe({ kind: 'worker_disconnected', workerId: 'w1', name: 'w' });
  expect(board.get('w1')).toBeNull();
});
