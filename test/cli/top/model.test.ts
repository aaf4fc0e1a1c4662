import { describe, expect, it } from 'vitest';
import { shownQueues, takeSnapshot } from '../../../src/cli/top/model.ts';
import { mailQueue, paymentQueue } from '../../support/samples.ts';
import { SNAPSHOT, topModel, type } from './top-fixture.ts';

const DOWN = '\u001b[B';
const names = (model: ReturnType<typeof topModel>): string[] =>
  shownQueues(model).map(({ name }) => name);

describe('iii top', () => {
  it('selects a line, and never one that is not there', () => {
    expect(type(topModel(), DOWN).model.selected).toBe(1);
    expect(type(topModel(), DOWN.repeat(9)).model.selected).toBe(1);
    expect(type(topModel(), 'kk').model.selected).toBe(0);
    const fewer = takeSnapshot(type(topModel(), DOWN).model, { ...SNAPSHOT, queues: [mailQueue] });
    expect(fewer.selected).toBe(0);
  });

  it('sorts by another column with each s, and comes back to names', () => {
    const queues = [
      { ...mailQueue, name: 'a', waiting: 1, dead: 9, oldestWaitingMs: null, outPerSecond: 5 },
      { ...mailQueue, name: 'b', waiting: 7, dead: 0, oldestWaitingMs: 10, outPerSecond: 1 },
    ];
    const orders = ['', 's', 'ss', 'sss', 'ssss', 'sssss'].map((keys) =>
      names(type(topModel({ queues }), keys).model).join(''),
    );
    expect(orders).toEqual(['ab', 'ba', 'ab', 'ba', 'ab', 'ab']);
  });

  it('shows only the queues whose name has what was typed, until Escape', () => {
    const typed = type(topModel(), '/mai').model;
    expect([names(typed), typed.filtering]).toEqual([[mailQueue.name], true]);
    const kept = type(typed, '\rq');
    expect(kept.effects).toEqual([{ kind: 'quit' }]);
    expect(names(type(typed, '\u001b').model)).toHaveLength(2);
    expect(type(typed, '\u007f\u007f\u007fpay').model.filter).toBe('pay');
  });

  it('pauses the selected queue, and resumes one that is paused', () => {
    expect(type(topModel(), 'p').effects).toEqual([
      { kind: 'pause', queue: mailQueue.name, paused: false },
    ]);
    expect(type(topModel(), 'jp').effects).toEqual([
      { kind: 'pause', queue: 'payment', paused: true },
    ]);
  });

  it('brings dead jobs back only after a y', () => {
    const asked = type(topModel(), 'jr');
    expect(asked.effects).toEqual([]);
    expect(asked.model.pending?.question).toBe('Bring back all 3 dead jobs of payment?');
    expect(type(asked.model, 'n')).toMatchObject({
      effects: [],
      model: { message: 'Nothing was done.', pending: null },
    });
    expect(type(asked.model, 'y').effects).toEqual([
      { kind: 'redrive', queue: 'payment', jobId: null },
    ]);
  });

  it('among the dead jobs brings the selected one back', () => {
    const { effects } = type(topModel(), 'jdjry');
    expect(effects.at(-1)).toEqual({
      kind: 'redrive',
      queue: 'payment',
      jobId: '22222222-5d0b-4f43-9d3b-0a8f4f6f2c11',
    });
  });

  it('says that there is nothing to bring back', () => {
    const { model, effects } = type(topModel(), 'r');
    expect([model.message, effects]).toEqual([`${mailQueue.name} has no dead jobs`, []]);
  });

  it('opens a queue and goes back the way it came', () => {
    const dead = type(topModel(), 'j\rd').model;
    expect([dead.view, dead.queue]).toEqual(['dead', paymentQueue.name]);
    const queue = type(dead, '\u001b').model;
    expect(queue.view).toBe('queue');
    expect(type(queue, '\u001b').model).toMatchObject({ view: 'queues', queue: null });
  });

  it('is left with q and with Ctrl-C, also while something is asked', () => {
    expect(type(topModel(), 'q').effects).toEqual([{ kind: 'quit' }]);
    expect(type(topModel(), 'jr\u0003').effects).toEqual([{ kind: 'quit' }]);
  });

  it('keeps the newest failures first, and no more than it shows', () => {
    let model = topModel();
    for (let count = 0; count < 40; count++) model = takeSnapshot(model, SNAPSHOT);
    expect(model.failures).toHaveLength(50);
    expect(model.failures[0]?.seq).toBe(2);
  });
});
