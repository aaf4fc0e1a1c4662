import { createHash } from 'node:crypto';

/** The settings of the queues that the checks rest on. */
export const MAX_ATTEMPTS = 2;
export const CONCURRENCY = 20;
export const GROUPS_AT_ONCE = 8;
export const GRACE_MS = 5_000;
export const PLAIN = 'plain';
export const GROUPED = 'grouped';

/** Leases after which a job that was bound to die succeeds: it was redriven by then. */
const PATIENCE = 4;

/** What JSON can hold and a program that parses and prints it would change. */
const ODD = String.raw`{"__proto__":{"a":1},"twice":1,"twice":2,"zero":-0,"big":9007199254740993,"real":1.0,"lone":"\ud800","nul":"\u0000"}`;

/** Whether an attempt succeeds, known from the job's key alone: so that every process can tell. */
export function succeeds(key: string, attempt: number, epoch: number): boolean {
  const draw = Number.parseInt(key.slice(-1), 36) % 10;
  if (epoch > PATIENCE) return true;
  if (draw === 0) return false;
  return draw !== 1 || attempt > 1;
}

/** A payload that tells whether it is still, byte for byte, what was sent. */
export function payloadOf(key: string, group: string | null): string {
  const digest = createHash('sha256').update(key).digest('hex');
  const head = JSON.stringify({ key, ...(group === null ? {} : { group }) });
  return `${head.slice(0, -1)},"odd":${ODD},"filler":"${digest.repeat(4)}"}`;
}
