import { describe, expect, it } from 'vitest';
import {
  readInvocation,
  type HttpCall,
  type HttpCaller,
  type HttpInvocation,
} from '../../src/engine/http-functions.ts';
import type { Answer } from '../../src/engine/workers.ts';
import { policy, startEngine, type FakeWorker } from '../support/engine-fixture.ts';

/** Answers without a network. */
class FakeCaller implements HttpCaller {
  readonly calls: { invocation: HttpInvocation; call: HttpCall; signal: AbortSignal }[] = [];
  answer: Answer = { kind: 'result', result: '{"ok":true}' };
  hangs = false;

  problemOf({ url }: HttpInvocation): string | null {
    return url.includes('refused') ? 'it is refused' : null;
  }

  call(invocation: HttpInvocation, call: HttpCall, signal: AbortSignal): Promise<Answer> {
    this.calls.push({ invocation, call, signal });
    return this.hangs ? new Promise(() => undefined) : Promise.resolve(this.answer);
  }
}

function offer(w: FakeWorker, id: string, invocation: unknown): void {
  w.say({ type: 'registerfunction', id, invocation });
}

const INVOCATION = { url: 'https://pdf.test/render', timeout_ms: 5_000 };

describe('a function that is called over HTTP', () => {
  it('is called like any other, and its worker gets no frame', async () => {
    const httpCaller = new FakeCaller();
    const { worker, admin } = await startEngine([policy('default')], { httpCaller });
    const w = worker();
    offer(w, 'ext::pdf', INVOCATION);
    expect(await admin('ext::pdf', { id: 7 })).toEqual({ ok: true });
    expect(httpCaller.calls).toMatchObject([
      {
        invocation: { url: INVOCATION.url, method: 'POST', timeoutMs: 5_000 },
        call: { functionId: 'ext::pdf', data: '{"id":7}', invocationId: expect.any(String) },
      },
    ]);
    expect(w.deliveries()).toHaveLength(0);
  });

  it('runs jobs, with retries and dead letters', async () => {
    const httpCaller = new FakeCaller();
    const retrying = policy('q', { maxAttempts: 2, backoffMs: 100 });
    const { worker, enqueue, advance, admin } = await startEngine([retrying], { httpCaller });
    const w = worker();
    offer(w, 'ext::pdf', INVOCATION);
    httpCaller.answer = { kind: 'error', error: { code: 'http_error', message: 'HTTP 503' } };
    const id = await enqueue('ext::pdf', {}, { queue: 'q' });
    await advance(100);
    expect(httpCaller.calls).toHaveLength(2);
    expect(await admin('iii::job::get', { id })).toMatchObject({
      state: 'dead',
      history: [
        { worker: 'HTTP https://pdf.test/render', error: { message: 'HTTP 503' } },
        { attempt: 2 },
      ],
    });
    httpCaller.answer = { kind: 'result', result: null };
    const next = await enqueue('ext::pdf', {}, { queue: 'q' });
    await advance();
    expect(await admin('iii::job::get', { id: next })).toMatchObject({ state: 'completed' });
  });

  it('is let go when the attempt takes too long', async () => {
    const httpCaller = new FakeCaller();
    httpCaller.hangs = true;
    const impatient = policy('q', { maxAttempts: 1, timeoutMs: 1_000 });
    const { worker, enqueue, advance } = await startEngine([impatient], { httpCaller });
    offer(worker(), 'f', INVOCATION);
    await enqueue('f', {}, { queue: 'q' });
    await advance(1_000);
    expect(httpCaller.calls[0]?.signal.aborted).toBe(true);
  });

  it('has no limit of a worker, and goes when its worker goes', async () => {
    const httpCaller = new FakeCaller();
    httpCaller.hangs = true;
    const { worker, enqueue, advance, admin } = await startEngine([policy('default')], {
      httpCaller,
    });
    const w = worker();
    w.say({
      type: 'invokefunction',
      function_id: 'engine::workers::register',
      data: { concurrency: 1 },
    });
    offer(w, 'f', INVOCATION);
    for (let n = 0; n < 5; n++) await enqueue('f', n);
    await advance();
    expect(httpCaller.calls).toHaveLength(5);
    w.disconnect();
    await expect(admin('f')).rejects.toMatchObject({ code: 'function_not_found' });
  });

  it('that cannot be called is logged when it is registered, and answers why', async () => {
    const httpCaller = new FakeCaller();
    const { worker, admin, logged } = await startEngine([policy('default')], { httpCaller });
    const w = worker();
    offer(w, 'refused', { url: 'https://refused.test' });
    expect(logged.at(-1)).toMatchObject({
      fields: { function: 'refused', problem: 'it is refused' },
    });
    offer(w, 'broken', { method: 'BREW', url: 'x' });
    expect(logged.at(-1)).toMatchObject({ fields: { function: 'broken' } });
    await expect(admin('broken')).rejects.toMatchObject({ details: { code: 'invocation_error' } });
  });

  it('answers an error where nothing sends calls out', async () => {
    const { worker, admin } = await startEngine();
    offer(worker(), 'f', INVOCATION);
    await expect(admin('f')).rejects.toMatchObject({ details: { code: 'invocation_error' } });
  });

  it('whose answer is nested too deep fails', async () => {
    const httpCaller = new FakeCaller();
    httpCaller.answer = { kind: 'result', result: '['.repeat(65) + ']'.repeat(65) };
    const { worker, admin } = await startEngine([policy('default')], { httpCaller });
    offer(worker(), 'f', INVOCATION);
    await expect(admin('f')).rejects.toMatchObject({ details: { code: 'invalid_response' } });
  });
});

describe('the description of an HTTP function', () => {
  it.each([
    [{}, 'url is required'],
    [{ url: 5 }, 'url must be a string'],
    [{ url: 'x', method: 'BREW' }, 'method must be one of'],
    [{ url: 'x', timeout_ms: 0 }, 'timeout_ms'],
    [{ url: 'x', headers: [] }, 'must be objects'],
    [{ url: 'x', headers: { a: 1 } }, 'header a'],
    [{ url: 'x', headers: { Host: 'a' } }, 'header Host'],
    [{ url: 'x', auth: { type: 'basic' } }, 'hmac, bearer or api_key'],
    [{ url: 'x', auth: { type: 'bearer' } }, 'token_key is required'],
  ])('is refused when it cannot be used: %j', (written, why) => {
    expect(() => readInvocation(written)).toThrow(why);
  });
});
