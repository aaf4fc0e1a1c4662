import type { KeyTable } from './key-spec.ts';

/** `slo` of a queue. */
export const SLO_KEYS = {
  wait_p95: {
    kind: 'text',
    required: true,
    doc: 'Longest wait of 95 of 100 attempts before they start, such as `30s`.',
  },
} as const satisfies KeyTable;
