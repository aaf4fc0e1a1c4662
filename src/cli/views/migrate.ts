import type { RecordView } from '../output/output.ts';

/** What of a migration is shown. */
export interface ShownMigration {
  readonly jobs: number;
  readonly dryRun: boolean;
  readonly queues: readonly {
    readonly queue: string;
    readonly waiting: number;
    readonly delayed: number;
    readonly dead: number;
  }[];
  readonly digests: { readonly from: string; readonly to: string };
  readonly subscriptions: number;
  readonly values: number;
  readonly valueDigests: { readonly from: string; readonly to: string };
}

export const migrateRecord: RecordView<ShownMigration> = {
  name: ({ jobs }) => String(jobs),
  sections: ({ queues, jobs, digests, dryRun, subscriptions, values, valueDigests }, { table }) => [
    { fields: [['jobs', jobs], ...(dryRun ? [] : digestFields(digests))] },
    {
      fields: [
        ['subscriptions', subscriptions],
        ['values', values],
        ...(dryRun ? [] : digestFields(valueDigests)),
      ],
    },
    {
      title: 'by queue',
      table: table(queues, [
        { title: 'QUEUE', importance: 4, min: 8, value: ({ queue }) => queue },
        { title: 'WAITING', importance: 3, align: 'right', value: ({ waiting }) => waiting },
        { title: 'DELAYED', importance: 2, align: 'right', value: ({ delayed }) => delayed },
        { title: 'DEAD', importance: 3, align: 'right', value: ({ dead }) => dead },
      ]),
    },
  ],
};

function digestFields({ from, to }: ShownMigration['digests']): [string, string][] {
  return [
    ['digest', from],
    ['read back', to],
  ];
}
