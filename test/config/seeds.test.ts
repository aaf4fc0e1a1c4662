import { describe, expect, it } from 'vitest';
import { parse, textOf } from './config-fixture.ts';

const FILE_STORE = { kind: 'file', path: './data/queue_store' };

describe('the documented configurations', () => {
  it('resolve alike in both dialects', () => {
    const older = parse(textOf('seeds/named-queues.modules.yaml'));
    const newer = parse(textOf('seeds/named-queues.workers.yaml'));
    expect(older.problems).toEqual([]);
    expect(newer.config).toEqual(older.config);
    expect(older.config).toMatchObject({
      store: FILE_STORE,
      queues: [
        { name: 'default', type: 'standard', maxAttempts: 5, concurrency: 5, backoffMs: 1_000 },
        {
          name: 'payment',
          type: 'fifo',
          maxAttempts: 10,
          concurrency: 2,
          groupField: 'transaction_id',
          groupConcurrency: 1,
        },
      ],
    });
  });

  it.each([
    ['one-queue.workers', [{ name: 'default', maxAttempts: 5, concurrency: 10 }]],
    [
      'three-queues.workers',
      [
        { name: 'default', maxAttempts: 5, concurrency: 10 },
        { name: 'payment', maxAttempts: 10, concurrency: 2, groupField: 'orderId' },
        { name: 'email', maxAttempts: 8, concurrency: 5, backoffMs: 2_000 },
      ],
    ],
    [
      'order-pipeline.workers',
      [
        { name: 'default', maxAttempts: 3, concurrency: 10 },
        { name: 'payment', maxAttempts: 10, groupField: 'orderId' },
        { name: 'email', maxAttempts: 5, concurrency: 10, backoffMs: 2_000 },
      ],
    ],
    [
      'ledger-and-bulk-email.workers',
      [
        { name: 'default' },
        {
          name: 'ledger',
          maxAttempts: 15,
          concurrency: 1,
          groupField: 'account_id',
          backoffMs: 500,
        },
        { name: 'bulk-email', maxAttempts: 5, concurrency: 3, backoffMs: 5_000, groupField: null },
      ],
    ],
  ])('%s is accepted without a word', (name, queues) => {
    const loaded = parse(textOf(`seeds/${name}.yaml`));
    expect(loaded.problems).toEqual([]);
    expect(loaded.config).toMatchObject({ store: FILE_STORE, queues });
  });

  it('keep jobs in memory with the builtin adapter alone', () => {
    const loaded = parse(textOf('seeds/builtin.modules.yaml'));
    expect(loaded.problems).toEqual([]);
    expect(loaded.config?.store).toEqual({ kind: 'memory' });
  });

  it.each([
    [
      'redis.modules',
      { kind: 'redis', keyPrefix: 'iii', leaseMs: 10_000, allowEviction: false },
      'redis://localhost:6379',
    ],
    ['rabbitmq.modules', { kind: 'rabbitmq', queueMode: 'quorum' }, 'amqp://localhost:5672'],
  ])('%s names a server that engines share', (name, store, url) => {
    const text = textOf(`seeds/${name}.yaml`);
    const { config, problems } = parse(text);
    expect(problems).toEqual([]);
    expect(config?.store).toMatchObject(store);
    const shared = config?.store;
    expect(shared !== undefined && 'url' in shared ? shared.url.reveal() : null).toBe(url);
    const overridden = parse(text, { overrides: { store: 'memory' } });
    expect(overridden.config?.store).toEqual({ kind: 'memory' });
  });

  it('may mix both lists, and names with and without prefix', () => {
    const { config } = parse(`
modules:
  - name: worker-manager
    config: { port: 5000 }
workers:
  - class: modules::queue::QueueModule
    config: { queue_configs: { mail: { concurrency: 2 } } }
`);
    expect(config?.listen.port).toBe(5_000);
    expect(config?.queues.map(({ name }) => name)).toEqual(['default', 'mail']);
  });
});
