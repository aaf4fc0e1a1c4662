import { expect } from 'vitest';
import { COMPLETED, policyOf } from '../../support/store-fixture.ts';
import { storeCase, unlessGap } from '../../support/store-case.ts';

const twoQueues = [policyOf('q'), policyOf('other')];

export const acceptCases = [
  storeCase('an accepted job keeps everything the producer gave', async (stage) => {
    const job = stage.job('a', {
      payload: '{"big":12345678901234567890,"one":1.0,"__proto__":1}',
      expiresAt: stage.clock.now() + 60_000,
      overrides: { maxAttempts: 5, backoffMs: 10, timeoutMs: 20 },
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      baggage: 'tenant=ü',
      metadata: '{"from":"test"}',
    });
    await stage.store.append([job]);
    expect(await stage.get('a')).toMatchObject({
      ...job,
      state: 'waiting',
      attempts: 0,
      interruptions: 0,
      history: [],
      failure: null,
      leasedAt: null,
      endedAt: null,
    });
  }),

  storeCase(
    'a batch with an unknown queue is rejected whole, naming the known queues',
    async (stage) => {
      const batch = [stage.job('a'), stage.job('b', { queue: 'nowhere' })];
      await expect(stage.store.append(batch)).rejects.toMatchObject({
        code: 'QUEUE_NOT_FOUND',
        message: expect.stringMatching(/ there are .*'q'/) as unknown,
      });
      expect(await stage.listed()).toBe('');
      expect((await stage.store.stats()).get('q')?.totals.enqueued).toBe(0);
      expect(await stage.add('a')).toBe(stage.id('a'));
    },
  ),

  storeCase('an id that is taken rejects the whole batch', async (stage) => {
    await stage.add('a');
    const again = stage.store.append([stage.job('b'), stage.job('a')]);
    await expect(again).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await stage.listed()).toBe('a');
  }),

  storeCase('an id that comes twice rejects the whole batch, however large', async (stage) => {
    for (const size of [2, 600]) {
      const jobs = Array.from({ length: size - 1 }, (_, at) => stage.job(`${size} ${at}`));
      const again = stage.store.append([...jobs, stage.job(`${size} 0`)]);
      await expect(again).rejects.toMatchObject({ code: 'CONFLICT' });
    }
    expect(await stage.listed()).toBe('');
  }),

  storeCase('an id that is no UUID is refused', async (stage) => {
    const job = { ...stage.job('a'), id: 'job-1' };
    await expect(stage.store.append([job])).rejects.toMatchObject({ code: 'INVALID_ARGUMENTS' });
    expect(await stage.store.get('job-1')).toBeUndefined();
  }),

  unlessGap(
    'priority',
    storeCase('an accepted job keeps its priority', async (stage) => {
      await stage.add('a', { priority: 7 });
      expect(await stage.get('a')).toMatchObject({ priority: 7 });
    }),
  ),

  unlessGap(
    'dedup_key',
    storeCase('a rejected batch takes no dedup key', async (stage) => {
      const batch = [stage.job('a', { dedupKey: 'k' }), stage.job('b', { queue: 'nowhere' })];
      await expect(stage.store.append(batch)).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' });
      expect(await stage.add('a', { dedupKey: 'k' })).toBe(stage.id('a'));
    }),
  ),

  unlessGap(
    'dedup_key',
    storeCase('a dedup key answers with the first job while that is unfinished', async (stage) => {
      const again = async (name: string): Promise<string> =>
        stage.names([await stage.add(name, { dedupKey: 'k' })]).join('');
      expect(await again('a')).toBe('a');
      expect(await again('b')).toBe('a');
      await stage.kill();
      expect(await again('c')).toBe('a');
      await stage.store.redrive({ queues: ['q'], ids: null, limit: 1 });
      const lease = await stage.one();
      expect(await again('d')).toBe('a');
      await stage.end(lease, COMPLETED);
      expect(await again('e')).toBe('e');
      await stage.store.cancel([stage.id('e')]);
      expect(await again('f')).toBe('f');
      expect((await stage.store.stats()).get('q')?.totals.enqueued).toBe(3);
    }),
  ),

  unlessGap(
    'dedup_key',
    storeCase(
      'a dedup key holds within one batch and within one queue only',
      async (stage) => {
        const receipts = await stage.store.append([
          stage.job('a', { dedupKey: 'k' }),
          stage.job('b', { dedupKey: 'k' }),
          stage.job('c', { dedupKey: 'k', queue: 'other' }),
        ]);
        expect(receipts).toEqual([
          { id: stage.id('a'), duplicate: false },
          { id: stage.id('a'), duplicate: true },
          { id: stage.id('c'), duplicate: false },
        ]);
      },
      twoQueues,
    ),
  ),

  storeCase('every call refuses an unknown queue', async (stage) => {
    const dead = { queues: ['nowhere'], ids: null, limit: 1 };
    const page = { states: null, functionId: null, limit: 1, cursor: null } as const;
    const { store } = stage;
    const calls = [
      stage.lease(1, null, 'nowhere'),
      store.redrive(dead),
      store.discard(dead),
      store.pause('nowhere', true),
      store.list({ ...page, queues: ['nowhere'], order: 'accepted' }),
    ];
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'QUEUE_NOT_FOUND' } });
    }
  }),
];
