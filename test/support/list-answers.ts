import type { ErrorCluster, TaskView } from '../../src/admin/bulk-contract.ts';
import type {
  EngineView,
  JobSummary,
  SubscriptionView,
  TopicView,
  WorkerView,
} from '../../src/admin/contract.ts';
import type { FunctionDetail, FunctionView } from '../../src/admin/function-contract.ts';
import type { GroupView } from '../../src/admin/group-contract.ts';
import { ago, deadJob, jobDetail, mailQueue, NOW, paymentQueue } from './samples.ts';

/** What an engine with something to see answers to every list, for tests of what is made of it. */

/** Head of the group that waits. */
export const OLDER = '11111111-5d0b-4f43-9d3b-0a8f4f6f2c11';
const ahead = (ms: number): string => new Date(NOW + ms).toISOString();

const { payload: _payload, payloadText: _text, history: _history, ...summary } = jobDetail;
const waitingJob: JobSummary = { ...summary, state: 'waiting', attempts: 0, maxAttempts: 10 };
const jobs: readonly JobSummary[] = [
  {
    ...waitingJob,
    id: OLDER,
    state: 'delayed',
    attempts: 3,
    dueAt: ahead(20_000),
  },
  { ...waitingJob, state: 'in_flight', enqueuedAt: ago(30_000) },
  {
    ...waitingJob,
    id: '9c9d0f8e-5d0b-4f43-9d3b-0a8f4f6f2c11',
    queue: 'mail-with-a-rather-long-name',
    functionId: 'mails::notifications::send-the-weekly-summary',
    group: null,
    maxAttempts: 3,
    enqueuedAt: ago(2_000),
  },
];

/** A group that waits for its head, and one that runs. */
export const groups: readonly [GroupView, GroupView] = [
  {
    group: '"txn-1"',
    jobs: 12,
    blockedBy: 'backoff',
    head: {
      id: OLDER,
      functionId: 'orders::charge',
      state: 'delayed',
      attempts: 3,
      enqueuedAt: ago(600_000),
      dueAt: ahead(20_000),
    },
  },
  {
    group: '"a-customer-with-a-rather-long-name"',
    jobs: 1,
    blockedBy: null,
    head: {
      id: jobDetail.id,
      functionId: 'orders::charge',
      state: 'in_flight',
      attempts: 0,
      enqueuedAt: ago(30_000),
      dueAt: null,
    },
  },
];

export const subscription: SubscriptionView = {
  topic: 'order.created',
  functionId: 'mails::send',
  queue: 'order.created::mails::send',
  type: 'standard',
  maxAttempts: 3,
  concurrency: 10,
  conditionFunctionId: null,
  deadLetterTopic: 'mails.failed',
  workers: 0,
  waiting: 12,
  delayed: 0,
  inFlight: 0,
  dead: 2,
  skipped: 1,
};
const topics: readonly TopicView[] = [
  { topic: 'nobody', dropped: 4, subscriptions: [] },
  {
    topic: 'order.created',
    dropped: 0,
    subscriptions: [
      subscription,
      {
        ...subscription,
        functionId: 'warehouse::reserve-what-was-ordered',
        queue: 'order.created::warehouse::reserve-what-was-ordered',
        type: 'fifo',
        maxAttempts: 10,
        deadLetterTopic: null,
        workers: 2,
        waiting: 0,
        inFlight: 1,
        dead: 0,
        skipped: 0,
      },
    ],
  },
];

export const till: WorkerView = {
  id: '5b1f5d5e-0000-4000-8000-000000000001',
  name: 'till',
  runtime: 'node',
  version: '0.22.1',
  os: 'linux',
  pid: 17,
  status: 'connected',
  connectedAt: ago(90_000),
  functions: ['orders::charge', 'orders::refund'],
  inFlight: 3,
  gauges: null,
};

const functions: readonly FunctionView[] = [
  {
    functionId: 'orders::charge',
    description: 'Charges the card of an order, once',
    workers: ['till', 'till-2'],
    inFlight: 3,
    kind: 'worker',
  },
  {
    functionId: 'mails::notifications::send-the-weekly-summary',
    description: null,
    workers: [],
    inFlight: 0,
    kind: 'http',
  },
];

