const PAUSE_MS = 10;

/** Waits this long, in real time. Only for tests that must see that something does *not* happen. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/**
 * Runs a check until it neither throws nor answers `undefined` or `false`, and answers what it answered.
 * @throws what the check threw last, when the deadline is over
 */
export async function eventually<Value>(
  check: () => Value | undefined | false | Promise<Value | undefined | false>,
  deadlineMs = 20_000,
): Promise<Value> {
  const endsAt = performance.now() + deadlineMs;
  let last: unknown;
  do {
    try {
      const value = await check();
      if (value !== undefined && value !== false) return value;
      last = new Error(`still ${String(value)} after ${deadlineMs} ms: ${check.toString()}`);
    } catch (thrown) {
      last = thrown;
    }
    await pause(PAUSE_MS);
  } while (performance.now() < endsAt);
  throw last;
}

/** The same promise, which fails when it is not settled in time. */
export async function within<Value>(
  promise: Promise<Value>,
  deadlineMs: number,
  what: string,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what} did not happen within ${deadlineMs} ms`));
    }, deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
