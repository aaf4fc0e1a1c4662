import { IiiError, messageOf } from '../base/errors.ts';
import { nameSome, nearest } from '../base/suggest.ts';
import type { Clock } from '../base/clock.ts';
import { depthOf } from '../base/json.ts';
import { parseTime } from '../base/time.ts';
import { messagingAttributes } from './messaging-attributes.ts';
import { groupOf, messageGroup } from '../queue/group.ts';
import { LIMITS } from '../queue/limits.ts';
import type { Random } from '../base/random.ts';
import type { OpenSpan, Tracing } from '../base/tracing.ts';
import { enqueueError } from './enqueue-error.ts';
import type { EventStream } from './events.ts';
import type { QueueStore, Receipt } from '../queue/store.ts';
import type { JobOverrides, NewJob, QueuePolicy } from '../queue/types.ts';
import type { RawJson } from '../protocol/messages.ts';

/** What a producer asks for. `options` are the members of the enqueue action, unchecked. */
export interface EnqueueRequest {
  readonly functionId: string;
  readonly data: RawJson;
  readonly options: Readonly<Record<string, unknown>>;
  readonly traceparent: string | null;
  readonly baggage: string | null;
  readonly metadata: string | null;
  /** An id the caller chose; normally the engine makes one. */
  readonly id?: string;
}

export interface EnqueuerParts {
  readonly store: QueueStore;
  readonly policies: ReadonlyMap<string, QueuePolicy>;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly random: Random;
  readonly maxJobBytes: number;
  readonly tracing?: Tracing | undefined;
}

/** Checks jobs and hands them to the store. */
export class Enqueuer {
  readonly #parts: EnqueuerParts;
  #closed = false;

  constructor(parts: EnqueuerParts) {
    this.#parts = parts;
  }

  /** From now on every enqueue is refused: the engine is stopping. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Accepts jobs, all or none, in one durable step.
   * @throws IiiError `enqueue_error` naming the queue, the field and the fix; nothing was accepted then
   */
  async enqueue(requests: readonly EnqueueRequest[]): Promise<readonly Receipt[]> {
    this.#refuseWhenClosed();
    return this.#append(requests.map((request) => this.#check(request)));
  }

  /** One copy of a message for each subscription, all or none, in one durable step. */
  async enqueueCopies(
    targets: readonly { readonly policy: QueuePolicy; readonly functionId: string }[],
    message: Pick<EnqueueRequest, 'traceparent' | 'baggage' | 'metadata'> & {
      readonly data: string;
    },
  ): Promise<void> {
    const { clock, random, maxJobBytes } = this.#parts;
    this.#refuseWhenClosed();
    const { data: text, traceparent, baggage, metadata } = message;
    const now = clock.now();
    const jobs = targets.map(({ policy, functionId }): NewJob => {
      checkSize({ text, depth: depthOf(text) }, policy.name, maxJobBytes);
      return {
        id: random.uuid(),
        queue: policy.name,
        functionId,
        payload: text,
        group: policy.type === 'fifo' ? messageGroup(text, policy) : null,
        enqueuedAt: now,
        ...readOptions({}, policy, now),
        traceparent,
        baggage,
        metadata,
      };
    });
    await this.#append(jobs);
  }

  /**
   * The settings of a configured queue.
   * @throws IiiError `enqueue_error` naming the queues there are
   */
  policyOf(name: unknown): QueuePolicy {
    const { policies } = this.#parts;
    const policy = typeof name === 'string' ? policies.get(name) : undefined;
    if (policy !== undefined) return policy;
    if (typeof name !== 'string') throw enqueueError('the queue name must be a string');
    const known = [...policies.keys()];
    const guess = nearest(name, known);
    throw enqueueError(
      `Queue '${name}' not found; the queues of this engine are ${nameSome(known)}`,
      `${guess === undefined ? 'Use one of them' : `Did you mean '${guess}'? Use it`}, or add '${name}' under queue_configs`,
    );
  }

  #refuseWhenClosed(): void {
    if (!this.#closed) return;
    throw new IiiError('enqueue_error', 'the engine is stopping and accepts no new jobs', {
      hint: 'try again when it is running again',
      details: { retryable: true },
    });
  }

  async #append(checked: readonly NewJob[]): Promise<readonly Receipt[]> {
    const { tracing } = this.#parts;
    if (tracing === undefined) return this.#store(checked);
    // what is stored carries the span, so that it is part of the trace after a restart too
    const spans = checked.map((job) => beginEnqueue(tracing, job));
    const jobs = checked.map((job, at) => ({
      ...job,
      traceparent: spans[at]?.traceparent ?? null,
    }));
    try {
      const receipts = await this.#store(jobs);
      for (const [at, span] of spans.entries()) {
        span.end(null, { 'iii.job.duplicate': receipts[at]?.duplicate === true });
      }
      return receipts;
    } catch (thrown) {
      for (const span of spans) span.end(messageOf(thrown));
      throw thrown;
    }
  }

  async #store(jobs: readonly NewJob[]): Promise<readonly Receipt[]> {
    const receipts = await this.#parts.store.append(jobs);
    for (const [index, { id, queue, functionId }] of jobs.entries()) {
      if (receipts[index]?.duplicate === true) continue;
      this.#parts.events.emit({ kind: 'job_enqueued', queue, id, functionId });
    }
    return receipts;
  }

  /** The checks of semantics.md §3.1, in its order. */
  #check(request: EnqueueRequest): NewJob {
    const { clock, random, maxJobBytes } = this.#parts;
    const policy = this.policyOf(request.options['queue'] ?? 'default');
    checkSize(request.data, policy.name, maxJobBytes);
    const group = policy.groupField === null ? null : groupOf(request.data.text, policy);
    const now = clock.now();
    const options = readOptions(request.options, policy, now);
    if (request.functionId.trim() === '') throw withoutFunction(policy.name);
    return {
      id: request.id ?? random.uuid(),
      queue: policy.name,
      functionId: request.functionId,
      payload: request.data.text,
      group,
      enqueuedAt: now,
      ...options,
      traceparent: request.traceparent,
      baggage: request.baggage,
      metadata: request.metadata,
    };
  }
}

