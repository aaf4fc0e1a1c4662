import { expect, it } from 'vitest';
import type { EventPage } from '../../src/admin/event-contract.ts';
import { policy, startEngine } from '../support/engine-fixture.ts';

it('tells what happens to a job, with errors and times, behind the event a reader has', async () => {
  const { admin, advance, enqueue, worker, clock } = await startEngine([
    policy('q', { maxAttempts: 2, backoffMs: 1_000 }),
    policy('other'),
  ]);
  const list = async (input: unknown) => (await admin('iii::event::list', input)) as EventPage;
  const { last } = await list({});
  const w = worker();
  w.onDelivery = () => ({ error: { code: 'boom', message: 'no' } });
  w.offer('f');
  const id = await enqueue('f', {}, { queue: 'q' });
  await enqueue('g', {}, { queue: 'other' });
  await advance();
  const dueAt = new Date(clock.now() + 1_000).toISOString();
  await advance(1_000);
  const { events } = await list({ after: last, queue: 'q' });
  expect(events).toMatchObject([
    { kind: 'job_enqueued', id, functionId: 'f' },
    { kind: 'attempt_started', id },
    { kind: 'job_retried', id, attempt: 1, dueAt, error: { code: 'boom', message: 'no' } },
    { kind: 'attempt_started', id },
    { kind: 'job_dead', id, reason: 'exhausted' },
  ]);
  expect((await list({ after: last, kinds: ['job_dead'] })).events).toHaveLength(1);
  expect((await list({ recent: 1, kinds: ['job_retried'] })).events).toMatchObject([{ id }]);
});

it('holds the answer back until something matches, or the time is over', async () => {
  const { admin, advance, enqueue } = await startEngine();
  const { last } = (await admin('iii::event::list', {})) as EventPage;
  let page: EventPage | undefined;
  const ask = (input: object) => {
    page = undefined;
    void admin('iii::event::list', { after: last, waitMs: 5_000, ...input }).then((answer) => {
      page = answer as EventPage;
    });
  };
  ask({ kinds: ['job_dead'] });
  await enqueue('f', {});
  await advance(4_999);
  expect(page).toBeUndefined();
  await advance(1);
  expect(page).toMatchObject({ events: [] });
  ask({ kinds: ['job_enqueued'] });
  await advance();
  expect(page?.events).toHaveLength(1);
});
