import { rmSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { cliJson } from '../support/cli-process.ts';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import type { Frame } from '../support/raw-client.ts';
import { RawClient } from '../support/raw-client.ts';
import { SmallDisk } from '../support/small-disk.ts';

const MEBIBYTES = 16;
/** How soon an engine goes on after there is room again. */
const RESUMES_WITHIN_MS = 5_000;
/** A line of a stack trace. */
const STACK_TRACE = /^\s+at .*:\d+:\d+/m;
const unavailable = SmallDisk.unavailable();
const config = engineConfig({ pay: { max_retries: 1 } });

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function newDisk(): { readonly disk: SmallDisk; readonly store: string } {
  const disk = new SmallDisk(MEBIBYTES);
  closing.push(() => {
    disk.remove();
  });
  return { disk, store: `${disk.folder}/store` };
}

async function startOn(store: string) {
  const engine = await EngineProcess.start({ config, args: ['--store', store] });
  closing.push(() => engine.close());
  const client = await RawClient.connect(engine.url);
  return { engine, client };
}

/** Errors the engine wrote for people, or for programs that read them. */
function errorsOf(stderr: string): Frame[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('{"error"'))
    .map((line) => (JSON.parse(line) as { error: Frame }).error);
}

describe('an engine whose disk fails', () => {
  it('gives no receipt while the disk is full, does what it can, and goes on by itself', async ({
    skip,
  }) => {
    if (unavailable !== null) skip(unavailable);
    const { disk, store } = newDisk();
    const { engine, client } = await startOn(store);
    client.offer('fail', () => ({ error: { code: 'boom', message: 'as planned' } }));
    client.offer('slow');
    const dead = await client.accepted('pay', 'fail');
    await client.call('iii::job::wait', { id: dead });
    const running = await client.accepted('pay', 'slow');
    const call = await client.delivery(1, 'slow');
    disk.fill();

    const receipts: string[] = [];
    const refusals: Frame[] = [];
    for (let sent = 0; refusals.length < 20; sent++) {
      expect(sent).toBeLessThan(5_000);
      const { result, error } = await client.enqueue('pay', 'nobody', '"x"');
      if (error !== undefined) refusals.push({ ...error });
      else {
        receipts.push((result as { messageReceiptId: string }).messageReceiptId);
        // none after the first refusal
        expect(refusals).toEqual([]);
      }
    }
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({
        ...{ code: 'enqueue_error', retryable: true },
        message: expect.stringContaining('disk full (ENOSPC)'),
      });
    }

    expect(await client.call('iii::dlq::list', { queue: 'pay' })).toMatchObject({
      jobs: [{ id: dead, error: { code: 'boom' } }],
    });
    expect(await client.call('iii::job::get', { id: running })).toMatchObject({
      state: 'in_flight',
    });
    client.answer(call);

    disk.free();
    const id = await eventually(async () => {
      const { result } = await client.enqueue('pay', 'nobody', '"x"');
      return (result as { messageReceiptId: string } | undefined)?.messageReceiptId;
    }, RESUMES_WITHIN_MS);
    receipts.push(id);
    expect(await client.call('iii::job::wait', { id: running })).toMatchObject({
      state: 'completed',
    });
    expect((await engine.stop()).code).toBe(0);

    const { client: next } = await startOn(store);
    for (const receipt of receipts) {
      expect(await next.call('iii::job::get', { id: receipt })).toMatchObject({ state: 'waiting' });
    }
    expect(await next.call('iii::queue::get', { queue: 'pay' })).toMatchObject({
      ...{ waiting: receipts.length, dead: 1, inFlight: 0 },
      totals: { enqueued: receipts.length + 2, completed: 1 },
    });
  });

  it('writes no stack trace when a large job no longer fits', async ({ skip }) => {
    if (unavailable !== null) skip(unavailable);
    const { store } = newDisk();
    const { engine, client } = await startOn(store);
    const large = JSON.stringify('x'.repeat(900_000));
    // a write that is cut short is another failure than one that does not begin
    const refusal = await eventually(
      async () => (await client.enqueue('pay', 'nobody', large)).error,
    );
    expect(refusal).toMatchObject({ code: 'enqueue_error', retryable: true });
    expect((await engine.stop()).code).toBe(0);
    expect(engine.stderr).toContain('the store cannot be written');
    expect(engine.stderr).not.toMatch(STACK_TRACE);
  });

  it('does not start on a full disk, says so, and starts when there is room', async ({ skip }) => {
    if (unavailable !== null) skip(unavailable);
    const { disk, store } = newDisk();
    disk.fill();
    const failed = await EngineProcess.startAndFail({ config, args: ['--store', store] });
    expect(failed.code).not.toBe(0);
    expect(failed.stdout).toBe('');
    expect(errorsOf(failed.stderr)).toEqual([
      expect.objectContaining({
        code: 'STORE_FAILED',
        message: expect.stringContaining('ENOSPC'),
        hint: expect.any(String),
      }),
    ]);
    disk.free();
    const { client } = await startOn(store);
    await client.accepted('pay', 'nobody');
  });

  it('does not start on a read-only disk, changes nothing, and starts when it is writable', async ({
    skip,
  }) => {
    if (unavailable !== null) skip(unavailable);
    const { disk, store } = newDisk();
    const { engine, client } = await startOn(store);
    const id = await client.accepted('pay', 'nobody');
    expect((await engine.stop()).code).toBe(0);
    disk.setReadOnly(true);
    const failed = await EngineProcess.startAndFail({ config, args: ['--store', store] });
    expect(failed.code).not.toBe(0);
    expect(failed.stdout).toBe('');
    expect(errorsOf(failed.stderr)).toEqual([
      expect.objectContaining({
        code: 'STORE_FAILED',
        message: expect.stringContaining(store),
        hint: expect.any(String),
      }),
    ]);
    expect(failed.stderr).toMatch(/read-only|EROFS/);
    expect(await cliJson(['store', 'verify', store])).toMatchObject({ states: { waiting: 1 } });
    disk.setReadOnly(false);
    const { client: next } = await startOn(store);
    expect(await next.call('iii::job::get', { id })).toMatchObject({ state: 'waiting' });
  });

  it('refuses with the cause and ends with one clear error when its folder is deleted, and can be started again', async ({
    skip,
  }) => {
    if (unavailable !== null) skip(unavailable);
    const { store } = newDisk();
    const { engine, client } = await startOn(store);
    await client.accepted('pay', 'nobody');
    rmSync(store, { recursive: true });
    const { result, error } = await client.enqueue('pay', 'nobody');
    expect(result).toBeUndefined();
    expect(error).toMatchObject({
      ...{ code: 'enqueue_error', retryable: true, details: { uncertain: true } },
      message: expect.stringContaining('the files are gone (ENOENT)'),
    });
    const { code } = await engine.exited;
    expect(code).not.toBe(0);
    expect(errorsOf(engine.stderr)).toEqual([
      expect.objectContaining({
        code: 'STORE_FAILED',
        message: expect.stringContaining('gone'),
        hint: expect.any(String),
      }),
    ]);
    const { client: next } = await startOn(store);
    await next.accepted('pay', 'nobody');
  });
});
