import { describe, expect, it } from 'vitest';
import { ROW } from '../../../src/queue/row-state.ts';
import type { RecordPort, StoredRecord } from '../../../src/stores/file/record-port.ts';
import type { Table } from '../../../src/stores/file/tables.ts';
import { decodeState, encodeState } from '../../../src/stores/file/state-record.ts';
import { powerCutMaker } from '../../support/file-maker.ts';
import { recordOf } from '../../support/record-of.ts';
import type { SimulatedDisk, Write } from '../../support/simulated-disk.ts';
import { SimulatedRecords } from '../../support/simulated-disk.ts';
import { runModel } from '../model.ts';

/** Resolves before anything is on disk, as a store does that answers too early. */
class EarlyReceipt extends SimulatedRecords {
  protected override async persist(writes: readonly Write[]): Promise<void> {
    this.disk.sync();
    this.disk.write(writes);
  }
}

class NoFlush extends SimulatedRecords {
  protected override async persist(writes: readonly Write[]): Promise<void> {
    this.disk.write(writes);
  }
}

class LeaseNotRecorded extends SimulatedRecords {
  protected override async persist(writes: readonly Write[]): Promise<void> {
    await super.persist(writes.filter((write) => stateIn(write)?.state !== ROW.inFlight));
  }
}

class AttemptsForgotten extends SimulatedRecords {
  override scan(table: Table): Iterable<StoredRecord> {
    const records = [...super.scan(table)];
    if (table !== 'states') return records;
    return records.map(({ key, bytes }) => {
      const state = decodeState(bytes);
      const written = recordOf((writer) => encodeState(writer, { ...state!, attempts: 0 }));
      return { key, bytes: written };
    });
  }
}

/** Takes a dead job out in one step and puts it back in another, with a power cut in between. */
class RedriveInTwoSteps extends SimulatedRecords {
  protected override async persist(writes: readonly Write[]): Promise<void> {
    const redriven = writes.filter((write) => this.#redrives(write));
    if (redriven.length === 0) {
      await super.persist(writes);
      return;
    }
    const removals = redriven.flatMap(({ key }): Write[] => [
      { table: 'jobs', key, bytes: null },
      { table: 'states', key, bytes: null },
    ]);
    await super.persist(removals);
    this.disk.write([...this.#jobsOf(redriven), ...writes]);
  }

  #jobsOf(redriven: readonly Write[]): Write[] {
    return redriven.map(({ key }) => ({
      table: 'jobs',
      key,
      bytes: this.disk.records('jobs').get(key) ?? null,
    }));
  }

  #redrives(write: Write): boolean {
    if (stateIn(write)?.state !== ROW.waiting) return false;
    const before = this.disk.records('states').get(write.key);
    return before !== undefined && decodeState(before)?.state === ROW.dead;
  }
}

/** Reads the jobs in whatever order they come, and numbers them anew. */
class UnorderedScan extends SimulatedRecords {
  override scan(table: Table): Iterable<StoredRecord> {
    return [...super.scan(table)].reverse();
  }
}

class TotalsNotWritten extends SimulatedRecords {
  protected override async persist(writes: readonly Write[]): Promise<void> {
    await super.persist(writes.filter(({ table }) => table !== 'queues'));
  }
}

class HalfABatch extends SimulatedRecords {
  protected override async persist(writes: readonly Write[]): Promise<void> {
    this.disk.write(writes.slice(0, Math.ceil(writes.length / 2)));
    this.disk.sync();
    this.disk.write(writes.slice(Math.ceil(writes.length / 2)));
  }
}

function stateIn({ table, bytes }: Write) {
  return table === 'states' && bytes !== null ? decodeState(bytes) : null;
}

const bugs: readonly (readonly [string, (disk: SimulatedDisk) => RecordPort])[] = [
  ['the receipt is sent before the flush', (disk) => new EarlyReceipt(disk)],
  ['nothing is flushed', (disk) => new NoFlush(disk)],
  ['a lease is not recorded', (disk) => new LeaseNotRecorded(disk)],
  ['attempts start anew after a restart', (disk) => new AttemptsForgotten(disk)],
  ['redriving removes first and adds later', (disk) => new RedriveInTwoSteps(disk)],
  ['the order comes from an unordered scan', (disk) => new UnorderedScan(disk)],
  ['the records of queues are not written', (disk) => new TotalsNotWritten(disk)],
  ['a batch is not atomic', (disk) => new HalfABatch(disk)],
];

describe.each(bugs)('a file store with this bug is caught by power cuts: %s', (_, makeRecords) => {
  it('in random runs', async () => {
    const run = runModel(powerCutMaker(makeRecords), { runs: 200, seed: 7, shrinks: false });
    await expect(run).rejects.toThrow();
  });
});
