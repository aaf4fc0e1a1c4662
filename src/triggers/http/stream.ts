import type { ServerResponse } from 'node:http';
import type { Channel } from '../../engine/channels.ts';
import { headersOf, readHeaders, type Reply } from './answer.ts';
import { isFinalStatus } from './reply.ts';

export interface StreamedReplyParts {
  readonly channel: Channel;
  readonly response: ServerResponse;
  /** Asked before the first byte: whether the answer is the stream's to give. */
  readonly begin: () => boolean;
  /** The function set a status or header that cannot be sent. */
  readonly onInvalid: (message: string) => void;
}

/**
 * Answers with what a function writes into its `response` channel: status and headers as text
 * messages, then the body as bytes. The head leaves with the first bytes, or at the end.
 */
export function streamReply({ channel, response, begin, onInvalid }: StreamedReplyParts): void {
  let status = 200;
  let headers: Reply['headers'] = [];
  let hasBegun = false;
  let isStalled = false;

  const start = (): boolean => {
    if (hasBegun) return true;
    if (!begin()) return false;
    hasBegun = true;
    response.writeHead(status, headersOf(headers));
    response.on('drain', () => {
      isStalled = false;
      pump();
    });
    return true;
  };
  const control = (text: string): void => {
    if (hasBegun) return;
    const message = readControl(text);
    if (message['type'] === 'set_status') {
      if (isFinalStatus(message['status_code'])) status = message['status_code'];
      else onInvalid('set_status needs a status_code from 200 to 599');
    } else if (message['type'] === 'set_headers') {
      const read = readHeaders(message['headers']);
      if (typeof read === 'string') onInvalid(read);
      else headers = read;
    }
  };
  const pump = (): void => {
    while (!isStalled) {
      const item = channel.read();
      if (item === undefined) break;
      if (item.kind === 'text') control(item.text);
      else if (start()) isStalled = !response.write(item.bytes);
      else return;
    }
    if (!isStalled && channel.isOver && start()) response.end();
  };
  channel.connectReader({ wake: pump, closed: () => undefined });
}

function readControl(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    // unknown messages are none, whatever they are
    return {};
  }
}
