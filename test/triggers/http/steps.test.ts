import { describe, expect, it } from 'vitest';
import type { FakeWorker, Frame } from '../../support/engine-fixture.ts';
import { delivery, startHttp } from './harness.ts';

/** A worker that offers these functions and answers each as told; `hang` leaves it open. */
function answering(worker: FakeWorker, answers: Readonly<Record<string, Frame | 'hang'>>): void {
  worker.offer(...Object.keys(answers));
  worker.onDelivery = (frame) => {
    const answer = answers[String(frame['function_id'])] ?? {};
    return answer === 'hang' ? undefined : answer;
  };
}

const called = (worker: FakeWorker): unknown[] =>
  worker.deliveries().map((frame) => frame['function_id']);

const fine = { result: { body: 'fine' } };

describe('a condition', () => {
  const config = { api_path: '/a', condition_function_id: 'may' };

  it.each([true, null, 0, 'false', {}])('lets a request through with %j', async (result) => {
    const { fetch, worker: connect } = await startHttp();
    const worker = connect();
    answering(worker, { fn: fine, may: { result } });
    worker.bind('http', 'fn', config);
    expect((await fetch('/a')).text).toBe('"fine"');
    expect(called(worker)).toEqual(['may', 'fn']);
    expect(worker.seen('may')[0]).not.toHaveProperty('response');
    expect(worker.seen('may')[0]).toMatchObject({ path: '/a', body: null });
  });

  it('answers 422 when it is false, and the function is not called', async () => {
    const { fetch, worker: connect } = await startHttp();
    const worker = connect();
    answering(worker, { fn: fine, may: { result: false } });
    worker.bind('http', 'fn', config);
    const { status, text } = await fetch('/a');
    expect(status).toBe(422);
    expect(JSON.parse(text)).toEqual({
      error: { code: 'CONDITION_NOT_MET', message: 'Request condition not met' },
      skipped: true,
    });
    expect(called(worker)).toEqual(['may']);
  });

  it.each([
    ['fails', { may: { error: { code: 'x', message: 'y' } } }, 500],
    ['is not there', {}, 503],
  ] as const)('lets nothing through when it %s', async (_what, answers, status) => {
    const { fetch, worker: connect } = await startHttp();
    const worker = connect();
    answering(worker, { fn: fine, ...answers });
    worker.bind('http', 'fn', config);
    expect((await fetch('/a')).status).toBe(status);
    expect(called(worker)).not.toContain('fn');
  });
});

describe('middleware', () => {
  it('is asked in order: global, condition, those of the route, function', async () => {
    const { fetch, worker: connect } = await startHttp({ middlewareIds: ['g1', 'g2'] });
    const worker = connect();
    const goOn = { result: { action: 'continue' } };
    answering(worker, { fn: fine, g1: goOn, g2: { result: null }, may: {}, r1: { result: 7 } });
    worker.bind('http', 'fn', {
      api_path: '/a/:id',
      condition_function_id: 'may',
      middleware_function_ids: ['r1'],
    });
    expect((await fetch('/a/1?q=2', { headers: { 'x-a': '3' } })).text).toBe('"fine"');
    expect(called(worker)).toEqual(['g1', 'g2', 'may', 'r1', 'fn']);
    expect(worker.seen('g1')).toEqual([
      {
        phase: 'preHandler',
        request: {
          path_params: { id: '1' },
          query_params: { q: '2' },
          headers: expect.objectContaining({ 'x-a': '3' }),
          method: 'GET',
        },
        context: {},
      },
    ]);
  });

  it('can answer in place of the function', async () => {
    const { fetch, worker: connect } = await startHttp({ middlewareIds: ['guard'] });
    const worker = connect();
    const response = { status_code: 401, headers: { 'x-a': '1' }, body: { who: 'you' } };
    answering(worker, { fn: fine, guard: { result: { action: 'respond', response } } });
    worker.bind('http', 'fn', { api_path: '/a' });
    const answer = await fetch('/a');
    expect(answer).toMatchObject({ status: 401, headers: { 'x-a': '1' }, text: '{"who":"you"}' });
    expect(called(worker)).toEqual(['guard']);
  });

  it('lets nothing through when it fails, is not there, or takes too long', async () => {
    const { fetch, worker: connect, clock } = await startHttp({ middlewareIds: ['guard'] });
    const worker = connect();
    answering(worker, { fn: fine, guard: { error: { code: 'x', message: 'y' } } });
    worker.bind('http', 'fn', { api_path: '/a' });
    expect((await fetch('/a')).status).toBe(500);
    answering(worker, { guard: 'hang' });
    const answer = fetch('/a');
    await delivery(worker, 2);
    await clock.advance(30_000);
    expect(await answer).toMatchObject({ status: 504 });
    expect((await answer).text).toContain('MIDDLEWARE_TIMEOUT');
    worker.say({ type: 'unregisterfunction', id: 'guard' });
    expect((await fetch('/a')).status).toBe(503);
    expect(called(worker)).not.toContain('fn');
  });
});
