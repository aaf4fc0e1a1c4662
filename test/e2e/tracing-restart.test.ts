import { afterEach, expect, it } from 'vitest';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { OtlpCollector } from '../support/otlp-collector.ts';
import { SDK_VERSIONS, SdkWorker } from '../support/sdk-worker.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function kept<T extends { close(): Promise<void> }>(part: T): T {
  closing.push(() => part.close());
  return part;
}

/** The retry has to wait for longer than spans take to be sent, and is due after the restart. */
const BACKOFF_MS = 4_000;

const traced = SDK_VERSIONS.filter(({ version }) => version !== '0.9.0');

it.each(traced)('a job is one trace over the end of its engine, with $name', async (sdk) => {
  const collector = kept(await OtlpCollector.start());
  const queue = {
    name: 'iii-queue',
    config: { queue_configs: { work: { max_retries: 3, backoff_ms: BACKOFF_MS } } },
  };
  const otel = {
    name: 'iii-observability',
    config: { exporter: 'otlp', endpoint: collector.url },
  };
  const config = JSON.stringify({ workers: [queue, otel] });
  let engine = await EngineProcess.start({ config, durable: true });
  closing.push(() => engine.close());
  const worker = kept(await SdkWorker.start(sdk, engine.url, { telemetry: true }));
  await worker.register('mend', 'fail_times', 1);
  const { result: traceId } = await worker.do('traced', { queue: 'work', functionId: 'mend' });
  const first = await eventually(() => collector.named('process work')[0], 15_000);
  expect(first.status.code).toBe(2);

  engine = await engine.killAndRestart();
  await worker.call('mend', 2, 20_000);
  const attempts = await eventually(() => {
    const spans = collector.named('process work');
    return spans.length === 2 ? spans : undefined;
  }, 15_000);

  const enqueued = collector.named('enqueue work');
  expect(enqueued).toHaveLength(1);
  expect(enqueued[0]).toMatchObject({ traceId, kind: 4, service: 'iii' });
  expect(attempts.map(({ status }) => status.code ?? 0)).toEqual([2, 0]);
  for (const attempt of attempts) {
    expect(attempt).toMatchObject({ traceId, kind: 5, parentSpanId: enqueued[0]?.spanId });
  }
  expect(new Set(attempts.map(({ spanId }) => spanId)).size).toBe(2);
  const jobs = new Set(attempts.map(({ attributes }) => attributes['messaging.message.id']));
  expect(jobs.size).toBe(1);
  expect(worker.callsOf('mend').map((call) => call.traceId)).toEqual([traceId, traceId]);
  // the worker's own spans: the producer around the enqueue, and one within each attempt
  const isWhole = await eventually(() => {
    const own = collector.spans().filter(({ service }) => service !== 'iii');
    return (
      own.some(({ spanId }) => spanId === enqueued[0]?.parentSpanId) &&
      attempts.every((attempt) => own.some((span) => span.parentSpanId === attempt.spanId))
    );
  }, 15_000);
  expect(isWhole).toBe(true);
});
