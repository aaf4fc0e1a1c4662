import type { AuditView, ErrorCluster, TaskView } from '../../admin/bulk-contract.ts';
import type { Tone } from '../output/color.ts';
import type { ListView, RecordView, Section } from '../output/output.ts';
import type { Cell } from '../output/table.ts';

const TONES: Readonly<Record<TaskView['state'], Tone>> = {
  running: 'good',
  paused: 'warn',
  done: 'dim',
  cancelled: 'dim',
  stopped: 'bad',
  failed: 'bad',
};

const stateOf = ({ state }: TaskView): Cell => ({ text: state, tone: TONES[state] });
const skippedOf = ({ skipped }: TaskView): number =>
  skipped.reduce((sum, { jobs }) => sum + jobs, 0);
const queuesOf = ({ queues }: TaskView): string => queues?.join(', ') ?? 'every queue';

export const taskList: ListView<TaskView> = {
  columns: [
    { title: 'TASK', importance: 100, value: ({ id }) => id },
    { title: 'ACTION', importance: 90, value: ({ action }) => action },
    { title: 'STATE', importance: 95, value: stateOf },
    { title: 'DONE', importance: 80, align: 'right', value: ({ changed }) => changed },
    { title: 'SKIPPED', importance: 50, align: 'right', value: skippedOf },
    { title: 'QUEUE', importance: 70, min: 8, value: queuesOf },
    { title: 'STARTED', importance: 60, value: ({ startedAt }, words) => words.time(startedAt) },
    {
      title: 'WHERE',
      importance: 40,
      min: 8,
      value: ({ where, cluster }) => where ?? cluster ?? '',
    },
    { title: 'BY', importance: 30, min: 6, value: ({ by }) => by },
  ],
  name: ({ id }) => id,
  empty: 'No tasks.',
};

export const undoList: ListView<TaskView> = {
  columns: [
    { title: 'TASK', importance: 100, value: ({ id }) => id },
    { title: 'ACTION', importance: 90, value: ({ action }) => action },
    { title: 'JOBS', importance: 95, align: 'right', value: ({ changed }) => changed },
    { title: 'QUEUE', importance: 80, min: 8, value: queuesOf },
    { title: 'ENDED', importance: 60, value: ({ endedAt }, words) => words.time(endedAt) || '-' },
    {
      title: 'UNTIL',
      importance: 85,
      value: ({ undoUntil }, words) => words.time(undoUntil) || '-',
    },
    { title: 'BY', importance: 30, min: 6, value: ({ by }) => by },
  ],
  name: ({ id }) => id,
  empty: 'Nothing can be undone.',
};

export const taskRecord: RecordView<TaskView> = {
  name: ({ id }) => id,
  sections: (task, { words, table }) => {
    const { canary } = task;
    const fields: [string, Cell | undefined][] = [
      ['task', { text: task.id, tone: 'strong' }],
      ['state', stateOf(task)],
      ['why', task.why ?? undefined],
      ['action', task.action],
      ['queue', queuesOf(task)],
      ['to', task.to ?? undefined],
      ['where', task.where ?? undefined],
      ['cluster', task.cluster ?? undefined],
      ['done', task.changed],
      ['left alone', skippedOf(task)],
      ['rate', task.ratePerSecond === null ? undefined : `${task.ratePerSecond} per second`],
      ['limit', task.limit ?? undefined],
      [
        'released first',
        canary === null
          ? undefined
          : `${canary.released} of ${canary.jobs}: ${canary.succeeded} succeeded, ${canary.failed} died again, ${canary.waiting} under way`,
      ],
      ['started', words.time(task.startedAt)],
      ['ended', task.endedAt === null ? undefined : words.time(task.endedAt)],
      [
        'can be undone',
        task.undoUntil === null ? undefined : `until ${words.time(task.undoUntil)}`,
      ],
      ['by', task.by],
      ['engine', task.engine ?? undefined],
    ];
    const known = fields.flatMap(([label, cell]) =>
      cell === undefined ? [] : [[label, cell] as const],
    );
    const sections: Section[] = [{ fields: known }];
    if (task.skipped.length > 0) {
      sections.push({
        title: 'left alone',
        table: table(task.skipped, [
          { title: 'JOBS', importance: 100, align: 'right', value: ({ jobs }) => jobs },
          { title: 'WHY', importance: 90, min: 12, value: ({ why }) => why },
        ]),
      });
    }
    return sections;
  },
};

export function clusterList(queue: string): ListView<ErrorCluster> {
  return {
    columns: [
      { title: 'CLUSTER', importance: 95, value: ({ cluster }) => cluster },
      { title: 'JOBS', importance: 100, align: 'right', value: ({ jobs }) => jobs },
      {
        title: 'SHARE',
        importance: 50,
        align: 'right',
        value: ({ share }) => `${Math.round(share * 100)}%`,
      },
      {
        title: 'OLDEST',
        importance: 40,
        value: ({ firstFailedAt }, words) => words.time(firstFailedAt),
      },
      {
        title: 'NEWEST',
        importance: 60,
        value: ({ lastFailedAt }, words) => words.time(lastFailedAt),
      },
      {
        title: 'ERROR',
        importance: 90,
        min: 12,
        wanted: 40,
        value: ({ code, message }) => `${code}: ${message}`,
      },
      { title: 'SUCH AS', importance: 20, min: 9, value: ({ sample }) => sample },
    ],
    name: ({ cluster }) => cluster,
    empty: `No dead jobs in ${queue}.`,
  };
}

export const auditList: ListView<AuditView> = {
  columns: [
    { title: 'WHEN', importance: 100, value: ({ at }, words) => words.time(at) },
    { title: 'BY', importance: 90, min: 8, value: ({ by }) => by },
    {
      title: 'ACTION',
      importance: 95,
      min: 10,
      value: ({ action }) => action.replace(/^iii::/, ''),
    },
    {
      title: 'WHAT',
      importance: 80,
      min: 12,
      value: ({ facts }) =>
        Object.entries(facts)
          .map(([name, fact]) => `${name}=${String(fact)}`)
          .join(' '),
    },
  ],
  name: ({ action }) => action,
  empty: 'Nothing was changed by an operator.',
};
