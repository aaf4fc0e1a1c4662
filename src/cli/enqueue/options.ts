import type { Context } from '../context.ts';
import type { CommandInput } from '../input.ts';
import { contradiction } from '../usage.ts';

/** Where jobs of one `iii enqueue` go. */
export interface Target {
  readonly queue: string;
  readonly functionId: string;
  /** Members of the enqueue action, `queue` among them. */
  readonly action: Readonly<Record<string, unknown>>;
}

/** Reads the queue, the function and the job's own settings. */
export function readTarget(context: Context, input: CommandInput): Target {
  const queue = input.argument('queue');
  const functionId = input.required('function', `${queue} --function <id>`);
  const runAt = input.time('runAt', context.clock.now());
  const delayMs = input.duration('delay');
  if (runAt !== undefined && delayMs !== undefined) {
    throw contradiction('--delay and --run-at');
  }
  const settings = {
    delay_ms: delayMs,
    run_at: runAt === undefined ? undefined : new Date(runAt).toISOString(),
    priority: input.count('priority'),
    dedup_key: input.text('dedupKey'),
    ttl_ms: input.duration('ttl', 1),
    max_retries: input.count('maxRetries'),
    backoff_ms: input.duration('backoff'),
    timeout_ms: input.duration('attemptTimeout'),
  };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return { queue, functionId, action: { queue, ...Object.fromEntries(given) } };
}
