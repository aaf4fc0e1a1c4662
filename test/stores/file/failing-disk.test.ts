import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/clock.ts';
import type { IiiError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import type { Settlement } from '../../../src/queue/store.ts';
import type { Lease } from '../../../src/queue/types.ts';
import { CommitFailure } from '../../../src/stores/file/commit-failure.ts';
import { FileStore } from '../../../src/stores/file/file-store.ts';
import { newFolder } from '../../support/file-maker.ts';
import { diskFull, SimulatedDisk, SimulatedRecords } from '../../support/simulated-disk.ts';
import { newJob, offerOf, policyOf, uuidOf } from '../../support/store-fixture.ts';

const POLICIES = [policyOf('q', { maxAttempts: 1 })];
const RETRIED_AFTER_MS = 500;

class Stage {
  readonly clock: ManualClock;
  readonly fatal: IiiError[] = [];
  readonly disk: SimulatedDisk;
  readonly folder: string;
  readonly records: SimulatedRecords;
  readonly store: FileStore;

  constructor(clock = new ManualClock(), disk = new SimulatedDisk(), folder = newFolder()) {
    this.clock = clock;
    this.disk = disk;
    this.folder = folder;
    this.records = new SimulatedRecords(disk);
    this.store = new FileStore({
      clock: this.clock,
      log: silentLogger,
      path: folder,
      openRecords: () => this.records,
      onFatal: (error) => this.fatal.push(error),
    });
  }

  append(...numbers: number[]) {
    return this.store.append(numbers.map((n) => newJob(uuidOf(n), this.clock.now())));
  }

  lease(limit = 1): Promise<readonly Lease[]> {
    return this.store.lease({ queue: 'q', limit, offer: offerOf(null) });
  }

  settle(lease: Lease | undefined, kind: 'complete' | 'dead' = 'complete') {
    const error = { code: 'boom', message: 'it said boom' };
    const settlement: Settlement = {
      id: lease!.job.id,
      epoch: lease!.epoch,
      verdict:
        kind === 'complete' ? { kind } : { kind, reason: 'exhausted', error, countsAttempt: true },
      record: null,
      at: this.clock.now(),
    };
    return this.store.settle([settlement]);
  }

  /** Everything that can be seen of the store. */
  async view() {
    const filter = { queues: null, states: null, functionId: null, limit: 100, cursor: null };
    const { jobs } = await this.store.list({ ...filter, order: 'accepted' });
    return { jobs, stats: await this.store.stats() };
  }

  fail(...failures: (CommitFailure | null)[]): void {
    const from = this.records.commits;
    this.records.failureOf = (commit) => failures[commit - from - 1] ?? null;
  }
}

let stage: Stage;

async function open(): Promise<Stage> {
  stage = new Stage();
  await stage.store.open(POLICIES);
  return stage;
}

/** Cuts the power, and opens what is left. */
async function reopen(): Promise<void> {
  const { clock, disk, folder, store } = stage;
  await store.close();
  disk.cutPower();
  stage = new Stage(clock, disk, folder);
  await stage.store.open(POLICIES);
}

afterEach(() => stage.store.close());

describe('a file store whose disk is full', () => {
  it('answers no receipt, names the cause, and nothing took place', async () => {
    const { store, records, fatal } = await open();
    await stage.append(1);
    const before = await stage.view();
    stage.fail(diskFull);
    await expect(stage.append(2, 3)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('disk full (ENOSPC)'),
      details: { retryable: true },
    });
    expect(await stage.view()).toEqual(before);
    expect(await store.get(uuidOf(2))).toBeUndefined();
    expect(fatal).toEqual([]);
    expect(records.commits).toBe(2);
  });

  it('tries again by itself, and then accepts the same jobs', async () => {
    const { clock } = await open();
    stage.fail(diskFull, diskFull);
    await expect(stage.append(1)).rejects.toThrow();
    await clock.advance(RETRIED_AFTER_MS);
    await expect(stage.append(1)).rejects.toThrow();
    await clock.advance(RETRIED_AFTER_MS * 2);
    expect(await stage.append(1)).toEqual([{ id: uuidOf(1), duplicate: false }]);
  });

  it('accepts nothing more until there is room, and settles what runs', async () => {
    const { clock, records } = await open();
    await stage.append(1);
    const [lease] = await stage.lease();
    records.room = false;
    stage.fail(diskFull);
    await expect(stage.append(2)).rejects.toThrow('disk full');
    await clock.advance(RETRIED_AFTER_MS);
    await expect(stage.append(2)).rejects.toThrow('disk full');
    expect(await stage.settle(lease)).toEqual([true]);
    expect(stage.store.refusal()?.message).toContain('disk full');
    records.room = true;
    await clock.advance(RETRIED_AFTER_MS);
    expect(stage.store.refusal()).toBeNull();
    await expect(stage.append(2)).resolves.toHaveLength(1);
  });

  it('begins no attempt that it cannot record, and says when it can again', async () => {
    const { store, clock } = await open();
    const signals: string[] = [];
    await stage.append(1);
    store.watch(({ kind }) => signals.push(kind));
    stage.fail(diskFull);
    await expect(stage.append(2)).rejects.toThrow();
    expect(await stage.lease()).toEqual([]);
    signals.length = 0;
    await clock.advance(RETRIED_AFTER_MS);
    expect(signals).toContain('leasable');
    expect(await stage.lease()).toHaveLength(1);
  });

  it('fails what came in while the failed commit ran', async () => {
    const { disk } = await open();
    const release = disk.holdCommits();
    stage.fail(diskFull);
    const first = stage.append(1);
    await Promise.resolve();
    const second = stage.append(2);
    const duplicate = stage.store.append([newJob(uuidOf(3), 0, { dedupKey: null })]);
    release();
    const results = await Promise.allSettled([first, second, duplicate]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect((await stage.view()).jobs).toEqual([]);
  });

  it('writes a lease with the next commit when its own failed', async () => {
    const { clock, disk } = await open();
    await stage.append(1);
    stage.fail(diskFull);
    const [lease] = await stage.lease();
    await clock.advance(RETRIED_AFTER_MS);
    expect(await stage.settle(lease, 'dead')).toEqual([true]);
    expect(disk.records('states').size).toBe(1);
  });
});

describe('a file store whose commits fail one after the other', () => {
  /** Does a bit of everything; steps that fail are tried again once the disk is well. */
  async function live(): Promise<void> {
    const { store, clock } = stage;
    const retrying = async <Answer>(act: () => Promise<Answer>): Promise<Answer> => {
      for (;;) {
        const before = await stage.view();
        try {
          return await act();
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'STORE_FAILED' });
          expect(await stage.view()).toEqual(before);
          await clock.advance(RETRIED_AFTER_MS * 2);
        }
      }
    };
    const selection = { queues: ['q'], ids: null, limit: 10 };
    await retrying(() => stage.append(1, 2, 3, 4, 5));
    let leases: readonly Lease[] = [];
    while (leases.length < 3) {
      leases = [...leases, ...(await stage.lease(3 - leases.length))];
      await clock.advance(RETRIED_AFTER_MS);
    }
    await retrying(() => stage.settle(leases[0]));
    await retrying(() => stage.settle(leases[1], 'dead'));
    await retrying(() => stage.settle(leases[2], 'dead'));
    expect(await retrying(() => store.cancel([uuidOf(4)]))).toEqual([uuidOf(4)]);
    expect(await retrying(() => store.redrive({ ...selection, limit: 1 }))).toEqual([uuidOf(2)]);
    expect(await retrying(() => store.discard(selection))).toEqual([uuidOf(3)]);
    await retrying(() => store.pause('q', true));
    await clock.advance(RETRIED_AFTER_MS);
  }

  it('ends in the same state whichever commit fails', async () => {
    await open();
    await live();
    const commits = stage.records.commits;
    const expected = (await stage.view()).jobs.map(({ id, state }) => ({ id, state }));
    expect(commits).toBeGreaterThan(7);
    for (let failing = 1; failing <= commits; failing++) {
      await stage.store.close();
      await open();
      stage.records.failureOf = (commit) => (commit === failing ? diskFull : null);
      await live();
      const { jobs, stats } = await stage.view();
      expect(jobs.map(({ id, state }) => ({ id, state }))).toEqual(expected);
      expect(stats.get('q')).toMatchObject({
        paused: true,
        totals: { enqueued: 5, completed: 1, failed: 2, dead: 2, redriven: 1, discarded: 2 },
      });
      const before = await stage.view();
      await reopen();
      expect(await stage.view()).toEqual(before);
    }
  });
});

