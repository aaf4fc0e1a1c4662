import { expect, it } from 'vitest';
import { textWidth } from '../../../src/cli/output/width.ts';
import { policyLines } from '../../../src/cli/views/policy.ts';
import { defaultPolicy } from '../../../src/queue/policy.ts';

const policies = [
  { ...defaultPolicy('mail'), maxAttempts: 1 },
  defaultPolicy('a-queue-with-a-long-name'),
  defaultPolicy('注文'),
];

it('has the settings of each queue beside its name', () => {
  expect(policyLines(policies)).toEqual([
    'mail                      standard, 1 attempt, 10 at a time',
    'a-queue-with-a-long-name  standard, up to 3 attempts, 10 at a time, backoff 1s, 2s',
    '注文                      standard, up to 3 attempts, 10 at a time, backoff 1s, 2s',
  ]);
});

it('keeps them beside it on the next line', () => {
  const lines = policyLines(policies, 71);
  expect(lines.slice(1, 3)).toEqual([
    'a-queue-with-a-long-name  standard, up to 3 attempts, 10 at a time,',
    '                          backoff 1s, 2s',
  ]);
  for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(71);
});

it('has them below it where there is no room', () => {
  expect(policyLines(policies, 31).slice(0, 4)).toEqual([
    'mail',
    '  standard, 1 attempt, 10 at a',
    '  time',
    'a-queue-with-a-long-name',
  ]);
});
