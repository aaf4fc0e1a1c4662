import { afterEach, expect, it } from 'vitest';
import { runCli } from '../support/cli-process.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { RawClient, type Frame } from '../support/raw-client.ts';

let engine: EngineProcess | undefined;
const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate();
  await engine?.close();
  engine = undefined;
});

async function connect(path = '/'): Promise<RawClient> {
  const client = await RawClient.connect(engine?.url ?? '', { path });
  clients.push(client);
  return client;
}

/** Metrics as SDKs write them: of one worker, over a connection of their own. */
function frameOf(workerId: string, values: Readonly<Record<string, number>>): Buffer {
  const attributes = [{ key: 'worker.id', value: { stringValue: workerId } }];
  const metrics = Object.entries(values).map(([name, asDouble]) => ({
    name: `iii.worker.${name}`,
    gauge: { dataPoints: [{ asDouble, attributes }] },
  }));
  return Buffer.from(
    `MTRC${JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] })}`,
  );
}

it('the gauges of a worker are in iii worker list and in engine::workers::list, and go with it', async () => {
  engine = await EngineProcess.start();
  const worker = await connect();
  const registered = await eventually(() =>
    worker.texts
      .map((text) => JSON.parse(text) as Frame)
      .find(({ type }) => type === 'workerregistered'),
  );
  const id = String(registered['worker_id']);
  await worker.call('engine::workers::register', { name: 'till', runtime: 'node' });
  const telemetry = await connect('/otel');
  telemetry.sendBytes(frameOf(id, { 'memory.rss': 73_400_320, 'cpu.percent': 12.34 }));

  const observer = await connect();
  const metricsOf = async (): Promise<unknown> => {
    const { workers } = await observer.call<{ workers: Frame[] }>('engine::workers::list');
    return workers.find((one) => one['id'] === id)?.['latest_metrics'];
  };
  expect(await eventually(async () => (await metricsOf()) ?? undefined)).toEqual({
    memory_rss: 73_400_320,
    cpu_percent: 12.34,
    timestamp_ms: expect.any(Number),
    runtime: 'node',
  });
  const json = await runCli(['worker', 'list', '-o', 'json'], { engine });
  const workers = JSON.parse(json.stdout) as readonly Frame[];
  expect(workers.find((one) => one['id'] === id)?.['gauges']).toMatchObject({
    rssBytes: 73_400_320,
    cpuPercent: 12.34,
    heapUsedBytes: null,
  });
  const env = { COLUMNS: '200' };
  const { stdout } = await runCli(['worker', 'list'], { engine, env });
  expect(stdout).toMatch(/CPU +MEMORY/);
  expect(stdout).toMatch(/till.*12\.3% +70\.0 MiB/);

  worker.terminate();
  expect(await eventually(async () => (await metricsOf()) === undefined)).toBe(true);
});
