import { cutError } from '../queue/job-error.ts';
import type { JobError, Outcome } from '../queue/types.ts';
import type { WireError } from '../protocol/messages.ts';
import type { Answer } from './workers.ts';

/** The end of an attempt that says nothing about the job. */
export function interrupted(message: string): Outcome {
  return { kind: 'interrupted', error: { code: 'invocation_stopped', message } };
}

/** What an answer means for the attempt it ends. */
export function outcomeOf(answer: Answer): Outcome {
  switch (answer.kind) {
    case 'result':
      return { kind: 'completed' };
    case 'lost':
      return interrupted('the worker went away before it answered');
    case 'error':
      // The worker no longer has the function although it offered it: nothing ran.
      if (answer.error.code === 'function_not_found') return interrupted(answer.error.message);
      return {
        kind: 'failed',
        error: jobErrorOf(answer.error),
        retryAfterMs: answer.error.retry_after_ms ?? null,
      };
  }
}

function jobErrorOf(error: WireError): JobError {
  const { code, message, stacktrace } = error;
  return cutError(
    stacktrace === undefined ? { code, message } : { code, message, stack: stacktrace },
  );
}
