import { createHash, timingSafeEqual } from 'node:crypto';
import type { Role } from '../base/role.ts';

/** A token that opens a connection; of the token itself only the hash is known. */
export interface AcceptedToken {
  readonly name: string;
  /** Lower-case hex SHA-256 of the token. */
  readonly sha256: string;
  readonly role: Role;
}

/** Lower-case hex SHA-256 of a token. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The entry a token belongs to. Takes the same time whichever entry it is, or none. */
export function findToken(
  accepted: readonly AcceptedToken[],
  token: string,
): AcceptedToken | undefined {
  const hash = createHash('sha256').update(token).digest();
  let found: AcceptedToken | undefined;
  for (const entry of accepted) {
    const expected = Buffer.from(entry.sha256, 'hex');
    if (expected.length === hash.length && timingSafeEqual(expected, hash)) found = entry;
  }
  return found;
}
