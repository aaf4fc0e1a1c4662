/** Defaults and caps of queues and jobs: each with its unit, and where it comes from. */
export const LIMITS = {
  /** Bytes of one job's payload. A Python worker's connection dies on frames over 1 MiB. */
  maxJobBytes: 1_000_000,
  /** Bytes of one frame to a worker in Python: what its WebSocket library takes by default. */
  pythonFrameBytes: 1024 * 1024,
  /** Levels of nesting in a payload; deeper JSON can be read but not written again. */
  maxJsonDepth: 64,
  /** Attempts kept in a job's history. */
  historyLength: 20,
  /** Bytes of an error's message, and of its stack, kept with a job. */
  errorBytes: 16 * 1024,
  /** Characters of a queue name. */
  nameLength: 128,
  /** Bytes of finished jobs kept per queue. */
  retainedBytes: 16 * 1024 * 1024,
  /** Jobs changed by one atomic batch of redrive or discard. */
  bulkBatch: 1_000,
  /** Milliseconds of a delay or a time to live that a job or a subscription may ask for: 100 years. */
  spanMs: 100 * 365.25 * 86_400_000,
  /** Attempts that a job or a subscription may ask for. */
  maxAttempts: 1_000_000,
  /** Functions and triggers one worker may register. */
  registrationsPerWorker: 10_000,
} as const;

/** Defaults per queue; the first six are the documented ones of the original. */
export const QUEUE_DEFAULTS = {
  maxRetries: 3,
  concurrency: 10,
  type: 'standard',
  backoffMs: 1_000,
  pollIntervalMs: 100,
  groupConcurrency: 1,
  jitter: 0,
  maxInterruptions: 10,
  retainCompleted: 1_000,
} as const;