describe('a file store with a commit that fails for good', () => {
  const gone = new CommitFailure('Input/output error', 'EIO', true);

  /** One change after the other; each has to be answered before the next begins. */
  function changes(): readonly (() => Promise<unknown>)[] {
    const { store } = stage;
    const selection = { queues: ['q'], ids: null, limit: 1 };
    let leases: readonly Lease[] = [];
    return [
      () => stage.append(1, 2, 3, 4, 5),
      async () => {
        leases = await stage.lease(3);
      },
      () => stage.settle(leases[0]),
      () => stage.settle(leases[1], 'dead'),
      () => stage.settle(leases[2], 'dead'),
      () => store.cancel([uuidOf(4)]),
      () => store.redrive(selection),
      () => store.discard(selection),
      () => store.pause('q', true),
      () => store.pause('q', false),
      () => stage.append(6),
    ];
  }

  /** Makes changes until one is refused; answers how many were answered. */
  async function change(steps = changes()): Promise<number> {
    for (const [at, step] of steps.entries()) {
      const isDone = await step().then(
        () => true,
        () => false,
      );
      if (!isDone) return at;
    }
    return steps.length;
  }

  /** What is there after a restart; a lease whose record was lost leaves the job waiting. */
  async function after(): Promise<unknown> {
    await reopen();
    const { jobs, stats } = await stage.view();
    const { paused, totals } = stats.get('q')!;
    const states = jobs.map(({ id, state }) => [id, state === 'in_flight' ? 'waiting' : state]);
    return { states, paused, totals };
  }

  it.each([
    ['and did nothing', false],
    ['after it took place', true],
  ])('keeps what was answered, whichever commit it is: it failed %s', async (_, tookPlace) => {
    const states: unknown[] = [];
    await open();
    const total = changes().length;
    for (let answered = 0; answered <= total; answered++) {
      await stage.store.close();
      await open();
      await change(changes().slice(0, answered));
      await stage.clock.advance(0);
      states.push(await after());
    }
    const refused = new Set<number>();
    for (let failing = 1; ; failing++) {
      await stage.store.close();
      await open();
      const { records, fatal } = stage;
      const commit = records.commit.bind(records);
      records.commit = async (batch) => {
        const isFailing = records.commits + 1 === failing;
        if (tookPlace || !isFailing) await commit(batch);
        if (isFailing) throw gone;
      };
      const steps = changes();
      const answered = await change(steps);
      if (answered === total) break;
      refused.add(answered);
      expect(fatal).toHaveLength(1);
      for (const step of [() => stage.append(9), () => stage.store.pause('q', true)]) {
        await expect(step()).rejects.toThrow('EIO');
      }
      expect([states[answered], states[answered + 1]]).toContainEqual(await after());
    }
    // a lease is not waited for: what is refused is the change after it
    const waitedFor = [...Array(total).keys()].filter((step) => step !== 1);
    expect([...refused].sort((a, b) => a - b)).toEqual(waitedFor);
  });
});

