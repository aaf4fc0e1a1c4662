import { describe, expect, it } from 'vitest';
import { IiiError } from '../../../src/base/errors.ts';
import { fingerprintOf } from '../../../src/queue/cluster.ts';
import { scannedJob } from '../../../src/queue/scan.ts';
import { COST } from '../../../src/queue/select/condition.ts';
import { parseSelector } from '../../../src/queue/select.ts';
import type { ScannedJob } from '../../../src/queue/store.ts';
import type { Job } from '../../../src/queue/types.ts';
import { newJob, uuidOf } from '../../support/store-fixture.ts';

const NOW = Date.UTC(2026, 0, 31, 12);
const HOUR = 3_600_000;
const ERROR = { code: 'invocation_failed', message: 'HTTP 429 from "stripe"' };

/** A dead job, accepted two hours ago and dead for one. */
function deadJob(changes: Partial<Job> = {}): Job {
  return {
    ...newJob(uuidOf(7), NOW - 2 * HOUR, {
      queue: 'payment',
      functionId: 'orders::charge',
      group: '"c1"',
      priority: 3,
      payload:
        '{"customer":"c1","amount":12.50,"big":9007199254740993,"ok":true,"none":null,"items":[{"sku":"a-1"},{"sku":"b\\u002d2"}],"odd key":{"x.y":1},"text":"say \\"hi\\"","customer":"c2"}',
      dedupKey: 'order-7',
    }),
    seq: 1,
    state: 'dead',
    attempts: 3,
    interruptions: 1,
    epoch: 4,
    history: [],
    failure: { reason: 'exhausted', failedAt: NOW - HOUR, error: ERROR },
    leasedAt: null,
    endedAt: null,
    ...changes,
  };
}

const selects = (selector: string, job: Job = deadJob()): boolean =>
  parseSelector(selector, NOW).test(scannedJob(job));

describe('a selector', () => {
  it.each([
    'state=dead',
    "queue = payment and function='orders::charge'",
    'state = dead OR attempts = 1',
    `id=${uuidOf(7)}`,
    'group=c1',
    'priority>=3 and priority<=3 and not priority<3',
    'attempts>2 AND interruptions=1',
    'age>1h and age<3h',
    'age=2h',
    'died<now-30m and died>now-90m',
    'died="2026-01-31T11:00:00Z"',
    'enqueued<now-1h',
    'reason=exhausted',
    'error~"429"',
    'error~invocation_failed',
    'error~"*from*stripe*"',
    'error~"HTTP 4*" and error~"invocation_failed: HTTP*" and error!~"429*"',
    'group!=null and dedup_key!=null and died!=null and due=null and worker=null',
    'worker in (w1, null)',
    'error.code=invocation_failed',
    'error=\'HTTP 429 from "stripe"\'',
    'error!~timeout and error!="x"',
    `cluster=${fingerprintOf(ERROR)}`,
    'state in (waiting, dead)',
    'not (state=waiting or state=delayed)',
    'dedup_key=order-7',
    'due!=now',
    'payload.customer=c2',
    'payload.customer!="c1"',
    'payload.amount=12.5 and payload.amount>12 and payload.amount<=12.50',
    'payload.big=9007199254740993 and payload.big!=9007199254740992',
    'payload.big>9007199254740992 and payload.big<9007199254740994',
    'payload.ok=true and payload.none=null and payload.missing=null',
    'payload.missing!="x" and not payload.missing>1 and payload.missing!~x',
    'payload.items[0].sku=a-1 and payload.items[1].sku="b-2"',
    'payload.items[2].sku=null and payload.customer.deeper=null',
    'payload."odd key"."x.y"=1 and payload["odd key"]["x.y"]=1',
    'payload.text~\'"hi"\' and payload~"odd key"',
    'payload.items~a-1',
    'payload.customer in (c9, c2)',
    'payload.customer>c1 and payload.customer<c3',
    'function~"orders::*" and function!~"*::refund"',
    '((((state=dead))))',
    'not not state=dead',
  ])('%s selects the job', (selector) => {
    expect(selects(selector)).toBe(true);
    expect(selects(`not (${selector})`)).toBe(false);
  });

  it.each([
    'state=waiting',
    'attempts=4 or priority=4',
    'state=dead and attempts=4',
    'error~"428"',
    'error~"429*"',
    'payload.ok="true"',
    'payload.amount="12.5"',
    'payload.items=a',
    'payload.customer=c1',
    'age>2h',
    'due>now-1h',
  ])('%s does not', (selector) => {
    expect(selects(selector)).toBe(false);
  });

  it('binds and closer than or, and not closest', () => {
    expect(selects('state=dead or state=dead and attempts=9')).toBe(true);
    expect(selects('(state=dead or state=dead) and attempts=9')).toBe(false);
    expect(selects('not attempts=9 and state=dead')).toBe(true);
  });

  it('of an error is false for a job that is not dead', () => {
    const waiting = deadJob({ state: 'waiting', failure: null });
    expect(selects('error~429 or reason=exhausted', waiting)).toBe(false);
    expect(selects('reason=null and error=null and cluster=null', waiting)).toBe(true);
    expect(selects('error!~429 and reason!=exhausted and cluster!=x', waiting)).toBe(true);
  });

  it('tells what is not there from a text that says null', () => {
    const named = deadJob({ group: '"null"' });
    expect([selects('group=null', named), selects('group="null"', named)]).toEqual([false, true]);
    const none = deadJob({ group: null });
    expect([selects('group=null', none), selects('group="null"', none)]).toEqual([true, false]);
  });

  it('reads neither payload nor error when the index already says no', () => {
    const unread: ScannedJob = Object.create(scannedJob(deadJob()), {
      payload: { value: () => expect.unreachable('the payload was read') },
      failure: { value: () => expect.unreachable('the error was read') },
      cause: { value: () => expect.unreachable('the cause was read') },
      state: { value: 'dead' },
      queue: { value: 'payment' },
      attempts: { value: 3 },
    }) as ScannedJob;
    const { test, cost } = parseSelector(
      'payload.a=1 and error~x and attempts=4 or error~y and queue=other',
      NOW,
    );
    expect(test(unread)).toBe(false);
    expect(cost).toBe(COST.payload);
    expect(parseSelector('state=dead and age>1h', NOW).cost).toBe(COST.index);
  });
});

