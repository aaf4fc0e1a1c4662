import { describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';

describe('a wrong value of an option', () => {
  it.each([
    [['dlq', 'redrive', '--limit', 'abc'], 'not in digits', 'such as --limit 10'],
    [['dlq', 'redrive', '--limit', '0'], '0 is less than 1', 'such as --limit 10'],
    [['dlq', 'redrive', '--canary', 'x'], 'not in digits', 'such as --canary 10'],
    [['dlq', 'redrive', '--rate', 'fast'], 'a number above 0', '600/m'],
    [['dlq', 'redrive', '--since', 'yesterday'], 'neither a date', 'now-1h'],
    [['dlq', 'redrive', '--where', ' '], 'selects nothing', 'leave it out'],
    [['queue', 'pause', 'q', '--until', 'now-1h'], 'is over', 'such as --until now+2h'],
    [['group', 'park', 'q', 'g', '--until', 'now-1h'], 'is over', 'such as --until now+2h'],
    [['group', 'park', 'q', 'g', '--for', '5'], 'does not say of what', '5s or 5ms'],
    [['group', 'park', 'q', 'g', '--for', 'long'], 'unit of time', '30s, 5m'],
  ])('%j is told with its cause and with what to write', async (argv, cause, hint) => {
    const { status, stderr } = await runCli(argv);
    expect(status).toBe(2);
    const [first = '', second = '', third = ''] = stderr.split('\n');
    expect(first).toMatch(/^error\[USAGE\]: --/);
    expect(second).toMatch(/^cause: /);
    expect(second).toContain(cause);
    expect(third).toMatch(/^hint: /);
    expect(third).toContain(hint);
  });
});
