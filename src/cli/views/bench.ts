import type { Percentiles } from '../bench/latencies.ts';
import type { RecordView } from '../output/output.ts';
import type { Column } from '../output/table.ts';
import { countOf, writeCount } from '../../base/count.ts';

/** What a bench found. Shapes only grow. */
export interface BenchResult {
  readonly queue: string;
  /** Whether it was a queue of its own, which is gone again. */
  readonly ownQueue: boolean;
  readonly functionId: string;
  readonly payloadBytes: number;
  readonly outstanding: number;
  /** What was asked for; `null`: as fast as it went. */
  readonly ratePerSecond: number | null;
  readonly durationMs: number;
  /** Jobs the engine took. */
  readonly enqueued: number;
  /** Enqueues that were refused or not answered. */
  readonly failed: number;
  readonly completed: number;
  /** Jobs the engine took that never ran. */
  readonly lost: number;
  /** Runs beyond the first of a job. */
  readonly duplicates: number;
  readonly enqueuePerSecond: number;
  readonly jobsPerSecond: number;
  /** From when a job was due until the engine had it. */
  readonly receiptMs: Percentiles;
  /** From when a job was due until it had run. */
  readonly doneMs: Percentiles;
  /** Share of the time in which this process itself was busy. */
  readonly generatorBusyPercent: number;
}

interface LatencyRow extends Percentiles {
  readonly what: string;
}

const time = (title: string, key: keyof Percentiles): Column<LatencyRow> => ({
  title,
  importance: 80,
  align: 'right',
  value: (row) => row[key]?.toFixed(2) ?? '',
});

const LATENCIES: readonly Column<LatencyRow>[] = [
  { title: 'UNTIL', importance: 100, value: ({ what }) => what },
  time('P50', 'p50'),
  time('P95', 'p95'),
  time('P99', 'p99'),
  time('MAX', 'max'),
];

const rate = (perSecond: number): string => `${writeCount(Math.round(perSecond))}/s`;
const bad = (count: number) =>
  count === 0 ? '0' : ({ text: writeCount(count), tone: 'bad' } as const);

export const benchRecord: RecordView<BenchResult> = {
  name: ({ queue }) => queue,
  sections: (result, { words, table }) => [
    {
      fields: [
        ['enqueue', rate(result.enqueuePerSecond)],
        ['jobs', rate(result.jobsPerSecond)],
        ['for', words.duration(result.durationMs)],
      ],
    },
    {
      title: 'latency in ms',
      table: table(
        [
          { what: 'receipt', ...result.receiptMs },
          { what: 'done', ...result.doneMs },
        ],
        LATENCIES,
      ),
    },
    {
      title: 'jobs',
      fields: [
        ['enqueued', writeCount(result.enqueued)],
        ['done', writeCount(result.completed)],
        ['lost', bad(result.lost)],
        ['run again', bad(result.duplicates)],
        ['failed', bad(result.failed)],
      ],
    },
    {
      title: 'settings',
      fields: [
        ['queue', result.ownQueue ? 'its own' : result.queue],
        ['payload', countOf(result.payloadBytes, 'byte')],
        ['outstanding', `${writeCount(result.outstanding)} at most`],
        ['rate', result.ratePerSecond === null ? 'as fast as it goes' : rate(result.ratePerSecond)],
      ],
    },
  ],
};
