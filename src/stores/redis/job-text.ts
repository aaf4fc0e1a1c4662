import { createHash } from 'node:crypto';
import { appendHistory } from '../../queue/history.ts';
import type { GroupMember } from '../../queue/store.ts';
import type {
  AttemptRecord,
  DeadReason,
  Job,
  JobError,
  JobFailure,
  JobOverrides,
  JobState,
  NewJob,
} from '../../queue/types.ts';

/**
 * A job is three texts. If you change one, also change `scripts/basics.ts`, and give what is stored a way
 * to be read.
 *
 * - Header: what scripts look at, one value a line, in the order of `readHeader`.
 * - Body: what the producer gave. One line of JSON, then the payload as it came.
 * - History: the JSON of its attempts; absent before the first.
 */
export interface JobTexts {
  readonly id: string;
  readonly header: string;
  readonly body: string;
  readonly history: string;
}

/** A lease by what ends it. */
export interface LeaseName {
  readonly id: string;
  readonly epoch: number;
}

/** Letters of the states; `e` is a waiting job whose time to live ended, before its verdict. */
const STATES: Readonly<Record<string, JobState>> = {
  w: 'waiting',
  e: 'waiting',
  d: 'delayed',
  i: 'in_flight',
  x: 'dead',
  c: 'completed',
  k: 'discarded',
};

/** Longer groups are named by their hash. */
const LONGEST_GROUP_KEY = 256;
/** Bytes a job takes beside its texts, roughly. */
const OVERHEAD_BYTES = 600;

/** The first line of a body: what is absent is null, or empty. */
interface BodyFacts {
  readonly f: string;
  readonly g?: string;
  readonly k?: string;
  readonly o?: JobOverrides;
  readonly t?: string;
  readonly b?: string;
  readonly m?: string;
}

/** What stands in front of a job's arguments in `append`: its queue comes from the caller. */
export function appendArguments(queueNumber: number, job: NewJob): string[] {
  const body = bodyOf(job);
  return [
    String(queueNumber),
    job.id,
    String(job.priority),
    String(job.enqueuedAt),
    String(Math.max(0, job.dueAt - job.enqueuedAt)),
    job.expiresAt === null ? '' : String(job.expiresAt - job.enqueuedAt),
    functionKey(job.functionId),
    groupKey(job.group),
    job.dedupKey === null ? '' : JSON.stringify(job.dedupKey),
    String(body.length + OVERHEAD_BYTES),
    body,
  ];
}

/** A whole job's arguments in `rewrite`, from the state on. */
export function rewriteArguments(job: Job): string[] {
  const body = bodyOf(job);
  const { failure, history } = job;
  return [
    job.state === 'dead' ? 'x' : '',
    job.seq === 0 ? '' : String(job.seq),
    String(job.priority),
    String(job.enqueuedAt),
    String(job.dueAt),
    job.expiresAt === null ? '' : String(job.expiresAt),
    String(job.attempts),
    String(job.interruptions),
    String(failure?.failedAt ?? 0),
    functionKey(job.functionId),
    groupKey(job.group),
    job.dedupKey === null ? '' : JSON.stringify(job.dedupKey),
    String(body.length + OVERHEAD_BYTES),
    failure === null ? '' : writeFailure(failure.reason, failure.error),
    body,
    history.length === 0 ? '' : JSON.stringify(history),
  ];
}

/** A function id as it stands in keys and headers: without line ends. */
export function functionKey(functionId: string): string {
  return JSON.stringify(functionId);
}

/** The id that `functionKey` was made of. */
export function functionOf(key: string): string {
  return JSON.parse(key) as string;
}

/** A group as it stands in keys and headers: canonical JSON, which has no line ends, or its hash. */
export function groupKey(group: string | null): string {
  if (group === null) return '';
  if (group.length <= LONGEST_GROUP_KEY && !group.includes('\n')) return group;
  return `sha256:${createHash('sha256').update(group).digest('hex')}`;
}

