import { createHash } from 'node:crypto';
import { openRecord } from './record-reader.ts';
import { textRoom, type RecordWriter } from './record-writer.ts';

/** One value of the state. */
export interface StoredValue {
  readonly scope: string;
  readonly key: string;
  /** JSON text. */
  readonly text: string;
}

/** Under which key a value is stored: of one length, whatever scope and key are. */
export function valueKey(scope: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([scope, key]))
    .digest('hex');
}

export function encodeValue(writer: RecordWriter, { scope, key, text }: StoredValue): number {
  writer.begin(textRoom(scope) + textRoom(key) + textRoom(text));
  writer.text(scope);
  writer.text(key);
  writer.text(text);
  return writer.end();
}

/** The value in a record; `null` when the record is damaged. */
export function decodeValue(bytes: Buffer): StoredValue | null {
  const reader = openRecord(bytes);
  if (reader === null) return null;
  return { scope: reader.text(), key: reader.text(), text: reader.text() };
}
