import { describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';

/** Nothing listens there. */
const NOWHERE = 'ws://127.0.0.1:1';

describe('without an engine, wrong input is told before the missing connection:', () => {
  it.each([
    'job list --limit 0',
    'job list --limit many',
    'job list --cursor=',
    'job list --since yesterday',
    'job list --where=',
    'job list --watch --all',
    'dlq list payment --limit 0',
    'dlq list payment --cursor=',
    'dlq list payment --until soon',
    'dlq list --where state=dead',
    'dlq errors payment --where=',
    'dlq export payment --limit 0',
    'dlq redrive payment --limit 0',
    'dlq redrive payment --where age>1h --rate fast',
    'dlq redrive payment --canary 5 --abort-if-fail-rate half',
    'dlq discard payment',
    'dlq discard payment --where age>1h --limit 0',
    'queue purge payment --since never',
    'queue pause payment --until yesterday',
    'job cancel --queue mail --all --rate 0',
    'job retry --queue mail --where age>1h --limit 0',
    'job move --queue mail --all',
    'group list payment --limit x',
    'audit --limit 0',
    'logs --recent x',
    'bench --jobs 0',
    'bench --duration soon',
    'bench --rate fast',
  ])('iii %s', async (line) => {
    const { status, stderr } = await runCli([...line.split(' '), '-o', 'json'], { url: NOWHERE });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('"code":"USAGE"') as unknown,
    });
  });
});
