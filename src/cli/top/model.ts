import type { DeadJob, EngineInfo, QueueSummary, WorkerView } from '../../admin/contract.ts';
import type { EventView } from '../../admin/event-contract.ts';
import { countOf } from '../../base/count.ts';
import type { Key } from './keys.ts';

/** Measurements a sparkline shows. */
const HISTORY = 30;
/** Newest failures that are remembered. */
const FAILURES = 50;

export const SORTS = ['name', 'waiting', 'dead', 'oldest', 'out'] as const;
export type Sort = (typeof SORTS)[number];

/** What the engine answered last. */
export interface Snapshot {
  readonly queues: readonly QueueSummary[];
  readonly workers: readonly WorkerView[];
  /** Failures since the last snapshot, oldest first. */
  readonly failures: readonly EventView[];
  /** Dead jobs of the queue that is open, when they are looked at. */
  readonly dead: readonly DeadJob[];
}

/** What the screen shows: all queues, one queue, or its dead jobs. */
export type View = 'queues' | 'queue' | 'dead';

/** Something that is done only after a `y`. */
export interface Pending {
  readonly kind: 'redrive';
  readonly queue: string;
  /** `null`: all dead jobs of the queue. */
  readonly jobId: string | null;
  readonly question: string;
}

export interface TopModel {
  readonly info: EngineInfo;
  readonly url: string;
  readonly snapshot: Snapshot;
  /** Jobs finished per second by queue, oldest first. */
  readonly history: ReadonlyMap<string, readonly number[]>;
  /** Newest first. */
  readonly failures: readonly EventView[];
  readonly view: View;
  /** Index of the selected line. */
  readonly selected: number;
  /** Name of the queue that is open. */
  readonly queue: string | null;
  readonly sort: Sort;
  readonly filter: string;
  /** Whether keys go into the filter. */
  readonly filtering: boolean;
  readonly help: boolean;
  readonly pending: Pending | null;
  /** Said in the last line until the next key. */
  readonly message: string | null;
  /** Why the engine does not answer; `null` while it does. */
  readonly lost: string | null;
}

/** What is to be done outside the model after a key. */
export type Effect =
  | { readonly kind: 'quit' }
  | { readonly kind: 'suspend' }
  /** The screen is not what it should be. */
  | { readonly kind: 'redraw' }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'pause'; readonly queue: string; readonly paused: boolean }
  | { readonly kind: 'redrive'; readonly queue: string; readonly jobId: string | null };

export interface Step {
  readonly model: TopModel;
  readonly effect?: Effect;
}

export function startModel(info: EngineInfo, url: string): TopModel {
  return {
    info,
    url,
    snapshot: { queues: [], workers: [], failures: [], dead: [] },
    history: new Map(),
    failures: [],
    view: 'queues',
    selected: 0,
    queue: null,
    sort: 'name',
    filter: '',
    filtering: false,
    help: false,
    pending: null,
    message: null,
    lost: null,
  };
}

export function takeSnapshot(model: TopModel, snapshot: Snapshot): TopModel {
  const history = new Map<string, readonly number[]>();
  for (const { name, outPerSecond } of snapshot.queues) {
    history.set(name, [...(model.history.get(name) ?? []), outPerSecond].slice(-HISTORY));
  }
  const failures = [...snapshot.failures.toReversed(), ...model.failures].slice(0, FAILURES);
  return keepInside({ ...model, snapshot, history, failures, lost: null });
}

/** The queues as they are shown: filtered and sorted. */
export function shownQueues({ snapshot, filter, sort }: TopModel): readonly QueueSummary[] {
  const wanted = snapshot.queues.filter(({ name }) => name.includes(filter));
  const by: Readonly<Record<Sort, (queue: QueueSummary) => number>> = {
    name: () => 0,
    waiting: ({ waiting }) => -waiting,
    dead: ({ dead }) => -dead,
    oldest: ({ oldestWaitingMs }) => -(oldestWaitingMs ?? -1),
    out: ({ outPerSecond }) => -outPerSecond,
  };
  return wanted.toSorted((a, b) => by[sort](a) - by[sort](b) || a.name.localeCompare(b.name));
}

/** The queue a key is about: the open one, or the selected one. */
export function currentQueue(model: TopModel): QueueSummary | undefined {
  return model.view === 'queues'
    ? shownQueues(model)[model.selected]
    : model.snapshot.queues.find(({ name }) => name === model.queue);
}

