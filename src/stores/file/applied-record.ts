import { IiiError } from '../../base/errors.ts';
import type { Applied } from './journal-reader.ts';
import { APPLIED_KEY } from './journal-layout.ts';
import { openRecord } from './record-reader.ts';
import type { RecordPort } from './record-port.ts';
import { FRAME_BYTES, LENGTH_BYTES, RecordWriter } from './record-writer.ts';

const BODY_BYTES = 9;

/** How far the database has gone, as a record that goes along with what it has up to there. */
export function encodeApplied({ generation, isClosed }: Applied): Buffer {
  const writer = new RecordWriter(LENGTH_BYTES + FRAME_BYTES + BODY_BYTES);
  writer.begin(BODY_BYTES);
  writer.number(generation);
  writer.byte(isClosed ? 1 : 0);
  writer.end();
  return writer.record;
}

/**
 * How far a database has gone. One without a journal is closed.
 * @throws IiiError STORE_DAMAGED when that cannot be read
 */
export function readApplied(database: Pick<RecordPort, 'read'>, folder: string): Applied {
  const bytes = database.read('store', APPLIED_KEY);
  if (bytes === undefined) return { generation: 0, isClosed: true };
  const reader = openRecord(bytes);
  if (reader !== null) return { generation: reader.number(), isClosed: reader.byte() === 1 };
  throw new IiiError('STORE_DAMAGED', `The store in ${folder} does not say how far it has gone.`, {
    reason: `The record ${APPLIED_KEY} of the table store is damaged. Nothing was changed.`,
    hint: 'Restore the folder from a backup (iii store backup makes one).',
    details: { folder },
  });
}
