import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startApp, type App } from '../../src/app.ts';
import { FakeWorker } from '../support/engine-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { newFolder } from '../support/file-maker.ts';
import { parse } from '../config/config-fixture.ts';

async function start(path: string): Promise<App> {
  const { config } = parse('{}', { overrides: { store: path } });
  return startApp({ config: config!, listen: false });
}

const call = async ({ engine }: App, id: string, input: unknown): Promise<unknown> => {
  const text = await engine.call(id, JSON.stringify(input));
  return text === null ? null : (JSON.parse(text) as unknown);
};

const subscribed = (app: App): Promise<unknown> =>
  eventually(async () => {
    const { topics } = (await call(app, 'iii::topic::list', {})) as { topics: unknown[] };
    return topics.length === 1;
  });

describe('an engine with a file store', () => {
  it('has its subscriptions, their messages and the state again after a restart', async () => {
    const path = join(newFolder(), 'jobs');
    const first = await start(path);
    const subscriber = new FakeWorker(first.engine);
    subscriber.bind('durable:subscriber', 'f', { topic: 't' });
    await call(first, 'state::set', { scope: 's', key: 'k', value: { n: 1 } });
    await subscribed(first);
    await call(first, 'iii::durable::publish', { topic: 't', data: 1 });
    subscriber.disconnect();
    await first.stop();

    const second = await start(path);
    await call(second, 'iii::durable::publish', { topic: 't', data: 2 });
    expect(await call(second, 'state::get', { scope: 's', key: 'k' })).toEqual({ n: 1 });
    expect(await call(second, 'state::list_groups', {})).toEqual({ groups: ['s'] });
    const worker = new FakeWorker(second.engine);
    worker.onDelivery = () => ({});
    worker.offer('f');
    await eventually(() => worker.seen('f').length === 2);
    expect(worker.seen('f')).toEqual([1, 2]);
    await second.stop();
  });

  it('tells that a job was enqueued before it tells that an attempt has started', async () => {
    const app = await start(join(newFolder(), 'jobs'));
    const worker = new FakeWorker(app.engine);
    worker.onDelivery = () => ({});
    worker.offer('f');
    worker.bind('queue', 'f', { topic: 't' });
    const kinds: string[] = [];
    app.engine.events.subscribe(({ kind }) => kinds.push(kind));
    const told = ['job_enqueued', 'attempt_started', 'job_completed'];
    await call(app, 'iii::queue::enqueue_batch', {
      queue: 'default',
      jobs: [{ function_id: 'f', data: 1 }],
    });
    await eventually(() => kinds.length === 3);
    await subscribed(app);
    await call(app, 'iii::durable::publish', { topic: 't', data: 2 });
    await eventually(() => kinds.length === 6);
    expect(kinds).toEqual([...told, ...told]);
    await app.stop();
  });

  it('that cannot open the state gives the jobs back too', async () => {
    const path = join(newFolder(), 'jobs');
    const holder = await start(path);
    await holder.stop();
    const { FileStateStore } = await import('../../src/stores/file/file-state-store.ts');
    const { silentLogger } = await import('../../src/base/logger.ts');
    const other = new FileStateStore({ path: join(path, 'state'), log: silentLogger });
    await other.open();
    await expect(start(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await other.close();
    await (await start(path)).stop();
  });
});
