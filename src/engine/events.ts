import type { Logger } from '../base/logger.ts';
import { messageOf } from '../base/errors.ts';
import type { DeadReason, JobError } from '../queue/types.ts';

/** Everything the engine tells about itself. Metrics, logs and waiting callers are subscribers. */
export type EngineEvent =
  | {
      readonly kind: 'job_enqueued';
      readonly queue: string;
      readonly id: string;
      readonly functionId: string;
    }
  | {
      readonly kind: 'attempt_started';
      readonly queue: string;
      readonly id: string;
      readonly functionId: string;
      /** Since the job could have been started: since it was accepted, or since its delay ended. */
      readonly waitedMs: number;
    }
  | {
      readonly kind: 'job_completed';
      readonly queue: string;
      readonly id: string;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'job_retried';
      readonly queue: string;
      readonly id: string;
      readonly attempt: number;
      readonly durationMs: number;
      readonly dueAt: number;
      readonly error: JobError;
    }
  | {
      readonly kind: 'job_dead';
      readonly queue: string;
      readonly id: string;
      readonly reason: DeadReason;
      /** How long its last attempt ran; 0 when it died without one. */
      readonly durationMs: number;
      readonly error: JobError;
      /** What it is part of, as W3C has it. */
      readonly traceparent: string | null;
    }
  | {
      readonly kind: 'job_returned';
      readonly queue: string;
      readonly id: string;
      readonly error: JobError | null;
    }
  /** An answer came for a lease that is no longer current. It changed nothing. */
  | { readonly kind: 'stale_answer'; readonly queue: string; readonly id: string }
  | { readonly kind: 'job_discarded'; readonly id: string }
  /** Dead jobs of these queues were brought back. */
  | { readonly kind: 'jobs_redriven'; readonly queues: readonly string[]; readonly jobs: number }
  | { readonly kind: 'queue_paused'; readonly queue: string; readonly paused: boolean }
  | { readonly kind: 'worker_connected'; readonly workerId: string }
  | { readonly kind: 'worker_updated'; readonly workerId: string }
  | { readonly kind: 'worker_disconnected'; readonly workerId: string; readonly name: string }
  | { readonly kind: 'functions_changed' };

export type EventListener = (event: EngineEvent) => void;

/** Hands each event to every subscriber, in the order they came. A subscriber that throws hurts nobody. */
export class EventStream {
  readonly #listeners = new Set<EventListener>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Returns the call that ends the subscription. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  emit(event: EngineEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (thrown) {
        this.#log.error('an event subscriber failed', {
          event: event.kind,
          error: messageOf(thrown),
        });
      }
    }
  }
}
