import { describe, expect, it } from 'vitest';
import { NO_ROW } from '../../src/queue/columns.ts';
import { Lanes } from '../../src/queue/lanes.ts';
import type { RestoredJob } from '../../src/queue/lanes.ts';
import type { Verdict } from '../../src/queue/types.ts';
import { newJob, offerOf, policyOf, uuidOf } from '../support/store-fixture.ts';

const NOW = 1_000;
const ALL = offerOf(null);
const COMPLETE: Verdict = { kind: 'complete' };
const DIE: Verdict = {
  kind: 'dead',
  reason: 'exhausted',
  error: { code: 'boom', message: 'boom' },
  countsAttempt: true,
};

function fifoLanes(): Lanes {
  const lanes = new Lanes(() => undefined);
  lanes.configure([policyOf('q', { type: 'fifo', groupField: 'g', retainCompleted: 2 })], NOW);
  return lanes;
}

function add(lanes: Lanes, number: number, group = '1'): number {
  const { row } = lanes.admit(newJob(uuidOf(number), NOW, { group }));
  lanes.accept(row, NOW);
  return row;
}

const lease = (lanes: Lanes, limit = 9): number[] => lanes.lease('q', limit, ALL, NOW);

function end(lanes: Lanes, number: number, verdict: Verdict): void {
  const row = lanes.table.find(uuidOf(number));
  const { epoch } = lanes.table.progressOf(row);
  lanes.settle(lanes.reserveLeased(uuidOf(number), epoch), verdict, NOW, NOW, 1);
}

describe('a change that is on its way to disk', () => {
  describe('of a job behind the head of its group', () => {
    /** The first of three has ended, while the second is on its way to be discarded. */
    function reserveSecond(): { lanes: Lanes; second: number; third: number } {
      const lanes = fifoLanes();
      add(lanes, 1);
      const second = add(lanes, 2);
      const third = add(lanes, 3);
      lease(lanes);
      expect(lanes.reserveWaiting(uuidOf(2))).toBe(second);
      end(lanes, 1, COMPLETE);
      return { lanes, second, third };
    }

    it('lets nothing behind it run before it is certain', () => {
      const { lanes, second, third } = reserveSecond();
      expect(lease(lanes)).toEqual([]);
      lanes.discard(second, NOW, NOW, 1);
      expect(lease(lanes)).toEqual([third]);
    });

    it('leaves it in its place when it could not be made', () => {
      const { lanes, second, third } = reserveSecond();
      expect(lease(lanes)).toEqual([]);
      lanes.release(second, NOW);
      expect(lease(lanes)).toEqual([second]);
      end(lanes, 2, COMPLETE);
      expect(lease(lanes)).toEqual([third]);
    });

    it('may be made or not while the head is still running', () => {
      for (const isMade of [true, false]) {
        const lanes = fifoLanes();
        add(lanes, 1);
        const second = add(lanes, 2);
        const third = add(lanes, 3);
        lease(lanes);
        lanes.reserveWaiting(uuidOf(2));
        if (isMade) lanes.discard(second, NOW, NOW, 1);
        else lanes.release(second, NOW);
        expect(lease(lanes)).toEqual([]);
        end(lanes, 1, COMPLETE);
        expect(lease(lanes)).toEqual([isMade ? third : second]);
      }
    });

    it('survives a change of the type of its queue', () => {
      const { lanes, second, third } = reserveSecond();
      lanes.configure([policyOf('q', { type: 'standard' })], NOW);
      expect(lease(lanes)).toEqual([third]);
      lanes.release(second, NOW);
      expect(lease(lanes)).toEqual([second]);
    });
  });

  it('hides an admitted job, holds its dedup key, and can be taken back', () => {
    const lanes = fifoLanes();
    const job = newJob(uuidOf(1), NOW, { group: '1', dedupKey: 'k' });
    const { row } = lanes.admit(job);
    expect(lanes.find(job.id)).toBe(NO_ROW);
    expect(lease(lanes)).toEqual([]);
    expect(lanes.admit({ ...job, id: uuidOf(2) })).toEqual({ row, duplicate: true });
    lanes.withdraw(row);
    expect(lanes.admit({ ...job, id: uuidOf(2) }).duplicate).toBe(false);
    expect(lanes.table.line('q').groups.size).toBe(1);
  });

  it('refuses a second settlement and keeps the group blocked until it is carried out', () => {
    const lanes = fifoLanes();
    add(lanes, 1);
    const next = add(lanes, 2);
    lease(lanes);
    const row = lanes.reserveLeased(uuidOf(1), 1);
    expect(lanes.reserveLeased(uuidOf(1), 1)).toBe(NO_ROW);
    expect(lease(lanes)).toEqual([]);
    lanes.settle(row, COMPLETE, NOW, NOW, 1);
    expect(lease(lanes)).toEqual([next]);
  });

  it('can be settled again after it failed', () => {
    const lanes = fifoLanes();
    const row = add(lanes, 1);
    lease(lanes);
    lanes.release(lanes.reserveLeased(uuidOf(1), 1), NOW);
    expect(lease(lanes)).toEqual([]);
    expect(lanes.reserveLeased(uuidOf(1), 1)).toBe(row);
  });

  it('takes a waiting job out of reach, and a release puts it back in front', () => {
    const lanes = fifoLanes();
    const head = add(lanes, 1);
    add(lanes, 2);
    expect(lanes.reserveWaiting(uuidOf(1))).toBe(head);
    expect(lanes.reserveWaiting(uuidOf(1))).toBe(NO_ROW);
    expect(lease(lanes)).toEqual([]);
    lanes.release(head, NOW);
    expect(lease(lanes)).toEqual([head]);
  });

  it('takes dead jobs out of reach until it is carried out or undone', () => {
    const lanes = fifoLanes();
    const row = add(lanes, 1);
    lease(lanes);
    end(lanes, 1, DIE);
    const all = { queues: ['q'], ids: null, limit: 9 };
    expect(lanes.reserveDead(all)).toEqual([row]);
    expect(lanes.reserveDead(all)).toEqual([]);
    expect(lanes.reserveDead({ ...all, ids: [uuidOf(1)] })).toEqual([]);
    lanes.release(row, NOW);
    expect(lanes.reserveDead(all)).toEqual([row]);
    lanes.redrive(row, NOW, NOW);
    expect(lease(lanes)).toEqual([row]);
  });
});

