import { describe, expect, it } from 'vitest';
import { redisMaker } from '../../support/redis-maker.ts';
import { useRedisServer } from '../../support/redis-suite.ts';
import { describeSharedStore, describeStore } from '../conformance.ts';
import { runModel } from '../model.ts';

describe('on a Redis server', () => {
  const server = useRedisServer();
  const maker = redisMaker(server);

  describeStore('redis', maker);
  describeSharedStore('redis', maker);

  it('the redis store does what the oracle does', { timeout: 120_000 }, async () => {
    const report = await runModel(maker, { runs: 25, seed: 4 });
    expect(report.runs).toBe(25);
    expect(report.byKind.get('reopen')).toBeGreaterThan(0);
  });
});