function bodyOf(job: NewJob): string {
  const facts: BodyFacts = {
    f: job.functionId,
    ...(job.group === null ? {} : { g: job.group }),
    ...(job.dedupKey === null ? {} : { k: job.dedupKey }),
    ...(Object.keys(job.overrides).length === 0 ? {} : { o: job.overrides }),
    ...(job.traceparent === null ? {} : { t: job.traceparent }),
    ...(job.baggage === null ? {} : { b: job.baggage }),
    ...(job.metadata === null ? {} : { m: job.metadata }),
  };
  return `${JSON.stringify(facts)}\n${job.payload}`;
}

/** A job from its texts; `undefined` when there is none. */
function readJob(queue: string, { id, header, body, history }: JobTexts): Job | undefined {
  if (header === '') return undefined;
  const lines = header.split('\n');
  const number = (index: number): number => Number(lines[index] ?? 0);
  const end = body.indexOf('\n');
  const facts = JSON.parse(body.slice(0, end)) as BodyFacts;
  const state = STATES[lines[0] ?? ''] ?? 'waiting';
  const stampAt = number(10);
  return {
    id,
    queue,
    functionId: facts.f,
    payload: body.slice(end + 1),
    group: facts.g ?? null,
    priority: number(2),
    enqueuedAt: number(3),
    dueAt: number(4),
    expiresAt: lines[5] === '' ? null : number(5),
    dedupKey: facts.k ?? null,
    overrides: facts.o ?? {},
    traceparent: facts.t ?? null,
    baggage: facts.b ?? null,
    metadata: facts.m ?? null,
    seq: number(1),
    state,
    attempts: number(6),
    interruptions: number(7),
    epoch: number(8),
    history: readHistory(history),
    failure: readFailure(lines[16] ?? ''),
    leasedAt: state === 'in_flight' ? stampAt : null,
    endedAt: state === 'completed' || state === 'discarded' ? stampAt : null,
  };
}

/** The jobs of an answer that lists id, header, body and history of each; absent ones are left out. */
export function readJobs(queue: string, texts: readonly string[]): Job[] {
  const jobs: Job[] = [];
  for (let at = 0; at < texts.length; at += 4) {
    const [id = '', header = '', body = '', history = ''] = texts.slice(at, at + 4);
    const job = readJob(queue, { id, header, body, history });
    if (job !== undefined) jobs.push(job);
  }
  return jobs;
}

/** What a header alone tells of a job. */
export function readMember(id: string, header: string): GroupMember {
  const lines = header.split('\n');
  return {
    id,
    functionId: functionOf(lines[12] ?? '""'),
    state: STATES[lines[0] ?? ''] ?? 'waiting',
    attempts: Number(lines[6] ?? 0),
    enqueuedAt: Number(lines[3] ?? 0),
    dueAt: Number(lines[4] ?? 0),
  };
}

/** The group that a key stands for. @param facts the first line of the body of one of its jobs, for a hash */
export function groupOf(key: string, facts: string): string {
  return facts === '' ? key : ((JSON.parse(facts) as BodyFacts).g ?? '');
}

/** The leases of an answer that lists id and epoch of each. */
export function readLeaseNames(texts: readonly string[]): LeaseName[] {
  const names: LeaseName[] = [];
  for (let at = 0; at < texts.length; at += 2) {
    names.push({ id: texts[at] ?? '', epoch: Number(texts[at + 1]) });
  }
  return names;
}

function readHistory(text: string): readonly AttemptRecord[] {
  return text === '' ? [] : (JSON.parse(text) as AttemptRecord[]);
}

/** A failure is its time, and behind a space its JSON. */
function readFailure(text: string): JobFailure | null {
  if (text === '') return null;
  const end = text.indexOf(' ');
  const { reason, error } = JSON.parse(text.slice(end + 1)) as {
    reason: DeadReason;
    error: JobError;
  };
  return { reason, failedAt: Number(text.slice(0, end)), error };
}

/** The history of a job with one more attempt, and the bytes that it grows by. */
export function writeHistory(
  history: readonly AttemptRecord[],
  record: AttemptRecord,
): { readonly text: string; readonly bytes: number } {
  const text = JSON.stringify(appendHistory(history, record));
  return { text, bytes: record.error === null ? 0 : text.length };
}

/** Why a job is dead, as one line. */
export function writeFailure(reason: DeadReason, error: JobError): string {
  return JSON.stringify({ reason, error });
}
