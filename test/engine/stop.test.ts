import { describe, expect, it } from 'vitest';
import { startEngine } from '../support/engine-fixture.ts';

describe('stopping', () => {
  it('lets an attempt in flight end, and then is done', async () => {
    const { engine, worker, enqueue, advance } = await startEngine();
    const w = worker();
    w.offer('f');
    await enqueue('f', 1);
    await advance();
    let stopped = false;
    const stopping = engine.stop().then(() => {
      stopped = true;
    });
    await advance(1_000);
    expect(stopped).toBe(false);
    w.answer(w.deliveries()[0] ?? {});
    await advance();
    expect(stopped).toBe(true);
    await stopping;
  });

  it('gives attempts back after the grace time, without one counting', async () => {
    const { engine, worker, enqueue, advance, events } = await startEngine();
    const w = worker();
    w.offer('f');
    const id = await enqueue('f', 1);
    await advance();
    const stopping = engine.stop();
    await advance(30_000);
    await stopping;
    expect(events).toContainEqual(expect.objectContaining({ kind: 'job_returned', id }));
  });

  it('refuses new jobs with an error that says it may work later', async () => {
    const { engine, enqueue } = await startEngine();
    await engine.stop();
    await expect(enqueue('f', 1)).rejects.toMatchObject({
      code: 'enqueue_error',
      details: { retryable: true },
    });
  });

  it('delivers nothing that was still waiting', async () => {
    const { engine, worker, enqueue, advance } = await startEngine();
    const w = worker();
    w.offer('f');
    for (let i = 0; i < 12; i++) await enqueue('f', i);
    await advance();
    expect(w.deliveries()).toHaveLength(10);
    const stopping = engine.stop();
    for (const delivery of w.deliveries()) w.answer(delivery);
    await advance();
    await stopping;
    expect(w.deliveries()).toHaveLength(10);
  });
});