/** A job for no function would wait for a worker that offers it for ever. */
function withoutFunction(queue: string): IiiError {
  return enqueueError(
    `queue '${queue}': function_id must not be empty`,
    'name the function that is to run the job; it need not be offered yet',
  );
}

function beginEnqueue(tracing: Tracing, { id, queue, functionId, traceparent }: NewJob): OpenSpan {
  return tracing.begin({
    name: `enqueue ${queue}`,
    kind: 'producer',
    parent: traceparent,
    attributes: {
      ...messagingAttributes(queue, id),
      'messaging.operation.name': 'enqueue',
      'messaging.operation.type': 'send',
      'iii.function.id': functionId,
    },
  });
}

function checkSize(data: RawJson, queue: string, maxJobBytes: number): void {
  // A UTF-16 unit is at most 3 bytes of UTF-8, so most payloads need no counting.
  if (data.text.length * 3 > maxJobBytes) {
    const bytes = Buffer.byteLength(data.text);
    if (bytes > maxJobBytes) {
      throw enqueueError(
        `queue '${queue}': the payload has ${bytes} bytes and the limit is ${maxJobBytes}`,
        'store the large part elsewhere and enqueue a reference to it, or raise max_job_bytes',
      );
    }
  }
  if (data.depth > LIMITS.maxJsonDepth) {
    throw enqueueError(
      `queue '${queue}': the payload is nested ${data.depth} levels deep and the limit is ${LIMITS.maxJsonDepth}`,
    );
  }
}

type JobOptions = Pick<NewJob, 'dueAt' | 'priority' | 'dedupKey' | 'expiresAt' | 'overrides'>;

const MAX_PRIORITY = 1_000_000;

function readOptions(
  options: Readonly<Record<string, unknown>>,
  policy: QueuePolicy,
  now: number,
): JobOptions {
  const read = (key: string, min: number, max: number): number | null => {
    const value = options[key] ?? null;
    if (value === null) return null;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
      return value;
    }
    throw enqueueError(
      `queue '${policy.name}': ${key} must be a whole number from ${min} to ${max}, not ${describe(value)}`,
    );
  };
  const priority = read('priority', 0, MAX_PRIORITY) ?? 0;
  if (priority !== 0 && policy.type === 'fifo') {
    throw enqueueError(
      `queue '${policy.name}' is FIFO and has no priorities: its order is the order of acceptance`,
      'leave priority out, or use a standard queue',
    );
  }
  const ttlMs = read('ttl_ms', 1, LIMITS.spanMs) ?? policy.ttlMs;
  const maxRetries = read('max_retries', 0, LIMITS.maxAttempts);
  const backoffMs = read('backoff_ms', 0, LIMITS.spanMs);
  const timeoutMs = read('timeout_ms', 1, LIMITS.spanMs);
  const overrides: JobOverrides = {
    ...(maxRetries === null ? {} : { maxAttempts: Math.max(1, maxRetries) }),
    ...(backoffMs === null ? {} : { backoffMs }),
    ...(timeoutMs === null ? {} : { timeoutMs }),
  };
  return {
    dueAt: dueAt(options, read('delay_ms', 0, LIMITS.spanMs), policy, now),
    priority,
    dedupKey: dedupKey(options, policy),
    // A file may ask for more than a date can hold.
    expiresAt: ttlMs === null ? null : now + Math.min(ttlMs, LIMITS.spanMs),
    overrides,
  };
}

function dueAt(
  options: Readonly<Record<string, unknown>>,
  delayMs: number | null,
  policy: QueuePolicy,
  now: number,
): number {
  const runAt = options['run_at'] ?? null;
  if (runAt === null) return now + (delayMs ?? 0);
  if (delayMs !== null) {
    throw enqueueError(`queue '${policy.name}': give delay_ms or run_at, not both`);
  }
  const at = typeof runAt === 'string' ? parseTime(runAt, now) : runAt;
  if (typeof at !== 'number' || !Number.isFinite(at) || at > now + LIMITS.spanMs) {
    throw enqueueError(
      `queue '${policy.name}': run_at must be a time such as 2030-01-31T08:00:00Z, or milliseconds since 1970, not ${describe(runAt)}`,
    );
  }
  return Math.max(now, Math.round(at));
}

function dedupKey(options: Readonly<Record<string, unknown>>, policy: QueuePolicy): string | null {
  const key = options['dedup_key'] ?? null;
  if (key === null) return null;
  if (typeof key === 'string' && key.length > 0 && key.length <= 512) return key;
  throw enqueueError(
    `queue '${policy.name}': dedup_key must be a string of 1 to 512 characters, not ${describe(key)}`,
  );
}

function describe(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `a long ${typeof value}` : text;
}