describe('a selector that cannot be read', () => {
  it.each([
    ['', 1, 'a condition is missing'],
    ['stat=dead', 1, "there is no field 'stat'"],
    ['state=dead and', 15, 'a condition is missing'],
    ['state=dead foo=1', 12, "'foo' is not expected"],
    ['state=dad', 7, "never 'dad'"],
    ['state', 6, 'behind state'],
    ['state=', 7, 'a value is missing'],
    ['attempts>many', 10, 'is a number'],
    ['attempts~3', 9, '~ looks into texts'],
    ['age>5', 5, 'is a duration'],
    ['died>yesterday', 6, 'is a time'],
    ['(state=dead', 12, 'a ) is missing for the ( in column 1'],
    ['error~"x', 7, 'no closing "'],
    ['error~""', 7, 'is empty'],
    ['payload.=1', 8, 'the name of a member is missing'],
    ['payload.a[x]=1', 10, 'a place is missing'],
    ['payload.a>true', 11, 'neither more nor less'],
    ['state in dead', 10, 'a ( is missing'],
    ['state in (dead', 15, 'a ) is missing'],
    ['constructor=1', 1, 'no field'],
    ['a & b', 1, 'no field'],
    ['  = 3', 3, 'is no field'],
    [`error~${'x'.repeat(251)}`, 7, 'longer than 250'],
    [`${'('.repeat(60)}state=dead`, 51, 'nested too deep'],
    ['x'.repeat(5_000), 1, '4096 characters'],
  ])('%s points at column %i', (selector, column, message) => {
    let thrown: unknown;
    try {
      parseSelector(selector, NOW);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(IiiError);
    const error = thrown as IiiError;
    expect(error.code).toBe('SELECTOR_INVALID');
    expect(error.details).toMatchObject({ column });
    expect(error.message).toContain(message);
    const [, , caret] = error.message.split('\n');
    expect(caret?.indexOf('^')).toBe(column + 1);
  });
});
