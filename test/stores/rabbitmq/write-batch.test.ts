import { Connection } from 'rabbitmq-client';
import { describe, expect, inject, it } from 'vitest';
import { nextTurn } from '../../../src/base/clock.ts';
import { socketOf, WriteBatch } from '../../../src/stores/rabbitmq/write-batch.ts';

const url = inject('rabbitmqUrl') ?? '';

function recordingSocket(): { readonly calls: string[]; cork(): void; uncork(): void } {
  const calls: string[] = [];
  return { calls, cork: () => calls.push('cork'), uncork: () => calls.push('uncork') };
}

describe('WriteBatch', () => {
  it('holds back what one turn sends, and no longer', async () => {
    const socket = recordingSocket();
    const batch = new WriteBatch(() => socket);
    for (let message = 0; message < 5; message++) batch.hold();
    expect(socket.calls).toEqual(['cork']);
    await nextTurn();
    expect(socket.calls).toEqual(['cork', 'uncork']);
    batch.hold();
    await nextTurn();
    expect(socket.calls).toEqual(['cork', 'uncork', 'cork', 'uncork']);
  });

  it('lets the broker begin when there are many', async () => {
    const socket = recordingSocket();
    const batch = new WriteBatch(() => socket);
    for (let message = 0; message < 40; message++) batch.hold();
    expect(socket.calls).toEqual(['cork', 'uncork', 'cork', 'uncork', 'cork']);
    await nextTurn();
    expect(socket.calls.at(-1)).toBe('uncork');
    expect(socket.calls).toHaveLength(6);
  });

  it('lets go the socket it held, when the connection has another one by then', async () => {
    const [first, second] = [recordingSocket(), recordingSocket()];
    let current = first;
    const batch = new WriteBatch(() => current);
    batch.hold();
    current = second;
    batch.hold();
    await nextTurn();
    expect(first.calls).toEqual(['cork', 'uncork']);
    expect(second.calls).toEqual([]);
  });

  it('does without a socket', async () => {
    const batch = new WriteBatch(() => undefined);
    expect(() => {
      batch.hold();
    }).not.toThrow();
    await nextTurn();
  });

  it('finds the socket of the client in use', { skip: url === '' }, async () => {
    const connection = new Connection(url);
    try {
      await connection.onConnect(10_000, true);
      expect(socketOf(connection)).toBeDefined();
    } finally {
      await connection.close();
    }
  });
});
