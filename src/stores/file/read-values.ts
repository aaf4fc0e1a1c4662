import type { RecordDamage, ScannedRecords } from './recover.ts';
import { scanAll, unreadable } from './recover.ts';
import type { StoredValue } from './value-record.ts';
import { decodeValue, valueKey } from './value-record.ts';

/**
 * Reads every value of a state and checks its record on the way, also that it is where it belongs: at
 * another place it would come back each time it is changed.
 * @throws IiiError STORE_DAMAGED when some are missing
 */
export function readValues(
  records: ScannedRecords,
  visit: { value(value: StoredValue): void; damage(damage: RecordDamage): void },
): void {
  for (const { key, bytes } of scanAll(records, 'values')) {
    const value = decodeValue(bytes);
    if (value !== null && valueKey(value.scope, value.key) === key) visit.value(value);
    else visit.damage(unreadable('values', key, null));
  }
}
