import type { BulkPlan } from '../../admin/bulk-contract.ts';
import type { Plan } from '../../admin/contract.ts';
import type { RecordView, Section } from '../output/output.ts';
import type { Column } from '../output/table.ts';
import { countOf } from '../../base/count.ts';

/** What a rehearsal shows of a plan, whoever made it. */
type Rehearsed = Pick<Plan, 'groups' | 'skipped'>;

type Group = BulkPlan['groups'][number];
type Skip = BulkPlan['skipped'][number];

const GROUPS: readonly Column<Group>[] = [
  { title: 'JOBS', importance: 100, align: 'right', value: ({ jobs }) => jobs },
  { title: 'FUNCTION', importance: 90, min: 8, wanted: 24, value: ({ functionId }) => functionId },
  { title: 'TO', importance: 45, min: 6, value: ({ target }) => target },
  { title: 'OLDEST', importance: 48, value: ({ oldestAt }, words) => words.time(oldestAt) },
  { title: 'CLUSTER', importance: 70, value: ({ cluster }) => cluster ?? '' },
  { title: 'ERROR', importance: 80, min: 12, wanted: 30, value: ({ message }) => message ?? '' },
];

const SKIPPED: readonly Column<Skip>[] = [
  { title: 'JOBS', importance: 95, align: 'right', value: ({ jobs }) => jobs },
  { title: 'WHY', importance: 90, min: 12, value: ({ why }) => why },
  { title: 'SUCH AS', importance: 100, min: 9, copied: true, value: ({ sample }) => sample },
];

/** A rehearsal: what would be done by function and cluster, and what left alone. */
export function bulkPlan(summary: string, name: string): RecordView<Rehearsed> {
  return {
    name: () => name,
    sections: ({ groups = [], skipped = [] }, { table }) => {
      const sections: Section[] = [{ fields: [[summary, '']] }];
      if (groups.length > 0) {
        sections.push({ title: 'by function and error', table: table(groups, GROUPS) });
      }
      if (skipped.length > 0) {
        sections.push({ title: 'left alone', table: table(skipped, SKIPPED) });
      }
      return sections;
    },
  };
}

/** The same as lines for a question. */
export function planLines({ groups = [], skipped = [] }: Rehearsed): readonly string[] {
  return [
    ...groups.map(({ jobs, functionId, target, queue, message }) => {
      const place = target === queue ? '' : ` to ${target}`;
      return `${countOf(jobs, 'job')} of ${functionId}${place}${message === null ? '' : `: ${message}`}`;
    }),
    ...skipped.map(({ jobs, why }) => `${countOf(jobs, 'job')} left alone: ${why}`),
  ];
}
