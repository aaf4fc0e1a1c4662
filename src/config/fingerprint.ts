import { createHash, createHmac } from 'node:crypto';
import type { Secret } from '../base/secret.ts';
import type { SettingValue } from './settings.ts';

const LENGTH = 16;

/**
 * Short name of a resolved configuration: the same for the same values, in any order. Secrets are not
 * part of it, so that it tells nothing about them; their settings are, masked.
 */
export function fingerprintOf(
  settings: readonly { readonly key: string; readonly value: SettingValue }[],
): string {
  const pairs = settings.map(({ key, value }) => [key, value] as const);
  const sorted = pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, LENGTH);
}

/** Says of two secrets whether they are the same, to who has the key, and nothing else. */
export function digestOf(secret: Secret, key: string): string {
  return createHmac('sha256', key).update(secret.reveal()).digest('hex');
}
