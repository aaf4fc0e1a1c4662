import type { QueueTotals } from '../../queue/store.ts';
import { openRecord } from './record-reader.ts';
import type { RecordWriter } from './record-writer.ts';
import { textRoom } from './record-writer.ts';

/** What is kept of a queue beside its jobs. */
export interface StoredQueue {
  readonly name: string;
  readonly paused: boolean;
  readonly totals: QueueTotals;
  /** No job accepted so far has this `seq` or a higher one. */
  readonly nextSeq: number;
  /** No dead job so far has this place in the order of deaths or a higher one. */
  readonly nextDeathOrder: number;
}

export function encodeQueue(writer: RecordWriter, queue: StoredQueue): number {
  const text = JSON.stringify(queue);
  writer.begin(textRoom(text));
  writer.text(text);
  return writer.end();
}

/** The queue in a record; `null` when the record is damaged. */
export function decodeQueue(bytes: Buffer): StoredQueue | null {
  const reader = openRecord(bytes);
  return reader === null ? null : (JSON.parse(reader.text()) as StoredQueue);
}
