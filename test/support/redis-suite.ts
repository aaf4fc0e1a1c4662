import { afterAll, beforeAll, beforeEach } from 'vitest';
import { redisMissing, RedisServer } from './redis-server.ts';

/**
 * One Redis server for the tests of the suite that calls this, which are skipped by name where there
 * is none. It ends after what the suite cleans up itself.
 * @returns gives the server while a test runs
 */
export function useRedisServer(): () => RedisServer {
  let server: RedisServer | undefined;
  beforeAll(async () => {
    if (redisMissing === null) server = await RedisServer.start();
  });
  beforeEach(({ skip }) => {
    if (redisMissing !== null) skip(redisMissing);
  });
  afterAll(() => server?.stop());
  return () => {
    if (server === undefined) throw new Error('there is no server before the first test');
    return server;
  };
}
