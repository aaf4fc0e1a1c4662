import type { FunctionDetail, FunctionUse } from '../../admin/function-contract.ts';
import { countOf } from '../../base/count.ts';
import { indentJson } from '../output/json.ts';
import type { Look, RecordView, Section } from '../output/output.ts';
import type { Cell, Column } from '../output/table.ts';

type Offer = FunctionDetail['offers'][number];
type Trigger = FunctionDetail['triggers'][number];
type Subscription = FunctionDetail['subscriptions'][number];

const OFFERS: readonly Column<Offer>[] = [
  { title: 'WORKER', importance: 100, min: 8, copied: true, value: ({ worker }) => worker },
  { title: 'ID', importance: 30, value: ({ workerId }) => workerId },
  { title: 'RUNTIME', importance: 48, value: ({ runtime }) => runtime },
  { title: 'IN FLIGHT', importance: 80, align: 'right', value: ({ inFlight }) => inFlight },
  {
    title: 'AT MOST',
    importance: 50,
    align: 'right',
    value: ({ concurrency }) => concurrency ?? '-',
  },
  {
    title: 'CONNECTED',
    importance: 90,
    value: ({ connectedAt }, words) => words.time(connectedAt),
  },
];

const TRIGGERS: readonly Column<Trigger>[] = [
  { title: 'TYPE', importance: 100, value: ({ type }) => type },
  { title: 'AS', importance: 70, value: ({ as }) => useText(as) },
  { title: 'CONFIG', importance: 90, min: 12, value: ({ config }) => JSON.stringify(config) },
  { title: 'WORKER', importance: 40, min: 8, value: ({ worker }) => worker ?? '-' },
];

const SUBSCRIPTIONS: readonly Column<Subscription>[] = [
  { title: 'TOPIC', importance: 100, min: 8, copied: true, value: ({ topic }) => topic },
  { title: 'AS', importance: 60, value: ({ as }) => useText(as) },
  { title: 'QUEUE', importance: 50, min: 8, value: ({ queue }) => queue },
  { title: 'WAITING', importance: 80, align: 'right', value: ({ waiting }) => waiting },
  { title: 'DEAD', importance: 85, align: 'right', value: ({ dead }) => alarming(dead) },
];

/** A function, who offers it, and what would call it. */
export const functionRecord: RecordView<FunctionDetail> = {
  name: ({ functionId }) => functionId,
  sections: (detail, look) => [
    { fields: fieldsOf(detail) },
    ...tablesOf(detail, look),
    ...formatOf('takes', detail.requestFormat),
    ...formatOf('answers', detail.responseFormat),
    { title: 'its jobs', text: `-> iii job list --function ${detail.functionId}`, isProse: true },
  ],
};

function fieldsOf(detail: FunctionDetail): readonly (readonly [string, Cell])[] {
  const { functionId, kind, description, offers, elsewhere, inFlight } = detail;
  const isOffered = kind !== null || elsewhere > 0;
  const others = elsewhere === 0 ? '' : `, ${countOf(elsewhere, 'worker')} at other engines`;
  const offered =
    kind === 'engine' ? 'the engine itself' : `${countOf(offers.length, 'worker')}${others}`;
  return [
    ['function', { text: functionId, tone: 'strong' }],
    ...(description === null ? [] : ([['does', description]] as const)),
    ...(kind === 'http' ? ([['called', 'over HTTP']] as const) : []),
    ['offered by', isOffered ? offered : { text: 'nobody: its jobs wait', tone: 'bad' }],
    ['in flight', inFlight],
  ];
}

function tablesOf(
  { offers, queues, triggers, subscriptions }: FunctionDetail,
  look: Look,
): readonly Section[] {
  const section = <Row>(
    title: string,
    rows: readonly Row[],
    columns: readonly Column<Row>[],
  ): readonly Section[] => (rows.length === 0 ? [] : [{ title, table: look.table(rows, columns) }]);
  return [
    ...section('workers', offers, OFFERS),
    ...section('queues', queues, [
      { title: 'QUEUE', importance: 100, min: 8, copied: true, value: ({ queue }) => queue },
      { title: 'WAITING', importance: 90, align: 'right', value: ({ waiting }) => waiting },
    ]),
    ...section('triggers', triggers, TRIGGERS),
    ...section('subscriptions', subscriptions, SUBSCRIPTIONS),
  ];
}

function formatOf(title: string, schema: unknown): readonly Section[] {
  return schema === null ? [] : [{ title, text: indentJson(JSON.stringify(schema)) }];
}

function useText(use: FunctionUse): string {
  return use === 'function' ? 'called' : 'condition';
}

function alarming(amount: number): Cell {
  return amount === 0 ? amount : { text: amount, tone: 'bad' };
}
