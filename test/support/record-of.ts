import { RecordWriter } from '../../src/stores/file/record-writer.ts';

/** The record that is written, in memory of its own. */
export function recordOf(encode: (writer: RecordWriter) => void): Buffer {
  const writer = new RecordWriter(0);
  encode(writer);
  return writer.record;
}
