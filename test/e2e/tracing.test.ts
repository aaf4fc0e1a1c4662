import { afterEach, describe, expect, it } from 'vitest';
import { engineConfig, testToken } from '../support/engine-config.ts';
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

const QUEUES = { work: { max_retries: 3, backoff_ms: 20 } };

function tracedConfig(endpoint: string): string {
  const queue = { name: 'iii-queue', config: { queue_configs: QUEUES } };
  const otel = { name: 'iii-observability', config: { exporter: 'otlp', endpoint } };
  return JSON.stringify({ workers: [queue, otel] });
}

const traced = SDK_VERSIONS.filter(({ version }) => version !== '0.9.0');

describe.each(traced)('with iii-sdk $version', (sdk) => {
  it('a job is one trace, from its producer over a failed attempt to the last one', async () => {
    const collector = kept(await OtlpCollector.start());
    const engine = kept(await EngineProcess.start({ config: tracedConfig(collector.url) }));
    const worker = kept(await SdkWorker.start(sdk, engine.url, { telemetry: true }));
    await worker.register('mend', 'fail_times', 1);
    const { result: traceId } = await worker.do('traced', { queue: 'work', functionId: 'mend' });
    await worker.call('mend', 2);
    const attempts = await eventually(() => {
      const spans = collector.named('process work');
      return spans.length === 2 ? spans : undefined;
    }, 15_000);
    const [enqueued] = collector.named('enqueue work');
    expect(enqueued).toMatchObject({ traceId, kind: 4, service: 'iii' });
    expect(attempts.map(({ status }) => status.code ?? 0)).toEqual([2, 0]);
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({ traceId, kind: 5, parentSpanId: enqueued?.spanId });
    }
    expect(worker.callsOf('mend').map((call) => call.traceId)).toEqual([traceId, traceId]);
    // the SDK's own spans reach the same collector, around and within those of the engine
    const own = await eventually(() => {
      const spans = collector.spans().filter(({ service }) => service !== 'iii');
      const isWhole = spans.some(({ spanId }) => spanId === enqueued?.parentSpanId);
      return isWhole ? spans : undefined;
    }, 15_000);
    const within = own.filter(({ parentSpanId }) =>
      attempts.some(({ spanId }) => spanId === parentSpanId),
    );
    expect(within).toHaveLength(2);
  });
});

it('a trace that the engine began goes on over topics and dead letters, and that of an HTTP request into its function', async () => {
  const sdk = SDK_VERSIONS.find(({ version }) => version === '0.22.1') ?? SDK_VERSIONS[0];
  if (sdk === undefined) throw new Error('there is no SDK');
  const collector = kept(await OtlpCollector.start());
  const engine = kept(await EngineProcess.start({ config: tracedConfig(collector.url) }));
  const worker = kept(await SdkWorker.start(sdk, engine.url));
  await worker.enqueue('work', 'later');
  await worker.register('page', 'echo');
  await worker.do('registerTrigger', {
    trigger: {
      type: 'http',
      function_id: 'page',
      config: { api_path: '/page', http_method: 'GET' },
    },
  });
  await worker.register('subscriber', 'fail');
  const metadata = { infrastructure: { queue: { max_retries: 1 } } };
  await worker.do('registerTrigger', {
    trigger: { type: 'queue', function_id: 'subscriber', config: { topic: 'news', metadata } },
  });
  await worker.trigger({ functionId: 'iii::queue::list', payload: {} });
  await worker.trigger({ functionId: 'enqueue', payload: { topic: 'news', data: 1 } });
  await worker.call('subscriber');

  const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await fetch(`${engine.ready.httpUrl ?? ''}/page`, { headers: { traceparent: parent } });
  const request = await eventually(() => collector.named('GET /page')[0]);
  expect(request).toMatchObject({
    traceId: parent.split('-')[1],
    parentSpanId: parent.split('-')[2],
  });

  const dead = await eventually(() => collector.named('dead_letter ')[0]);
  const published = collector.named('publish news')[0];
  expect(published?.traceId).toBe(dead.traceId);
  expect(collector.named('process ').at(-1)?.traceId).toBe(dead.traceId);

  await worker.register('later', 'nothing');
  await worker.call('later');
  const attempt = await eventually(() => collector.named('process work')[0]);
  const [enqueued] = collector.named('enqueue work');
  expect(enqueued).not.toHaveProperty('parentSpanId');
  expect(attempt).toMatchObject({ traceId: enqueued?.traceId, parentSpanId: enqueued?.spanId });
});

it('without a collector that answers, jobs run and the log tells of telemetry that is not sent', async () => {
  const gone = await OtlpCollector.start();
  const endpoint = gone.url;
  await gone.close();
  const engine = kept(await EngineProcess.start({ config: tracedConfig(endpoint) }));
  const [sdk] = traced;
  if (sdk === undefined) throw new Error('there is no SDK');
  const worker = kept(await SdkWorker.start(sdk, engine.url));
  await worker.register('run', 'nothing');
  for (let n = 0; n < 20; n++) await worker.enqueue('work', 'run');
  await worker.call('run', 20);
  await eventually(() => engine.stderr.includes('telemetry could not be sent'));
  await engine.stop();
  expect(engine.stderr).toContain('telemetry was dropped');
});

it('nothing is sent anywhere when nothing says where', async () => {
  const collector = kept(await OtlpCollector.start());
  const engine = kept(await EngineProcess.start({ config: engineConfig(QUEUES) }));
  const [sdk] = traced;
  if (sdk === undefined) throw new Error('there is no SDK');
  const worker = kept(await SdkWorker.start(sdk, engine.url, { telemetry: true }));
  await worker.register('run', 'nothing');
  await worker.do('traced', { queue: 'work', functionId: 'run' });
  await worker.call('run');
  await engine.stop();
  expect(collector.connections).toBe(0);
});

it('an SDK that authenticates only its calls is left in peace, and one with the token in its address is heard', async () => {
  const { token, entry } = testToken('worker');
  const collector = kept(await OtlpCollector.start());
  const config = JSON.parse(tracedConfig(collector.url)) as object;
  const engine = kept(
    await EngineProcess.start({ config: JSON.stringify({ ...config, auth: { tokens: [entry] } }) }),
  );
  for (const sdk of traced) {
    const muted = kept(await SdkWorker.start(sdk, engine.url, { telemetry: true, token }));
    await muted.register(`muted ${sdk.version}`, 'nothing');
    await muted.do('traced', { queue: 'work', functionId: `muted ${sdk.version}` });
    await muted.call(`muted ${sdk.version}`);
    expect(muted.stderr + muted.stdout).not.toMatch(/Unexpected server response/);
    const address = engine.url.replace('ws://', `ws://iii:${token}@`);
    const heard = kept(await SdkWorker.start(sdk, address, { telemetry: true }));
    await heard.register(`heard ${sdk.version}`, 'nothing');
    const { result } = await heard.do('traced', {
      queue: 'work',
      functionId: `heard ${sdk.version}`,
    });
    await eventually(
      () =>
        collector.spans().find(({ service, traceId }) => service !== 'iii' && traceId === result),
      15_000,
    );
  }
  expect(engine.stderr).toContain('telemetry came without a token');
});
