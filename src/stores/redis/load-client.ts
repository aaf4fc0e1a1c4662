import type { Redis, RedisOptions } from 'ioredis';
import { IiiError } from '../../base/errors.ts';

export type RedisConstructor = new (url: string, options: RedisOptions) => Redis;

/** The client library, which is installed only where Redis is used. @throws IiiError STORE_FAILED */
export async function loadClient(): Promise<RedisConstructor> {
  try {
    const { Redis: constructor } = await import('ioredis');
    return constructor;
  } catch (thrown) {
    throw new IiiError('STORE_FAILED', 'The Redis store needs the package ioredis.', {
      reason: 'It is installed only where it is used, and it is not here.',
      hint: 'Run: npm install ioredis (with --global where iii was installed so).',
      cause: thrown,
    });
  }
}
