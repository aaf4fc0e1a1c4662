import type { CommandSpec } from '../command.ts';
import { DRY_RUN, WATCH } from './options.ts';

/** Commands about topics and what fires functions. */
export const TOPIC_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['publish'],
    summary: 'publish a message to a topic',
    arguments: [{ name: 'topic', summary: 'name of the topic', required: true }],
    options: [
      { flags: '-d, --data <json>', summary: 'the message (default: what is piped in, or {})' },
      { flags: '--file <file>', summary: 'file with the message, - for stdin', completes: 'file' },
      DRY_RUN,
    ],
    examples: [
      {
        command: `iii publish order.created --data '{"id":7}'`,
        does: 'every subscription gets its own copy',
      },
    ],
    load: () => import('../commands/publish.ts'),
  },
  {
    path: ['topic', 'list'],
    summary: 'topics, who is subscribed, and what piled up or was dropped',
    options: [WATCH],
    examples: [{ command: 'iii topic list', does: 'a line for each subscription' }],
    load: () => import('../commands/topic/list.ts'),
  },
  {
    path: ['topic', 'unsubscribe'],
    summary: 'end a durable subscription; its jobs stay until they are discarded',
    arguments: [
      { name: 'topic', summary: 'name of the topic', required: true },
      {
        name: 'function',
        summary: 'the function that is subscribed',
        required: true,
        completes: 'function',
      },
    ],
    options: [DRY_RUN],
    examples: [
      {
        command: 'iii topic unsubscribe order.created mails::send',
        does: 'it gets no more messages, also not when its worker comes back',
      },
    ],
    load: () => import('../commands/topic/unsubscribe.ts'),
  },
  {
    path: ['subscription', 'list'],
    summary: 'every durable subscription with its settings and counts',
    options: [WATCH],
    examples: [{ command: 'iii subscription list', does: 'a line for each subscription' }],
    load: () => import('../commands/subscription/list.ts'),
  },
  {
    path: ['trigger-type', 'list'],
    summary: 'kinds of events that functions can be bound to',
    options: [WATCH],
    examples: [{ command: 'iii trigger-type list', does: 'those of the engine and of workers' }],
    load: () => import('../commands/trigger-type/list.ts'),
  },
];
