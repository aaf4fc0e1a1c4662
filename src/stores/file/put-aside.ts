import type { RecordDamage } from './recover.ts';
import type { RecordPort } from './record-port.ts';
import type { Table } from './tables.ts';
import type { WriteBatch } from './write-batch.ts';

/** Removes everything of a job. */
export function removeJob(batch: WriteBatch, seq: number): void {
  batch.remove('jobs', seq);
  batch.remove('states', seq);
}

/** Moves everything of a job out of the way, as it is. */
export function moveAside(records: RecordPort, batch: WriteBatch, seq: number): void {
  copyAside(records, batch, 'jobs', seq);
  copyAside(records, batch, 'states', seq);
  removeJob(batch, seq);
}

/** Moves a damaged record out of the way, with all that belongs to the same job. */
export function moveDamage(
  records: RecordPort,
  batch: WriteBatch,
  { table, key }: RecordDamage,
): void {
  if (typeof key === 'number') {
    moveAside(records, batch, key);
    return;
  }
  copyAside(records, batch, table, key);
  batch.remove(table, key);
}

function copyAside(
  records: RecordPort,
  batch: WriteBatch,
  table: Table,
  key: number | string,
): void {
  const bytes = records.read(table, key);
  if (bytes !== undefined) batch.put('aside', `${table} ${key}`, bytes);
}
