import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DeadJob, JobSummary } from '../../src/admin/contract.ts';
import { type EngineFixture, policy, startEngine } from '../support/engine-fixture.ts';

const JOBS = 600;
const PAGE = 20;

interface Page<Shown = Pick<JobSummary | DeadJob, 'id'>> {
  readonly jobs: readonly Shown[];
  readonly total: number | null;
  readonly nextCursor: string | null;
}

async function filled(): Promise<EngineFixture> {
  const fixture = await startEngine([policy('mail', { maxAttempts: 1 }), policy('slow')]);
  for (let n = 0; n < JOBS; n++) {
    await fixture.enqueue(n % 3 === 0 ? 'rare' : 'usual', { n }, { queue: 'mail' });
  }
  return fixture;
}

async function everyPage({ admin }: EngineFixture, id: string, input: object): Promise<Page[]> {
  const pages: Page[] = [];
  let cursor: string | null = null;
  do {
    const more = cursor === null ? {} : { cursor };
    const page = (await admin(id, { ...input, ...more, limit: PAGE })) as Page;
    pages.push(page);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return pages;
}

/** Counts how often the store is asked to go through its jobs. */
function watchPasses({ engine }: EngineFixture) {
  const list = vi.spyOn(engine.store, 'list');
  const scan = vi.spyOn(engine.store, 'scan');
  return () => list.mock.calls.length + scan.mock.calls.length;
}

afterEach(() => vi.restoreAllMocks());

describe('a list page by page', () => {
  it('goes through the jobs twice, however many pages there are', async () => {
    const fixture = await filled();
    const passes = watchPasses(fixture);
    const pages = await everyPage(fixture, 'iii::job::list', { queue: 'mail' });
    expect(pages.length).toBeGreaterThanOrEqual(JOBS / PAGE);
    expect(pages.flatMap(({ jobs }) => jobs)).toHaveLength(JOBS);
    expect(new Set(pages.flatMap(({ jobs }) => jobs.map(({ id }) => id))).size).toBe(JOBS);
    expect(pages.every(({ total }) => total === JOBS)).toBe(true);
    expect(passes()).toBe(2);
  });

  it('of dead jobs does too', async () => {
    const fixture = await filled();
    const worker = fixture.worker();
    worker.onDelivery = () => ({ error: { code: 'boom', message: 'no' } });
    worker.offer('usual', 'rare');
    for (let turn = 0; turn < 2 * JOBS; turn++) {
      await fixture.advance();
      if ((await fixture.engine.store.stats()).get('mail')?.dead === JOBS) break;
    }
    const passes = watchPasses(fixture);
    const pages = await everyPage(fixture, 'iii::dlq::list', { queue: 'mail' });
    expect(new Set(pages.flatMap(({ jobs }) => jobs.map(({ id }) => id))).size).toBe(JOBS);
    expect(pages[0]?.total).toBe(JOBS);
    expect(passes()).toBe(2);
  });

  it('can be asked for twice with the same cursor', async () => {
    const fixture = await filled();
    const page = async (cursor?: string) =>
      (await fixture.admin('iii::job::list', {
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      })) as Page;
    const { nextCursor } = await page();
    const second = await page(nextCursor ?? '');
    expect(await page(nextCursor ?? '')).toEqual(second);
    expect(second.jobs).toHaveLength(PAGE);
  });

  it('shows no job in a state that was not asked for, also when it changed since the page before', async () => {
    const fixture = await filled();
    const list = async (cursor?: string) =>
      (await fixture.admin('iii::job::list', {
        states: ['waiting'],
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      })) as Page<JobSummary>;
    const first = await list();
    const second = await list(first.nextCursor ?? '');
    const all = (await fixture.admin('iii::job::list', { limit: 3 * PAGE })) as Page;
    const ids = all.jobs.slice(2 * PAGE).map(({ id }) => id);
    await fixture.engine.store.cancel(ids);
    const third = await list(second.nextCursor ?? '');
    expect(third.jobs).toHaveLength(PAGE);
    expect(third.jobs.every(({ state }) => state === 'waiting')).toBe(true);
    expect(third.jobs.some(({ id }) => ids.includes(id))).toBe(false);
  });
});

describe('a list of the jobs of one function', () => {
  it('has no total, because jobs are not counted by function', async () => {
    const fixture = await filled();
    const pages = await everyPage(fixture, 'iii::job::list', { functionId: 'rare' });
    expect(pages.flatMap(({ jobs }) => jobs)).toHaveLength(JOBS / 3);
    expect(pages.every(({ total }) => total === null)).toBe(true);
  });
});
