import { refTo } from '../../engine/channels.ts';
import { invalid } from '../input.ts';
import type { AdminParts, Handler } from './handler.ts';

/** `engine::channels::create`: a pipe between two workers; it goes with the worker that asked for it. */
export function channelHandlers({ engine }: AdminParts): Readonly<Record<string, Handler>> {
  return {
    'engine::channels::create': (input, { caller }) => {
      const items = input.raw('buffer_size') ?? undefined;
      if (items !== undefined && typeof items !== 'number') {
        throw invalid('buffer_size must be a number');
      }
      const channel = engine.channels.create(caller, items);
      return Promise.resolve({
        writer: refTo(channel, 'write'),
        reader: refTo(channel, 'read'),
      });
    },
  };
}
