import { LIMITS } from './limits.ts';
import type { JobError } from './types.ts';

const CUT_MARK = ' … (cut)';
/** UTF-8 bytes of `CUT_MARK`: the ellipsis takes three. */
const CUT_MARK_BYTES = CUT_MARK.length + 2;
/** A UTF-16 code unit never takes more UTF-8 bytes than this. */
const MOST_BYTES_PER_UNIT = 3;

/** The error with message and stack of at most `LIMITS.errorBytes` UTF-8 bytes each; the same object when it fits. */
export function cutError(error: JobError): JobError {
  const message = cutText(error.message, LIMITS.errorBytes);
  const stack = error.stack === undefined ? undefined : cutText(error.stack, LIMITS.errorBytes);
  if (message === error.message && stack === error.stack) return error;
  return stack === undefined ? { code: error.code, message } : { code: error.code, message, stack };
}

/** The longest beginning of `text` that ends between characters and, marked as cut, takes at most `limit` bytes. */
function cutText(text: string, limit: number): string {
  if (text.length * MOST_BYTES_PER_UNIT <= limit) return text;
  let bytes = 0;
  let fits = 0;
  for (let at = 0; at < text.length;) {
    const point = text.codePointAt(at) ?? 0;
    bytes += utf8Bytes(point);
    if (bytes > limit) return text.slice(0, fits) + CUT_MARK;
    at += point > 0xffff ? 2 : 1;
    if (bytes <= limit - CUT_MARK_BYTES) fits = at;
  }
  return text;
}

function utf8Bytes(point: number): number {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x10000 ? 3 : 4;
}