/** What a key does. */
export function press(before: TopModel, key: Key): Step {
  const model = { ...before, message: null };
  if (key.name === 'interrupt') return { model, effect: { kind: 'quit' } };
  if (key.name === 'suspend' || key.name === 'redraw') {
    return { model: before, effect: { kind: key.name } };
  }
  if (model.pending !== null) return answer({ ...model, pending: null }, model.pending, key);
  if (model.filtering) return { model: keepInside(typeFilter(model, key)) };
  if (model.help) return { model: { ...model, help: false } };
  switch (key.name) {
    case 'up':
      return { model: keepInside({ ...model, selected: model.selected - 1 }) };
    case 'down':
      return { model: keepInside({ ...model, selected: model.selected + 1 }) };
    case 'enter':
      return open(model);
    case 'escape':
      return back(model);
    case 'text':
      return pressLetter(model, key.text);
    default:
      return { model };
  }
}

function pressLetter(model: TopModel, letter: string): Step {
  switch (letter) {
    case 'q':
      return { model, effect: { kind: 'quit' } };
    case 'k':
      return press(model, { name: 'up', text: '' });
    case 'j':
      return press(model, { name: 'down', text: '' });
    case 's':
      return { model: { ...model, sort: nextSort(model.sort), selected: 0 } };
    case '/':
      return { model: { ...model, view: 'queues', queue: null, filtering: true, selected: 0 } };
    case '?':
      return { model: { ...model, help: true } };
    case 'p':
      return pauseCurrent(model);
    case 'd':
      return lookAtDead(model);
    case 'r':
      return askRedrive(model);
    default:
      return { model };
  }
}

function open(model: TopModel): Step {
  const queue = currentQueue(model);
  if (model.view !== 'queues' || queue === undefined) return { model };
  return {
    model: { ...model, view: 'queue', queue: queue.name, selected: 0 },
    effect: { kind: 'refresh' },
  };
}

function back(model: TopModel): Step {
  if (model.view === 'dead') return { model: { ...model, view: 'queue', selected: 0 } };
  if (model.view === 'queue') return { model: { ...model, view: 'queues', queue: null } };
  return { model: keepInside({ ...model, filter: '' }) };
}

function lookAtDead(model: TopModel): Step {
  const queue = currentQueue(model);
  if (queue === undefined) return { model };
  return {
    model: { ...model, view: 'dead', queue: queue.name, selected: 0 },
    effect: { kind: 'refresh' },
  };
}

function pauseCurrent(model: TopModel): Step {
  const queue = currentQueue(model);
  if (queue === undefined) return { model };
  return { model, effect: { kind: 'pause', queue: queue.name, paused: !queue.paused } };
}

function askRedrive(model: TopModel): Step {
  const queue = currentQueue(model);
  if (queue === undefined) return { model };
  if (queue.dead === 0) return { model: { ...model, message: `${queue.name} has no dead jobs` } };
  const job = model.view === 'dead' ? model.snapshot.dead[model.selected] : undefined;
  const question =
    job === undefined
      ? `Bring back ${queue.dead === 1 ? 'the' : 'all'} ${countOf(queue.dead, 'dead job')} of ${queue.name}?`
      : `Bring back ${job.id}?`;
  const jobId = job?.id ?? null;
  return {
    model: { ...model, pending: { kind: 'redrive', queue: queue.name, jobId, question } },
  };
}

function answer(model: TopModel, { queue, jobId }: Pending, key: Key): Step {
  if (key.text !== 'y') return { model: { ...model, message: 'Nothing was done.' } };
  return { model, effect: { kind: 'redrive', queue, jobId } };
}

function typeFilter(model: TopModel, key: Key): TopModel {
  switch (key.name) {
    case 'enter':
      return { ...model, filtering: false };
    case 'escape':
      return { ...model, filtering: false, filter: '' };
    case 'backspace':
      return { ...model, filter: model.filter.slice(0, -1) };
    case 'text':
      return { ...model, filter: model.filter + key.text };
    default:
      return model;
  }
}

function nextSort(sort: Sort): Sort {
  return SORTS[(SORTS.indexOf(sort) + 1) % SORTS.length] ?? 'name';
}

/** Keeps the selected line among those there are. */
function keepInside(model: TopModel): TopModel {
  const lines = model.view === 'dead' ? model.snapshot.dead.length : shownQueues(model).length;
  return { ...model, selected: Math.max(0, Math.min(model.selected, lines - 1)) };
}
