import type { JobDetail, JobSummary } from '../../admin/contract.ts';
import type { Tone } from '../output/color.ts';
import { indentJson } from '../output/json.ts';
import type { ListView, Look, RecordView, Section } from '../output/output.ts';
import type { Cell, Column } from '../output/table.ts';

const STATE_TONES: Readonly<Record<string, Tone>> = {
  dead: 'bad',
  in_flight: 'good',
  delayed: 'warn',
  discarded: 'dim',
  completed: 'good',
};

/** Jobs; without the column that is the same in each row when they are of one queue. */
export function jobList(queue: string | undefined): ListView<JobSummary> {
  return {
    ...ALL_JOBS,
    columns: ALL_JOBS.columns.filter(({ title }) => title !== 'QUEUE' || queue === undefined),
  };
}

const ALL_JOBS: ListView<JobSummary> = {
  columns: [
    { title: 'ID', importance: 100, min: 9, copied: true, value: (job) => job.id },
    { title: 'QUEUE', importance: 60, min: 8, value: (job) => job.queue },
    { title: 'FUNCTION', importance: 70, min: 8, wanted: 20, value: (job) => job.functionId },
    { title: 'STATE', importance: 90, value: (job) => stateOf(job.state) },
    { title: 'GROUP', importance: 30, min: 6, value: (job) => job.group ?? '' },
    {
      title: 'ATTEMPTS',
      importance: 45,
      align: 'right',
      value: (job) => `${job.attempts}/${job.maxAttempts}`,
    },
    { title: 'ENQUEUED', importance: 55, value: (job, words) => words.time(job.enqueuedAt) },
    {
      title: 'DUE',
      importance: 40,
      value: (job, words) => (job.state === 'delayed' ? words.time(job.dueAt) : ''),
    },
  ],
  name: (job) => job.id,
  empty: 'No jobs.',
};

/** One thing that happened to a job, or is about to. */
interface Moment {
  readonly at: string | null;
  readonly what: Cell;
  readonly tookMs?: number;
  readonly worker?: string;
  readonly error?: string;
}

const TIMELINE_COLUMNS: readonly Column<Moment>[] = [
  { title: 'WHEN', importance: 95, value: ({ at }, words) => words.time(at) },
  { title: 'WHAT', importance: 100, min: 16, value: ({ what }) => what },
  {
    title: 'TOOK',
    importance: 50,
    align: 'right',
    value: ({ tookMs }, words) => words.duration(tookMs ?? null),
  },
  { title: 'WORKER', importance: 20, min: 8, value: ({ worker }) => worker ?? '' },
  { title: 'ERROR', importance: 80, min: 12, value: ({ error }) => error ?? '' },
];

/** What happened to a job, oldest first, and what comes next. */
function timelineOf(job: JobDetail): readonly Moment[] {
  const moments: Moment[] = [{ at: job.enqueuedAt, what: 'enqueued' }];
  for (const { attempt, startedAt, endedAt, worker, outcome, error } of job.history) {
    moments.push({
      at: startedAt,
      what: {
        text: `attempt ${attempt} ${outcome}`,
        tone: outcome === 'completed' ? 'good' : 'bad',
      },
      tookMs: Date.parse(endedAt) - Date.parse(startedAt),
      worker,
      ...(error === null ? {} : { error: `${error.code}: ${error.message}` }),
    });
  }
  const now = presentOf(job);
  if (now !== null) moments.push(now);
  return moments;
}

/** The last line of the timeline; `null` when the attempts say it all. */
function presentOf(job: JobDetail): Moment | null {
  const next = job.attempts + 1;
  switch (job.state) {
    case 'delayed':
      return { at: job.dueAt, what: { text: `attempt ${next} is due`, tone: 'warn' } };
    case 'in_flight':
      return { at: job.startedAt, what: { text: `attempt ${next} is in flight`, tone: 'good' } };
    case 'dead':
      return { at: job.failedAt, what: { text: `dead: ${job.reason ?? 'failed'}`, tone: 'bad' } };
    case 'discarded':
      return { at: job.endedAt, what: { text: 'discarded', tone: 'dim' } };
    case 'waiting':
      return { at: null, what: `waits (iii job explain ${job.id})` };
    default:
      return null;
  }
}

export const jobRecord: RecordView<JobDetail> = {
  name: (job) => job.id,
  sections: (job, look) => {
    const sections: Section[] = [
      { fields: fieldsOf(job, look) },
      { title: 'payload', text: indentJson(job.payloadText) },
    ];
    sections.push({ title: 'timeline', table: look.table(timelineOf(job), TIMELINE_COLUMNS) });
    const error = job.history.at(-1)?.error;
    if (error) {
      sections.push({
        title: 'last error',
        text: `${error.code}: ${error.message}`,
        isProse: true,
      });
    }
    const stack = error?.stack;
    if (stack !== undefined) sections.push({ title: 'last stack', text: stack });
    return sections;
  },
};

function fieldsOf(job: JobDetail, { words }: Look): readonly (readonly [string, Cell])[] {
  const fields: [string, Cell | undefined][] = [
    ['job', { text: job.id, tone: 'strong' }],
    ['state', stateOf(job.state)],
    ['reason', job.reason ?? undefined],
    ['queue', job.queue],
    ['function', job.functionId],
    ['group', job.group ?? undefined],
    ['priority', job.priority === 0 ? undefined : job.priority],
    ['attempts', `${job.attempts} of ${job.maxAttempts}`],
    ['interruptions', job.interruptions === 0 ? undefined : job.interruptions],
    ['dedup key', job.dedupKey ?? undefined],
    ['enqueued', words.time(job.enqueuedAt)],
    ['due', job.state === 'delayed' ? words.time(job.dueAt) : undefined],
    ['expires', job.expiresAt === null ? undefined : words.time(job.expiresAt)],
    ['started', job.startedAt === null ? undefined : words.time(job.startedAt)],
    ['failed', job.failedAt === null ? undefined : words.time(job.failedAt)],
    ['ended', job.endedAt === null ? undefined : words.time(job.endedAt)],
    ['trace', job.traceparent ?? undefined],
  ];
  return fields.flatMap(([label, cell]) => (cell === undefined ? [] : [[label, cell] as const]));
}

/** A state in the colour it has everywhere. */
export function stateOf(state: string): Cell {
  const tone = STATE_TONES[state];
  return tone === undefined ? state : { text: state, tone };
}
