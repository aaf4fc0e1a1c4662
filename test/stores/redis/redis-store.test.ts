import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { redisMaker } from '../../support/redis-maker.ts';
import { redisMissing, RedisServer } from '../../support/redis-server.ts';
import { describeSharedStore, describeStore } from '../conformance.ts';
import { runModel } from '../model.ts';

describe('on a Redis server', () => {
  let server: RedisServer;
  beforeAll(async () => {
    if (redisMissing === null) server = await RedisServer.start();
  });
  beforeEach(({ skip }) => {
    if (redisMissing !== null) skip(redisMissing);
  });
  afterAll(async () => {
    if (redisMissing === null) await server.stop();
  });
  const maker = redisMaker(() => server);

  describeStore('redis', maker);
  describeSharedStore('redis', maker);

  it('the redis store does what the oracle does', { timeout: 120_000 }, async () => {
    const report = await runModel(maker, { runs: 25, seed: 4 });
    expect(report.runs).toBe(25);
    expect(report.byKind.get('reopen')).toBeGreaterThan(0);
  });
});