describe('a file store whose files can no longer be trusted', () => {
  const broken = new CommitFailure('Input/output error', 'EIO', true);

  it('ends the engine once, and refuses every change from then on', async () => {
    const { store, clock, fatal } = await open();
    await stage.append(1);
    stage.fail(broken);
    const inTheMiddle = { retryable: false, uncertain: true };
    await expect(stage.append(2)).rejects.toMatchObject({ details: inTheMiddle });
    await clock.advance(RETRIED_AFTER_MS * 10);
    const later = await stage.append(3).catch((thrown: unknown) => thrown);
    expect(later).toMatchObject({ message: expect.stringContaining('(EIO)') as unknown });
    // nothing of it was written: this one is certain
    expect(later).not.toHaveProperty('details.uncertain');
    await expect(store.pause('q', true)).rejects.toThrow('EIO');
    expect(await stage.lease()).toEqual([]);
    expect(fatal).toHaveLength(1);
    expect((await stage.view()).jobs).toHaveLength(1);
  });

  it('treats a failure it does not know as one', async () => {
    const { records, fatal } = await open();
    records.commit = () => Promise.reject(new Error('something else'));
    await expect(stage.append(1)).rejects.toThrow('something else');
    expect(fatal).toHaveLength(1);
  });
});

describe('a receipt', () => {
  it('is not sent before the commit that holds the job has ended', async () => {
    const { store, disk } = await open();
    const release = disk.holdCommits();
    let answered = false;
    const receipt = stage.append(1).then(() => {
      answered = true;
    });
    await stage.clock.advance(1_000);
    expect(answered).toBe(false);
    expect(await store.get(uuidOf(1))).toBeUndefined();
    expect(await stage.lease()).toEqual([]);
    release();
    await receipt;
    expect(await store.get(uuidOf(1))).toMatchObject({ state: 'waiting' });
  });

  it('of a duplicate waits for the first job to be safe', async () => {
    const { store, disk, clock } = await open();
    const release = disk.holdCommits();
    const job = (n: number) => newJob(uuidOf(n), clock.now(), { dedupKey: 'k' });
    const first = store.append([job(1)]);
    await clock.advance(0);
    let answered = false;
    const second = store.append([job(2)]).then((receipts) => {
      answered = true;
      return receipts;
    });
    await clock.advance(1_000);
    expect(answered).toBe(false);
    release();
    await first;
    expect(await second).toEqual([{ id: uuidOf(1), duplicate: true }]);
  });

  it('of many callers comes from few commits', async () => {
    const { records } = await open();
    await Promise.all(Array.from({ length: 500 }, (_, n) => stage.append(n)));
    expect(records.commits).toBeLessThanOrEqual(2);
  });
});
