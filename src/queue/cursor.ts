import { IiiError } from '../base/errors.ts';
import type { JobFilter } from './store.ts';

type Order = JobFilter['order'];

/** Letter a cursor begins with, so that it is refused where the order is another. */
const PREFIX = { accepted: 'a', died: 'd', last_died: 'l' } as const;
const RADIX = 36;

/** The cursor behind the job with this place in an order. */
export function writeCursor(order: Order, key: number): string {
  return PREFIX[order] + key.toString(RADIX);
}

/** @throws IiiError INVALID_ARGUMENTS when it is not a cursor of this order */
export function readCursor(cursor: string, order: Order): number {
  const match = /^([adl])([0-9a-z]{1,11})$/.exec(cursor);
  const key = Number.parseInt(match?.[2] ?? '', RADIX);
  if (match?.[1] !== PREFIX[order] || !Number.isSafeInteger(key)) {
    throw new IiiError('INVALID_ARGUMENTS', 'The cursor cannot be read.', {
      reason: 'It is not one that an earlier page of the same list ended with.',
      hint: 'Start again without a cursor, then pass the nextCursor of each page to the next.',
    });
  }
  return key;
}