describe('recovery', () => {
  const stored = (number: number, job: Partial<RestoredJob>): RestoredJob => ({
    ...newJob(uuidOf(number), NOW, { group: '1' }),
    seq: number,
    state: 'waiting',
    attempts: 0,
    interruptions: 0,
    epoch: 0,
    stampAt: 0,
    deathOrder: 0,
    bytes: 1,
    ...job,
  });

  it('puts jobs back in any order, with the one in flight before the others of its group', () => {
    const lanes = fifoLanes();
    const third = lanes.restore(stored(3, {}), NOW);
    const first = lanes.restore(stored(1, {}), NOW);
    const second = lanes.restore(stored(2, { state: 'in_flight', epoch: 4, attempts: 1 }), NOW);
    expect(lease(lanes)).toEqual([]);
    expect(lanes.reserveLeased(uuidOf(2), 4)).toBe(NO_ROW);
    expect(lanes.reclaim(9, NOW)).toEqual([{ row: second, cause: 'orphaned' }]);
    expect(lanes.table.progressOf(second)).toMatchObject({ epoch: 5, attempts: 1 });
    end(lanes, 2, { kind: 'return', countsInterruption: true });
    for (const [number, row] of [first, second, third].entries()) {
      expect(lease(lanes)).toEqual([row]);
      end(lanes, number + 1, COMPLETE);
    }
  });

  it('continues the numbers of acceptance and death', () => {
    const lanes = fifoLanes();
    lanes.restore(stored(7, { state: 'dead', deathOrder: 4, attempts: 3 }), NOW);
    lanes.restore(stored(8, { state: 'completed', stampAt: NOW }), NOW);
    const row = add(lanes, 9);
    expect(lanes.table.progressOf(row).seq).toBe(9);
    lease(lanes);
    end(lanes, 9, DIE);
    expect(lanes.deathOrderOf(row)).toBe(5);
    lanes.continueFrom(100, 50);
    expect(lanes.table.progressOf(add(lanes, 10)).seq).toBe(100);
  });

  it('keeps the jobs of a queue that has no settings any more', () => {
    const lanes = new Lanes(() => undefined);
    const head = lanes.restore(stored(1, { queue: 'gone' }), NOW);
    lanes.restore(stored(2, { queue: 'gone' }), NOW);
    expect(lanes.lease('gone', 9, ALL, NOW)).toEqual([head]);
  });
});

describe('what is over', () => {
  it('leaves nothing of its groups and functions behind', () => {
    const forgotten: number[] = [];
    const lanes = new Lanes((row) => forgotten.push(row));
    lanes.configure([policyOf('q', { type: 'fifo', groupField: 'g', retainCompleted: 2 })], NOW);
    const count = 20_000;
    for (let number = 0; number < count; number++) add(lanes, number, String(number));
    const line = lanes.table.line('q');
    expect(line.groups.size).toBe(count);
    lease(lanes, count);
    for (let number = 0; number < count; number++) end(lanes, number, COMPLETE);
    expect(forgotten).toHaveLength(count - 2);
    expect(line.groups.size).toBe(2);
    lanes.configure([policyOf('q', { type: 'fifo', groupField: 'g', retainCompleted: 0 })], NOW);
    expect([line.groups.size, line.lanes.size, line.groupsAlive]).toEqual([0, 0, 0]);
  });

  it('is kept only as long as its bytes have room', () => {
    const lanes = fifoLanes();
    const half = 9 * 1024 * 1024;
    for (const number of [1, 2]) {
      add(lanes, number);
      lease(lanes);
      const row = lanes.reserveLeased(uuidOf(number), 1);
      lanes.settle(row, COMPLETE, NOW, NOW, half);
    }
    expect(lanes.find(uuidOf(1))).toBe(NO_ROW);
    expect(lanes.find(uuidOf(2))).not.toBe(NO_ROW);
  });
});
