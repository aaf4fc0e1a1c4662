import { expect, it } from 'vitest';
import { startEngine, type FakeWorker } from '../support/engine-fixture.ts';

type Listing = { readonly workers: readonly Readonly<Record<string, unknown>>[] };

function nameIt(worker: FakeWorker, name: string): void {
  const data = { name, runtime: 'node', version: '0.22.1' };
  worker.say({ type: 'invokefunction', function_id: 'engine::workers::register', data });
}

const metrics = (id: unknown, values: Readonly<Record<string, number>>): unknown => ({
  resourceMetrics: [
    {
      scopeMetrics: [
        {
          metrics: Object.entries(values).map(([name, asDouble]) => ({
            name: `iii.worker.${name}`,
            gauge: {
              dataPoints: [
                { asDouble, attributes: [{ key: 'worker.id', value: { stringValue: id } }] },
              ],
            },
          })),
        },
      ],
    },
  ],
});

it('engine::workers::list and info have what a worker last said of its process, and when', async () => {
  const { worker, admin, gauges, clock, advance } = await startEngine();
  nameIt(worker(), 'quiet');
  nameIt(worker(), 'talking');
  await advance();
  const list = async () => ((await admin('engine::workers::list')) as Listing).workers;
  const talking = (await list()).find(({ name }) => name === 'talking');
  expect(talking).toMatchObject({ latest_metrics: null });

  gauges.record(metrics(talking?.['id'], { 'memory.rss': 2_097_152, 'cpu.percent': 90 }), 1);
  await advance(60_000);
  const more = { 'cpu.percent': 12.5, 'event_loop.lag_ms': 0.5, uptime_seconds: 60 };
  gauges.record(metrics(talking?.['id'], more), clock.now());
  const latest = {
    memory_rss: 2_097_152,
    cpu_percent: 12.5,
    event_loop_lag_ms: 0.5,
    uptime_seconds: 60,
    timestamp_ms: clock.now(),
    runtime: 'node',
  };
  const byName = Object.fromEntries(
    (await list()).map(({ name, latest_metrics }) => [name, latest_metrics]),
  );
  expect(byName).toEqual({ quiet: null, talking: latest });
  const info = await admin('engine::workers::info', { name: 'talking' });
  expect(info).toMatchObject({ worker: { latest_metrics: latest } });
});
