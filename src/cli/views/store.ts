import type { RecordView, Section } from '../output/output.ts';
import { countOf, writeCount } from '../../base/count.ts';

/** What of a store's report is shown. */
export interface ShownStore {
  readonly folder: string;
  readonly format: number;
  readonly bytes: number;
  readonly pid: number | null;
  readonly states: Readonly<Partial<Record<string, number>>>;
  readonly queues: readonly {
    readonly name: string;
    readonly paused: boolean;
    readonly totals: { readonly enqueued: number; readonly completed: number };
  }[];
  readonly state: { readonly scopes: number; readonly values: number } | null;
  readonly aside: number;
  readonly damages: readonly {
    readonly table: string;
    readonly key: number | string;
    readonly jobId: string | null;
    readonly problem: string;
  }[];
}

const MEBIBYTE = 1024 * 1024;

export const storeRecord: RecordView<ShownStore> = {
  name: (store) => store.folder,
  sections: (store, { table }) => {
    const { damages, state } = store;
    const sections: Section[] = [
      {
        fields: [
          ['folder', { text: store.folder, tone: 'strong' }],
          ['format', store.format],
          ['size', `${(store.bytes / MEBIBYTE).toFixed(1)} MiB`],
          ['used by', store.pid === null ? 'nobody' : `process ${store.pid}`],
          ...Object.entries(store.states).map(
            ([state, count]) => [state.replace('_', ' '), writeCount(count ?? 0)] as const,
          ),
          ['state', state === null ? 'none' : describeState(state)],
          ['put aside', store.aside === 0 ? 0 : { text: store.aside, tone: 'warn' }],
          ['damaged', damages.length === 0 ? 0 : { text: damages.length, tone: 'bad' }],
        ],
      },
    ];
    if (store.queues.length > 0) {
      sections.push({
        title: 'queues, with what went through them so far',
        table: table(store.queues, [
          { title: 'QUEUE', importance: 3, min: 8, value: ({ name }) => name },
          { title: 'ENQUEUED', importance: 2, align: 'right', value: (row) => row.totals.enqueued },
          {
            title: 'COMPLETED',
            importance: 2,
            align: 'right',
            value: (row) => row.totals.completed,
          },
          { title: 'STATE', importance: 1, value: ({ paused }) => (paused ? 'paused' : 'active') },
        ]),
      });
    }
    if (damages.length > 0) {
      sections.push({
        title: 'damaged records',
        table: table(damages, [
          { title: 'TABLE', importance: 2, value: (row) => row.table },
          { title: 'RECORD', importance: 3, value: ({ key }) => String(key) },
          { title: 'JOB', importance: 2, value: ({ jobId }) => jobId ?? '?' },
          { title: 'PROBLEM', importance: 1, min: 10, value: ({ problem }) => problem },
        ]),
      });
    }
    return sections;
  },
};

function describeState({ scopes, values }: NonNullable<ShownStore['state']>): string {
  return `${countOf(values, 'value')} in ${countOf(scopes, 'scope')}`;
}
