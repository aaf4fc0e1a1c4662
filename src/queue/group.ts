import { IiiError } from '../base/errors.ts';
import { canonicalText, readMember } from '../base/json.ts';
import type { QueuePolicy } from './types.ts';

/**
 * The group of a payload in a FIFO queue: the canonical JSON of its group field, so `1` and `"1"`
 * are different groups.
 * @throws IiiError `enqueue_error` when the field is missing or null; a payload that is no object lacks it
 */
export function groupOf(payload: string, policy: QueuePolicy): string {
  const field = policy.groupField ?? '';
  const value = readMember(payload, field);
  if (value === undefined) {
    throw new IiiError(
      'enqueue_error',
      `FIFO queue '${policy.name}' requires field '${field}' in data, but it was not found`,
      { hint: `add '${field}' to the payload: jobs with the same value run in order` },
    );
  }
  if (value === 'null') {
    throw new IiiError(
      'enqueue_error',
      `FIFO queue '${policy.name}': field '${field}' must not be null`,
      { hint: `give '${field}' a value: jobs with the same value run in order` },
    );
  }
  return canonicalText(value);
}

/** The group of a topic's message: that of its field, or one for all where there is none. */
export function messageGroup(payload: string, policy: QueuePolicy): string {
  const value = policy.groupField === null ? undefined : readMember(payload, policy.groupField);
  return canonicalText(value ?? 'null');
}
