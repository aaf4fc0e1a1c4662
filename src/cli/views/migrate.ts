import type { RecordView } from '../output/output.ts';

/** What of a migration is shown. */
export interface ShownMigration {
  readonly jobs: number;
  readonly dryRun: boolean;
  readonly untold: number;
  readonly left: readonly {
    readonly place: string;
    readonly messages: number;
    readonly why: string;
  }[];
  readonly queues: readonly {
    readonly queue: string;
    readonly waiting: number;
    readonly delayed: number;
    readonly dead: number;
  }[];
  readonly losses: readonly {
    readonly feature: string;
    readonly jobs: number;
    readonly ids: readonly string[];
    readonly why: string;
  }[];
  readonly digests: { readonly from: string; readonly to: string };
  readonly subscriptions: number;
  readonly values: number;
  readonly valueDigests: { readonly from: string; readonly to: string };
}

export const migrateRecord: RecordView<ShownMigration> = {
  name: ({ jobs }) => String(jobs),
  sections: (
    { queues, jobs, losses, digests, dryRun, untold, left, subscriptions, values, valueDigests },
    { table },
  ) => [
    {
      fields: [
        ['jobs', jobs],
        ...(untold > 0 ? untoldField(untold) : []),
        ...(dryRun ? [] : digestFields(digests)),
      ],
    },
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
    ...(left.length === 0
      ? []
      : [
          {
            title: 'stayed in the source',
            table: table(left, [
              { title: 'WHERE', importance: 4, min: 8, value: ({ place }) => place },
              {
                title: 'MESSAGES',
                importance: 4,
                align: 'right',
                value: ({ messages }) => messages,
              },
              { title: 'WHY', importance: 3, value: ({ why }) => why },
            ]),
          },
        ]),
    ...(losses.length === 0
      ? []
      : [
          {
            title: 'the target does not keep',
            table: table(losses, [
              { title: 'WHAT', importance: 4, min: 8, value: ({ feature }) => feature },
              { title: 'JOBS', importance: 4, align: 'right', value: ({ jobs: count }) => count },
              { title: 'FIRST', importance: 2, value: ({ ids }) => ids[0] ?? '' },
              { title: 'WHY', importance: 3, value: ({ why }) => why },
            ]),
          },
        ]),
  ],
};

function untoldField(untold: number): [string, number][] {
  return [['of any queue', untold]];
}

function digestFields({ from, to }: ShownMigration['digests']): [string, string][] {
  return [
    ['digest', from],
    ['read back', to],
  ];
}