export const functionDetail: FunctionDetail = {
  functionId: 'orders::charge',
  description: 'Charges the card of an order, once',
  workers: ['till', 'till-2'],
  inFlight: 3,
  kind: 'worker',
  offers: [1, 2].map((n) => ({
    workerId: `5b1f5d5e-0000-4000-8000-00000000000${n}`,
    worker: n === 1 ? 'till' : 'till-2',
    runtime: 'node 0.22.1',
    connectedAt: ago(90_000 * n),
    inFlight: n,
    concurrency: n === 1 ? null : 10,
  })),
  elsewhere: 1,
  queues: [{ queue: 'payment', waiting: 12 }],
  triggers: [
    {
      id: '7c1f5d5e-0000-4000-8000-000000000001',
      type: 'http',
      as: 'function',
      config: { api_path: 'orders/:id/charge', http_method: 'POST' },
      worker: 'till',
    },
  ],
  subscriptions: [
    {
      topic: 'order.created',
      queue: 'order.created::orders::charge',
      as: 'function',
      waiting: 4,
      dead: 1,
    },
  ],
  requestFormat: { type: 'object', required: ['amount'] },
  responseFormat: null,
};

const engines: readonly EngineView[] = [
  {
    id: '3f0e6c1e-0000-4000-8000-000000000001',
    address: 'ws://10.0.0.1:49134',
    version: '0.1.0',
    host: 'queue-1',
    pid: 17,
    status: 'running',
    startedAt: ago(86_400_000),
    lastSeenAt: ago(1_000),
    self: true,
  },
  {
    id: '9c9d0f8e-0000-4000-8000-000000000002',
    address: null,
    version: '0.1.0',
    host: 'queue-2-in-another-building',
    pid: 4_711,
    status: 'silent',
    startedAt: ago(86_400_000),
    lastSeenAt: ago(1_200_000),
    self: false,
  },
];

export const task: TaskView = {
  id: '3f0e6c1e',
  action: 'redrive',
  state: 'running',
  queues: ['payment'],
  where: 'error~"429"',
  cluster: null,
  to: null,
  by: 'night-shift',
  engine: engines[0]?.id ?? null,
  matched: 3,
  changed: 3,
  skipped: [],
  ratePerSecond: 50,
  limit: null,
  canary: null,
  startedAt: ago(65_000),
  endedAt: null,
  why: null,
  undoUntil: null,
};

export const cluster: ErrorCluster = {
  cluster: '3f0e6c1e5d',
  code: 'invocation_failed',
  message: 'HTTP 429 from <text> for order <number>',
  jobs: 7_500,
  share: 0.75,
  firstFailedAt: ago(7_200_000),
  lastFailedAt: ago(60_000),
  sample: deadJob.id,
  sampleMessage: 'HTTP 429 from "stripe" for order 17',
  functions: [{ functionId: 'orders::charge', jobs: 7_500 }],
};

const triggerTypes = [
  { id: 'http', description: 'Requests to the HTTP port', worker_name: 'engine' },
  { id: 'durable:subscriber', description: 'Messages of a topic', worker_name: 'engine' },
  {
    id: 'weather',
    description: 'Storms near a warehouse, as the weather service announces them',
    worker_name: 'weather-watch',
  },
];

const dead = [
  deadJob,
  {
    ...deadJob,
    id: '0a8f4f6f-5d0b-4f43-9d3b-0a8f4f6f2c11',
    functionId: 'orders::refund-a-customer-who-is-not-satisfied',
    group: null,
    attempts: 1,
    reason: 'not_retryable',
    error: { code: 'invocation_failed', message: 'HTTP 429 from "stripe" for order 17' },
    failedAt: ago(7_260_000),
  },
];

/** Answers by function. */
export const LIST_ANSWERS = {
  'iii::queue::list': () => ({ queues: [paymentQueue, mailQueue] }),
  'iii::job::list': () => ({ jobs, total: 12_400, nextCursor: 'j3' }),
  'iii::dlq::list': () => ({ jobs: dead, total: 2, nextCursor: null }),
  'iii::dlq::summary': () => ({
    queues: [
      {
        queue: 'payment',
        deadLetterQueue: 'payment::dlq',
        dead: 3,
        oldestFailedAt: ago(7_260_000),
      },
      {
        queue: mailQueue.name,
        deadLetterQueue: `${mailQueue.name}::dlq`,
        dead: 0,
        oldestFailedAt: null,
      },
    ],
  }),
  'iii::dlq::errors': () => ({ queue: 'payment', jobs: 10_000, clusters: [cluster] }),
  'iii::group::list': () => ({ groups, total: 2 }),
  'iii::task::list': () => ({ tasks: [task] }),
  'iii::undo::list': () => ({
    tasks: [{ ...task, action: 'discard', state: 'done', undoUntil: ahead(840_000) }],
  }),
  'iii::audit::list': () => ({
    entries: [
      { at: ago(65_000), by: '10.0.0.7', action: 'iii::queue::pause', facts: { queue: 'payment' } },
    ],
  }),
  'iii::topic::list': () => ({ topics }),
  'engine::trigger-types::list': () => ({ trigger_types: triggerTypes }),
  'iii::engine::list': () => ({ engines }),
  'iii::worker::list': () => ({ workers: [till] }),
  'iii::function::list': () => ({ functions }),
};
