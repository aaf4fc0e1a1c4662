import { closeSync, cpSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SystemClock } from '../../src/base/clock.ts';
import { IiiError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Job } from '../../src/queue/types.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import type { OpenRecords } from '../../src/stores/file/open-store.ts';
import { journaled } from '../../src/stores/file/open-store.ts';
import { newJob, offerOf, policyOf, uuidOf } from '../support/store-fixture.ts';

/*
 * A process of its own, because the database may end it: open-flipped.ts FOLDER FIRST COUNT. It makes
 * a store in FOLDER, and for each seed turns one bit of a copy, opens that, works with it, opens it
 * again, and prints the seed before and how it went after.
 */

const PAGE_BYTES = 4096;
const HEADER_BYTES = 64;
const BATCHES = 30;
const BATCH = 10;
const SHORT_TURN = 4_000;
const [folder = '', first = '0', count = '1'] = process.argv.slice(2);
const clock = new SystemClock();

/** How one seed went. */
interface Opening {
  readonly seed: number;
  readonly outcome: 'intact' | 'aside' | 'refused' | 'wrong';
  readonly why: string;
}

/** The payload of the job with this id: some fill pages of their own. */
function payloadOf(id: string): string {
  const number = Number.parseInt(id.slice(-4), 16);
  return JSON.stringify({ id, body: 'x'.repeat(number % 30 === 0 ? 9_000 : 300) });
}

/** Small, even, and the same everywhere. */
function drawsOf(seed: number): (below: number) => number {
  let state = (seed + 1) * 0x9e3779b1;
  return (below) => {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) + 0x6d2b79f5;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

/** Most bits of a store are payload; here every second one is in the part of a page that LMDB trusts. */
function flip(file: string, seed: number): void {
  const draw = drawsOf(seed);
  const fd = openSync(file, 'r+');
  const pages = fstatSync(fd).size / PAGE_BYTES;
  const kind = draw(8);
  const page = kind < 2 ? kind : draw(pages);
  const at = page * PAGE_BYTES + draw(kind < 2 ? 160 : kind < 5 ? HEADER_BYTES : PAGE_BYTES);
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ (1 << draw(8));
  writeSync(fd, byte, 0, 1, at);
  closeSync(fd);
}

/** Accepts jobs in many small steps and ends some in between. Answers how many there are. */
async function fill(): Promise<number> {
  // every few commits go into the database, so that its pages are freed and used again
  const { store } = await open(folder, false, journaled(SHORT_TURN));
  for (let batch = 0; batch < BATCHES; batch++) {
    const ids = Array.from({ length: BATCH }, (_, n) => uuidOf(batch * BATCH + n));
    await store.append(ids.map((id) => newJob(id, 0, { payload: payloadOf(id) })));
    if (batch % 2 === 0) await endJobs(store, BATCH - 2);
  }
  const { length } = await jobsOf(store);
  await store.close();
  return length;
}

async function endJobs(store: FileStore, limit: number): Promise<void> {
  const leases = await store.lease({ queue: 'q', limit, offer: offerOf(null) });
  for (const { job, epoch } of leases) {
    if (job.payload !== payloadOf(job.id))
      throw new RangeError(`${job.id} ran with another payload`);
    const verdict = { kind: 'complete' } as const;
    await store.settle([{ id: job.id, epoch, verdict, record: null, at: 0 }]);
  }
}

async function open(
  path: string,
  repair: boolean,
  openRecords?: OpenRecords,
): Promise<{ store: FileStore; aside: number }> {
  let aside = 0;
  const log = {
    ...silentLogger,
    error: () => {
      aside += 1;
    },
  };
  const store = new FileStore({
    ...{ clock, log, path, repair },
    ...(openRecords === undefined ? {} : { openRecords }),
  });
  await store.open([policyOf('q', { retainCompleted: 20 })]);
  return { store, aside };
}

async function jobsOf(store: FileStore): Promise<readonly Job[]> {
  const filter = { queues: null, states: null, functionId: null, order: 'accepted' } as const;
  const { jobs } = await store.list({ ...filter, limit: 10_000, cursor: null });
  const wrong = jobs.find((job) => job.payload !== payloadOf(job.id));
  if (wrong !== undefined) throw new RangeError(`job ${wrong.id} has another payload`);
  return jobs;
}

/** Ends some jobs and accepts others, so that pages are freed and used again. Answers how many there are. */
async function work(store: FileStore): Promise<number> {
  const ids = Array.from({ length: 40 }, (_, n) => uuidOf(0x8000 + n));
  await store.append(ids.map((id) => newJob(id, 0, { payload: payloadOf(id) })));
  await endJobs(store, 30);
  return (await jobsOf(store)).length;
}

async function tryOpening(
  path: string,
  expected: number,
  repair: boolean,
): Promise<Opening['outcome']> {
  const opened = await open(path, repair);
  const found = await jobsOf(opened.store);
  if (found.length < expected && opened.aside === 0) throw new RangeError('jobs are gone');
  const after = await work(opened.store);
  await opened.store.close();
  const again = await open(path, false);
  if ((await jobsOf(again.store)).length !== after) throw new RangeError('jobs went at work');
  await again.store.close();
  return found.length === expected ? 'intact' : 'aside';
}

async function openFlipped(seed: number, expected: number): Promise<Opening> {
  const copy = `${folder}-${seed}`;
  cpSync(folder, copy, { recursive: true });
  flip(join(copy, 'data.mdb'), seed);
  let refusal = '';
  try {
    for (const repair of [false, true]) {
      try {
        const outcome = await tryOpening(copy, expected, repair);
        return { seed, outcome, why: refusal };
      } catch (thrown) {
        if (!(thrown instanceof IiiError) || thrown.code !== 'STORE_DAMAGED') throw thrown;
        refusal = `${thrown.message} ${thrown.reason ?? ''}`;
      }
    }
    return { seed, outcome: 'refused', why: refusal };
  } catch (thrown) {
    return { seed, outcome: 'wrong', why: `${refusal} ${String(thrown)}` };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const expected = await fill();
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  // before the attempt, so that the seed is known that ended the process
  process.stdout.write(`${seed}\n`);
  process.stdout.write(`${JSON.stringify(await openFlipped(seed, expected))}\n`);
}
