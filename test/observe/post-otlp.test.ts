import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Secret } from '../../src/base/secret.ts';
import { OtlpExporter, type Sent } from '../../src/observe/otlp-exporter.ts';
import { postOtlp } from '../../src/observe/post-otlp.ts';
import { eventually } from '../support/eventually.ts';
import { OtlpCollector, type CollectorAnswer } from '../support/otlp-collector.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startCollector(
  answer: (nth: number) => CollectorAnswer,
  port = 0,
): Promise<OtlpCollector> {
  const collector = await OtlpCollector.start({ answer, port });
  closing.push(() => collector.close());
  return collector;
}

/** An exporter that posts to this address, with its time in the hand of the test. */
function makeExporter(url: string) {
  const clock = new ManualClock();
  const urls = {
    traces: `${url}/v1/traces`,
    metrics: `${url}/v1/metrics`,
    logs: `${url}/v1/logs`,
  };
  const post = postOtlp({ urls, headers: new Map([['x-team', new Secret('blue')]]) }, clock);
  const sent: Sent[] = [];
  const warnings: Readonly<Record<string, unknown>>[] = [];
  const exporter = new OtlpExporter({
    clock,
    random: { uuid: () => 'id', fraction: () => 0.5 },
    log: { ...silentLogger, warn: (message, fields) => warnings.push({ message, ...fields }) },
    send: async (signal, body, abort) => {
      const outcome = await post(signal, body, abort);
      sent.push(outcome);
      return outcome;
    },
  });
  closing.push(() => exporter.stop(0));
  /** Waits until this many requests have ended. */
  const ended = (count: number) => eventually(() => sent.length === count, 20_000);
  /** How much was dropped in all. */
  const dropped = (): number =>
    warnings
      .filter(({ message }) => message === 'telemetry was dropped')
      .flatMap(({ message: _, ...counts }) => Object.values(counts) as number[])
      .reduce((sum, count) => sum + count, 0);
  return { exporter, clock, sent, warnings, ended, dropped };
}

describe('a real collector', () => {
  it.each([429, 502, 503, 504])(
    'that answers %i gets the same again, and nothing is lost',
    async (status) => {
      const { url, requests } = await startCollector((nth) => ({ status: nth < 3 ? status : 200 }));
      const { exporter, clock, sent, ended, dropped } = makeExporter(url);
      exporter.add('traces', '{"n":1}');
      await clock.advance(1_000);
      await ended(1);
      await clock.advance(1_000);
      await ended(2);
      await clock.advance(2_000);
      await ended(3);
      expect(sent.map(({ kind }) => kind)).toEqual(['later', 'later', 'taken']);
      expect(requests).toEqual(
        [1, 2, 3].map(() => ({ path: '/v1/traces', body: { resourceSpans: [{ n: 1 }] } })),
      );
      expect(dropped()).toBe(0);
    },
  );

  it('says how long to wait, and is left alone for that long', async () => {
    const wish = { status: 429, headers: { 'retry-after': '20' } };
    const { url, requests } = await startCollector((nth) => (nth === 1 ? wish : { status: 200 }));
    const { exporter, clock, ended } = makeExporter(url);
    exporter.add('logs', '{}');
    await clock.advance(1_000);
    await ended(1);
    await clock.advance(19_999);
    expect(requests).toHaveLength(1);
    await clock.advance(1);
    await ended(2);
    expect(requests).toHaveLength(2);
  });

  it.each([400, 404, 302])('that answers %i does not get it again', async (status) => {
    const headers = { location: 'http://elsewhere.test/' };
    const { url, requests } = await startCollector(() => ({ status, headers }));
    const { exporter, clock, ended, warnings } = makeExporter(url);
    exporter.add('traces', '{}');
    await clock.advance(1_000);
    await ended(1);
    await clock.advance(120_000);
    expect(requests).toHaveLength(1);
    const reason = `traces: the collector answered ${status}`;
    expect(warnings).toMatchObject([{ message: 'telemetry was dropped', [reason]: 1 }]);
  });

  it('that is slow delays nobody, and is given up after 10 s', async () => {
    const { url, requests } = await startCollector((nth) =>
      nth === 1 ? 'silence' : { status: 200 },
    );
    const { exporter, clock, sent, ended, dropped } = makeExporter(url);
    exporter.add('traces', '{"n":1}');
    await clock.advance(1_000);
    await eventually(() => requests.length === 1);
    // one request at a time: what comes meanwhile waits
    exporter.add('traces', '{"n":2}');
    await clock.advance(9_000);
    expect(requests).toHaveLength(1);
    await clock.advance(1_000);
    await ended(1);
    expect(sent[0]).toMatchObject({ kind: 'later', reason: 'no answer within 10000 ms' });
    await clock.advance(1_000);
    await ended(3);
    expect(requests.map(({ body }) => body['resourceSpans'])).toEqual([
      [{ n: 1 }],
      [{ n: 1 }],
      [{ n: 2 }],
    ]);
    expect(dropped()).toBe(0);
  });

  it('that is slow does not keep the engine from its end', async () => {
    const { url, requests } = await startCollector(() => 'silence');
    const { exporter, clock, dropped } = makeExporter(url);
    exporter.add('traces', '{}');
    await clock.advance(1_000);
    await eventually(() => requests.length === 1);
    const stopped = exporter.stop(3_000);
    await clock.advance(3_000);
    await stopped;
    expect(dropped()).toBe(1);
  });

  it('that is down costs 8 Mi characters, and what is beyond is counted to the last piece', async () => {
    const gone = await startCollector(() => ({ status: 200 }));
    const { url } = gone;
    await gone.close();
    const { exporter, clock, sent, ended, dropped } = makeExporter(url);
    const piece = JSON.stringify('x'.repeat(64 * 1024));
    const pieces = 300;
    for (let n = 0; n < pieces; n++) exporter.add('traces', piece);
    await ended(1);
    expect(sent[0]).toMatchObject({ kind: 'later', reason: expect.stringContaining('ECONN') });

    const back = await startCollector(() => ({ status: 200 }), Number(new URL(url).port));
    const received = (): string[] =>
      back.requests.flatMap(({ body }) => body['resourceSpans'] as string[]);
    const fitting = Math.floor((8 * 1024 * 1024) / piece.length);
    await clock.advance(1_000);
    await eventually(() => received().length === fitting, 20_000);
    await exporter.stop(1_000);
    expect(received()).toHaveLength(fitting);
    expect(dropped()).toBe(pieces - fitting);
    const sizes = back.requests.map(({ body }) => JSON.stringify(body).length);
    expect(Math.max(...sizes)).toBeLessThan(520 * 1024);
  });
});
