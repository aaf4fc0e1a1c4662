import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { Secret } from '../../../src/base/secret.ts';
import { RedisStateStore } from '../../../src/stores/redis/redis-state-store.ts';
import { RedisStore } from '../../../src/stores/redis/redis-store.ts';
import { eventually } from '../../support/eventually.ts';
import { redisMaker } from '../../support/redis-maker.ts';
import { redisMissing, RedisServer } from '../../support/redis-server.ts';
import { newJob, policyOf, uuidOf } from '../../support/store-fixture.ts';
import { describeSharedStore, describeStore } from '../conformance.ts';

const PARTS = {
  keyPrefix: 'iii',
  leaseMs: 10_000,
  allowEviction: false,
  clock: new SystemClock(),
  random: systemRandom,
  log: silentLogger,
};

/** The rule for a user of Redis that docs/scaling.md gives, as the arguments of `ACL`. */
function documentedRule(): string[] {
  const page = readFileSync(new URL('../../../docs/scaling.md', import.meta.url), 'utf8');
  const rule = /^ACL (SETUSER iii .*)$/m.exec(page)?.[1];
  if (rule === undefined) throw new Error('docs/scaling.md has no rule for a user');
  return rule.split(' ');
}

describe('a user with the rights that the documentation names', () => {
  let server: RedisServer;
  beforeAll(async () => {
    if (redisMissing !== null) return;
    server = await RedisServer.start();
    await server.command('ACL', ...documentedRule());
  });
  beforeEach(({ skip }) => {
    if (redisMissing !== null) skip(redisMissing);
  });
  afterAll(async () => {
    if (redisMissing === null) await server.stop();
  });
  const asUser = (): string => `redis://iii:PASSWORD@127.0.0.1:${server.port}`;

  const maker = redisMaker(() => ({ url: asUser() }), 'iii:');
  describeStore('redis (as such a user)', maker);
  describeSharedStore('redis (as such a user)', maker);

  it('may keep values', async () => {
    const store = new RedisStateStore({ ...PARTS, url: new Secret(asUser()) });
    await store.open();
    await store.update('orders', 'first', () => '{"n":1}');
    expect(await store.list('orders')).toEqual(new Map([['first', '{"n":1}']]));
    await store.close();
  });

  it('is told the guarantee', async () => {
    const store = new RedisStore({ ...PARTS, url: new Secret(asUser()) });
    await store.open([]);
    expect(store.traits.guarantee).toContain('appendonly no');
    await store.close();
  });

  it('gets no further than its prefix', async () => {
    const store = new RedisStore({ ...PARTS, url: new Secret(asUser()), keyPrefix: 'other' });
    await expect(store.open([])).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('may not do that') as string,
      hint: expect.stringContaining('docs/scaling.md') as string,
    });
  });

  it('is refused with a wrong password, by name of what to correct', async () => {
    const url = new Secret(`redis://iii:wrong@127.0.0.1:${server.port}`);
    const opening = new RedisStore({ ...PARTS, url }).open([]);
    await expect(opening).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('refuses the user or the password') as string,
      hint: 'correct redis_url',
    });
  });
});

describe('a node of a Redis cluster', () => {
  it('is refused at once by jobs and by values, with what to do', async ({ skip }) => {
    if (redisMissing !== null) skip(redisMissing);
    const server = await RedisServer.start(['--cluster-enabled', 'yes']);
    const url = new Secret(server.url);
    const refusal = {
      code: 'STORE_FAILED',
      message: `Redis at 127.0.0.1:${server.port} is a node of a Redis cluster.`,
      hint: expect.stringContaining('cluster-enabled no') as string,
    };
    await expect(new RedisStore({ ...PARTS, url }).open([])).rejects.toMatchObject(refusal);
    await expect(new RedisStateStore({ ...PARTS, url }).open()).rejects.toMatchObject(refusal);
    await server.stop();
  });
});

describe('a database that Redis does not have', () => {
  it.each(['jobs', 'values'])('is refused to %s, and database 0 stays empty', async (what) => {
    if (redisMissing !== null) return;
    const server = await RedisServer.start();
    const url = new Secret(`${server.url}/99`);
    const opening =
      what === 'jobs'
        ? new RedisStore({ ...PARTS, url }).open([policyOf('q')])
        : new RedisStateStore({ ...PARTS, url }).open();
    await expect(opening).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: `Redis at 127.0.0.1:${server.port}/99: its database cannot be used.`,
      hint: expect.stringContaining('Correct the number behind redis_url') as string,
    });
    expect(await server.command('DBSIZE')).toBe(0);
    await server.stop();
  });

  it('is not replaced by database 0 after Redis came back with fewer', async () => {
    if (redisMissing !== null) return;
    const server = await RedisServer.start();
    const rights = ['on', '>secret', '~*', '&*', '+@all'];
    await server.command('ACL', 'SETUSER', 'engine', ...rights);
    const url = new Secret(`redis://engine:secret@127.0.0.1:${server.port}/3`);
    const store = new RedisStore({ ...PARTS, url });
    await store.open([policyOf('q')]);
    await server.command('ACL', 'SETUSER', 'engine', '-select');
    await server.command('CLIENT', 'KILL', 'USER', 'engine');
    const job = newJob(uuidOf(1), Date.UTC(2026, 0, 1));
    await expect(store.append([job])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await server.command('DBSIZE')).toBe(0);
    await server.command('ACL', 'SETUSER', 'engine', '+select');
    await eventually(() => store.append([job]).catch(() => undefined));
    expect(await server.command('DBSIZE')).toBe(0);
    await store.close();
    await server.stop();
  });
});
