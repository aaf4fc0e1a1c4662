import type { SubscriptionView } from '../../admin/contract.ts';
import type { Column } from '../output/table.ts';
import type { ListView } from '../output/output.ts';

/** A subscription, or a topic that has none. */
export interface TopicRow {
  readonly topic: string;
  readonly dropped: number;
  readonly subscription: SubscriptionView | null;
}

const count = (
  title: string,
  importance: number,
  read: (row: SubscriptionView) => number,
): Column<SubscriptionView> => ({ title, importance, align: 'right', value: read });

const COUNTS: readonly Column<SubscriptionView>[] = [
  count('WAITING', 80, (row) => row.waiting),
  count('DELAYED', 30, (row) => row.delayed),
  count('IN FLIGHT', 40, (row) => row.inFlight),
  {
    title: 'DEAD',
    importance: 85,
    align: 'right',
    value: ({ dead }) => (dead === 0 ? 0 : { text: dead, tone: 'bad' }),
  },
  {
    title: 'WORKERS',
    importance: 75,
    align: 'right',
    value: ({ workers }) => (workers === 0 ? { text: 0, tone: 'bad' } : workers),
  },
];

export const topicList: ListView<TopicRow> = {
  columns: [
    { title: 'TOPIC', importance: 100, min: 8, copied: true, value: (row) => row.topic },
    {
      title: 'FUNCTION',
      importance: 90,
      min: 8,
      copied: true,
      value: ({ subscription }) => subscription?.functionId ?? 'nobody',
    },
    ...COUNTS.map((column): Column<TopicRow> => ({
      ...column,
      value: ({ subscription }, words) =>
        subscription === null ? '' : column.value(subscription, words),
    })),
    { title: 'DROPPED', importance: 50, align: 'right', value: (row) => row.dropped },
  ],
  name: (row) => row.topic,
  empty: 'No topic has a subscription, and none was published to.',
};

export const subscriptionList: ListView<SubscriptionView> = {
  columns: [
    { title: 'TOPIC', importance: 100, min: 8, copied: true, value: (row) => row.topic },
    { title: 'FUNCTION', importance: 95, min: 8, copied: true, value: (row) => row.functionId },
    { title: 'TYPE', importance: 25, value: (row) => row.type },
    count('ATTEMPTS', 35, (row) => row.maxAttempts),
    ...COUNTS,
    count('SKIPPED', 20, (row) => row.skipped),
    { title: 'DEAD TO', importance: 15, value: (row) => row.deadLetterTopic ?? '' },
  ],
  name: (row) => row.queue,
  empty: 'There are no subscriptions.',
};

export interface TriggerTypeRow {
  readonly id: string;
  readonly description: string;
  readonly worker_name: string;
}

export const triggerTypeList: ListView<TriggerTypeRow> = {
  columns: [
    { title: 'TYPE', importance: 100, min: 8, value: (row) => row.id },
    { title: 'FROM', importance: 45, min: 8, value: (row) => row.worker_name },
    { title: 'DESCRIPTION', importance: 60, min: 12, wanted: 30, value: (row) => row.description },
  ],
  name: (row) => row.id,
  empty: 'There are no trigger types.',
};
