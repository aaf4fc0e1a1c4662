import { expect, it } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { EngineMetrics } from '../../src/observe/engine-metrics.ts';
import { createObservability } from '../../src/observe/observability.ts';
import { prometheusText } from '../../src/observe/prometheus-text.ts';
import { paceOf } from '../../src/admin/queue-pace.ts';
import { policy, startEngine } from '../support/engine-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { OtlpCollector } from '../support/otlp-collector.ts';

async function startMeasured() {
  const fixture = await startEngine([
    policy('mail', { maxAttempts: 2, backoffMs: 60_000, sloWaitP95Ms: 1_000 }),
    policy('a "quoted" queue'),
  ]);
  const { engine, clock, activity } = fixture;
  const metrics = new EngineMetrics({
    clock,
    version: '1.2.3',
    readQueues: async () =>
      new Map(
        [...(await engine.store.stats())].map(([name, stats]) => {
          const settings = engine.queues.policyOf(name) ?? policy(name);
          return [name, { ...stats, pace: paceOf({ engine, activity }, settings, stats) }];
        }),
      ),
    countWorkers: () => engine.workers.list().length,
  });
  engine.events.subscribe(metrics.observe);
  return { ...fixture, metrics };
}

/** Every sample by its name and labels. A line that is none fails. */
function readSamples(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.trimEnd().split('\n')) {
    if (/^# (HELP|TYPE) [a-z_]+ \S/.test(line)) continue;
    const [, name, value] =
      /^([a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})?) (\S+)$/.exec(line) ?? [];
    expect(name, line).toBeDefined();
    expect(samples.has(name!), line).toBe(false);
    samples.set(name!, Number(value));
  }
  return samples;
}

/** One job done after 2 s, one failed at once that waits to be tried again, one that nobody runs. */
async function runThree({ advance, enqueue, worker }: Awaited<ReturnType<typeof startMeasured>>) {
  const slow = worker();
  slow.offer('send');
  await enqueue('send', { n: 1 }, { queue: 'mail' });
  await advance();
  await advance(2_000);
  slow.answer(slow.deliveries()[0]!);
  await advance();
  await enqueue('send', { n: 2 }, { queue: 'mail' });
  await advance();
  slow.answer(slow.deliveries()[1]!, { error: { code: 'later', message: 'not yet' } });
  await advance();
  await enqueue('nobody', {}, { queue: 'mail' });
  await advance(3_000);
}

it('are right in what Prometheus reads', async () => {
  const measured = await startMeasured();
  await runThree(measured);
  measured.metrics.flushed(4);
  const samples = readSamples(prometheusText(await measured.metrics.collect()));
  expect(Object.fromEntries(samples)).toMatchObject({
    'iii_engine_info{version="1.2.3"}': 1,
    iii_workers: 1,
    'iii_queue_jobs{queue="mail",state="waiting"}': 1,
    'iii_queue_jobs{queue="mail",state="delayed"}': 1,
    'iii_queue_jobs{queue="mail",state="in_flight"}': 0,
    'iii_queue_jobs{queue="mail",state="dead"}': 0,
    'iii_queue_jobs{queue="a \\"quoted\\" queue",state="waiting"}': 0,
    'iii_queue_oldest_waiting_seconds{queue="mail"}': 3,
    'iii_queue_paused{queue="mail"}': 0,
    'iii_queue_wait_seconds{queue="mail",quantile="0.95"}': 0,
    'iii_queue_slo_wait_seconds{queue="mail"}': 1,
    'iii_queue_slo_met{queue="mail"}': 1,
    'iii_queue_workers_needed{queue="mail"}': 1,
    'iii_jobs_total{queue="mail",event="enqueued"}': 3,
    'iii_jobs_total{queue="mail",event="completed"}': 1,
    'iii_jobs_total{queue="mail",event="failed"}': 1,
    'iii_attempt_duration_seconds_bucket{queue="mail",outcome="completed",le="1"}': 0,
    'iii_attempt_duration_seconds_bucket{queue="mail",outcome="completed",le="2.5"}': 1,
    'iii_attempt_duration_seconds_bucket{queue="mail",outcome="completed",le="+Inf"}': 1,
    'iii_attempt_duration_seconds_sum{queue="mail",outcome="completed"}': 2,
    'iii_attempt_duration_seconds_count{queue="mail",outcome="retried"}': 1,
    'iii_store_flush_seconds_bucket{le="0.0025"}': 0,
    'iii_store_flush_seconds_bucket{le="0.005"}': 1,
    iii_store_flush_seconds_sum: 0.004,
  });
  expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
  measured.metrics.stop();
});

