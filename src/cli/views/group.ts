import type { GroupDetail, GroupFollower, GroupView } from '../../admin/group-contract.ts';
import type { ListView, RecordView, Section } from '../output/output.ts';
import type { Cell, Column } from '../output/table.ts';
import { stateOf } from './job.ts';

const BLOCKS: Readonly<Record<NonNullable<GroupView['blockedBy']>, string>> = {
  parked: 'parked',
  backoff: 'waits to be retried',
  delay: 'delayed',
  no_worker: 'no worker',
  paused: 'queue paused',
};

export const groupList: ListView<GroupView> = {
  columns: [
    { title: 'GROUP', importance: 100, min: 8, copied: true, value: ({ group }) => group },
    { title: 'JOBS', importance: 90, align: 'right', value: ({ jobs }) => jobs },
    { title: 'HEAD', importance: 50, min: 9, copied: true, value: ({ head }) => head.id },
    { title: 'STATE', importance: 80, value: ({ head }) => stateOf(head.state) },
    {
      title: 'BLOCKED BY',
      importance: 95,
      value: ({ blockedBy }) =>
        blockedBy === null ? '' : { text: BLOCKS[blockedBy], tone: 'warn' },
    },
    { title: 'ATTEMPTS', importance: 40, align: 'right', value: ({ head }) => head.attempts },
    { title: 'DUE', importance: 60, value: ({ head }, words) => words.time(head.dueAt) },
    { title: 'SINCE', importance: 55, value: ({ head }, words) => words.time(head.enqueuedAt) },
  ],
  name: ({ group }) => group,
  empty: 'No groups.',
};

const BEHIND_COLUMNS: readonly Column<GroupFollower>[] = [
  { title: 'ID', importance: 100, min: 9, copied: true, value: ({ id }) => id },
  { title: 'FUNCTION', importance: 70, min: 8, value: ({ functionId }) => functionId },
  { title: 'ATTEMPTS', importance: 40, align: 'right', value: ({ attempts }) => attempts },
  { title: 'ENQUEUED', importance: 60, value: ({ enqueuedAt }, words) => words.time(enqueuedAt) },
];

/** A group: its head, why that does not run, what it failed of, and what is behind it. */
export const groupRecord: RecordView<GroupDetail> = {
  name: ({ group }) => group,
  sections: ({ queue, group, jobs, head, failure, reasons, parked, behind }, look) => {
    const { words } = look;
    const fields: [string, Cell | undefined][] = [
      ['group', { text: group, tone: 'strong' }],
      ['queue', queue],
      ['jobs', jobs],
      ['head', head.id],
      ['function', head.functionId],
      ['state', parked === null ? stateOf(head.state) : { text: 'parked', tone: 'warn' }],
      ['attempts', head.attempts],
      ['enqueued', words.time(head.enqueuedAt)],
      ['due', head.dueAt === null ? undefined : words.time(head.dueAt)],
    ];
    const sections: Section[] = [
      { fields: fields.flatMap(([label, cell]) => (cell === undefined ? [] : [[label, cell]])) },
      ...reasons.map((reason, at) => ({
        title: at === 0 ? 'why' : 'and then',
        text: `${reason.text}\n-> ${reason.change}`,
        isProse: true as const,
      })),
    ];
    if (failure !== null) {
      const { at, worker, error } = failure;
      const text = `${error.code}: ${error.message}\n${words.time(at)} at ${worker}`;
      sections.push({ title: 'last failure', text });
    }
    if (behind.length > 0) {
      const rest = jobs - 1 - behind.length;
      const title = rest > 0 ? `behind it (${rest} more)` : 'behind it';
      sections.push({ title, table: look.table(behind, BEHIND_COLUMNS) });
    }
    return sections;
  },
};
