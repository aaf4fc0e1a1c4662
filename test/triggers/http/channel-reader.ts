import type { Channel } from '../../../src/engine/channels.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import type { Frame } from '../../support/engine-fixture.ts';

/** A channel of a call, by the name of its member. */
function channelOf(engine: Engine, frame: Frame, member: 'request_body' | 'response'): Channel {
  const data = frame['data'] as Record<string, { channel_id: string; access_key: string }>;
  const { channel_id, access_key } = data[member]!;
  return engine.channels.find(channel_id, access_key)!;
}

/** All bytes of a request body, as they come. */
export function readAll(engine: Engine, frame: Frame): Promise<Buffer> {
  const channel = channelOf(engine, frame, 'request_body');
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    const wake = (): void => {
      for (let item = channel.read(); item !== undefined; item = channel.read()) {
        if (item.kind === 'bytes') chunks.push(item.bytes);
      }
      if (channel.isOver) resolve(Buffer.concat(chunks));
    };
    channel.connectReader({ wake, closed: () => undefined });
  });
}

/** A worker that writes into the response channel of a call. */
export function writerOf(engine: Engine, frame: Frame) {
  const channel = channelOf(engine, frame, 'response');
  const end = { attached: () => undefined, wake: () => undefined, closed: () => undefined };
  return {
    open: () => {
      channel.connectWriter(end);
    },
    say: (message: unknown) => channel.write({ kind: 'text', text: JSON.stringify(message) }),
    send: (text: string) => channel.write({ kind: 'bytes', bytes: Buffer.from(text) }),
    close: () => {
      channel.releaseWriter(end, false);
    },
  };
}