it('tell which alerts fire, and what became of their notices', async () => {
  const { engine, clock } = await startEngine();
  const firing = { when: 'slo', queue: 'mail', since: clock.now() } as const;
  const metrics = new EngineMetrics({
    clock,
    version: '1.2.3',
    readQueues: () => Promise.resolve(new Map()),
    countWorkers: () => engine.workers.list().length,
    readAlerts: () => ({
      firing: () => [firing, firing],
      counts: { delivered: 3, failed: 1, dropped: 0 },
    }),
  });
  const samples = readSamples(prometheusText(await metrics.collect()));
  expect(Object.fromEntries(samples)).toMatchObject({
    'iii_alerts_firing{alert="slo",queue="mail"}': 1,
    'iii_alert_notices_total{result="delivered"}': 3,
    'iii_alert_notices_total{result="failed"}': 1,
  });
  metrics.stop();
});

it('tell how late the event loop was, once somebody has asked before', async () => {
  const { metrics } = await startMeasured();
  await metrics.collect();
  const late = await eventually(async () => {
    const samples = readSamples(prometheusText(await metrics.collect()));
    return samples.get('iii_event_loop_delay_seconds{quantile="1"}');
  });
  expect(late).toBeGreaterThanOrEqual(0);
  metrics.stop();
});

interface Sent {
  readonly scopeMetrics: readonly {
    readonly metrics: readonly Readonly<Record<string, unknown>>[];
  }[];
}

it('reach a collector each minute, and a last time at the end', async () => {
  const measured = await startMeasured();
  const collector = await OtlpCollector.start();
  const urls = ['traces', 'metrics', 'logs'].map((signal) => [
    signal,
    `${collector.url}/${signal}`,
  ]);
  const observability = createObservability({
    settings: {
      signals: { traces: false, metrics: true, logs: false },
      urls: Object.fromEntries(urls) as Record<'traces' | 'metrics' | 'logs', string>,
      headers: new Map(),
      serviceName: 'iii',
      serviceNamespace: null,
      serviceVersion: '1.2.3',
      samplingRatio: 1,
    },
    clock: measured.clock,
    random: systemRandom,
    log: silentLogger,
  });
  observability.watch(() => measured.metrics.collect());
  await runThree(measured);
  await measured.advance(60_000);
  await measured.advance(1_000);
  const request = await eventually(() => collector.requests[0]);
  expect(request.path).toBe('/metrics');
  const [resource] = request.body['resourceMetrics'] as readonly Sent[];
  const byName = new Map(
    resource?.scopeMetrics[0]?.metrics.map((metric) => [metric['name'], metric]),
  );
  expect(byName.get('iii_queue_jobs')?.['gauge']).toMatchObject({
    dataPoints: expect.arrayContaining([
      expect.objectContaining({
        attributes: [
          { key: 'queue', value: { stringValue: 'mail' } },
          { key: 'state', value: { stringValue: 'waiting' } },
        ],
        timeUnixNano: expect.stringMatching(/^\d{19}$/),
      }),
    ]),
  });
  expect(byName.get('iii_jobs_total')?.['sum']).toMatchObject({
    aggregationTemporality: 2,
    isMonotonic: true,
  });
  const histogram = byName.get('iii_attempt_duration_seconds')?.['histogram'];
  expect(histogram).toMatchObject({
    dataPoints: expect.arrayContaining([expect.objectContaining({ count: '1', sum: 2 })]),
  });
  await observability.endWatch();
  const stopped = observability.stop(1_000);
  await eventually(() => collector.requests.length === 2);
  await stopped;
  await collector.close();
  measured.metrics.stop();
});
