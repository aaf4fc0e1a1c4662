import { cpus } from 'node:os';
import type { Disk } from './disk.ts';
import { OUTSTANDING } from './engine.ts';
import { type Latency, OFFERED_PER_SECOND, type Rate } from './measure.ts';
import { median, type StartUp, type StartUps } from './start-up.ts';

export interface Measured {
  readonly store: string;
  /** Every repetition of every measurement, by its name. */
  readonly rates: ReadonlyMap<string, readonly Rate[]>;
  readonly latencies: readonly Latency[];
  /** Of a durable store: how quick the disk was in each repetition. */
  readonly disks: readonly Disk[];
  readonly startUp: StartUps;
  readonly seconds: number;
}

/** A job is two round trips: enqueue and receipt, delivery and answer. */
const ROUND_TRIPS_PER_JOB = 2;

const AIMS = { ratio: 0.35, ofMemory: 0.7, p99Ms: 5 } as const;

const ROWS = [
  ['echo', 'bare echo, round trips'],
  ['echoJson', 'echo that reads and writes JSON'],
  ['enqueue', 'enqueue'],
  ['jobs', 'jobs, enqueue and run at once'],
  ['memoryEnqueue', 'enqueue, store in memory'],
  ['memoryJobs', 'jobs, store in memory'],
  ['sdk', 'the same with iii-sdk 0.11.6'],
] as const;

/** Prints the table, then one line of JSON. Answers whether every aim was met. */
export function printReport(measured: Measured): boolean {
  const lines = [
    `${'outstanding'.padStart(46)}      /s   (least – most)  engine cores  MiB  load cores`,
  ];
  for (const [key, title] of ROWS) {
    for (const outstanding of OUTSTANDING) {
      const rates = measured.rates.get(`${key} ${outstanding}`);
      if (rates !== undefined) lines.push(rateLine(title, outstanding, rates));
    }
  }
  const ratios = OUTSTANDING.map((outstanding) => ({
    outstanding,
    ratio: ratioAt(measured, outstanding, ({ perSecond }) => perSecond),
    // what is left of the comparison when other processes take the machine's time
    perCore: ratioAt(measured, outstanding, perEngineCore),
  }));
  const ofMemory = measured.rates.has(`memoryJobs ${OUTSTANDING[0]}`)
    ? compareMemory(measured)
    : [];
  const p50Ms = median(measured.latencies.map((one) => one.p50Ms));
  const p99Ms = median(measured.latencies.map((one) => one.p99Ms));
  const worst = Math.max(...measured.latencies.map((one) => one.p99Ms));
  const { startUp } = measured;
  const met = {
    ratio: ratios.some(({ ratio }) => ratio >= AIMS.ratio),
    p99: p99Ms <= AIMS.p99Ms,
    startUp: startUp.commands.every(isQuick),
    ofMemory: ofMemory.every(({ ratio }) => ratio >= AIMS.ofMemory),
  };
  lines.push(
    '',
    ...ratios.map(
      ({ outstanding, ratio, perCore }) =>
        `jobs/s ÷ (bare echo ÷ ${ROUND_TRIPS_PER_JOB}), ${outstanding} outstanding: ${ratio.toFixed(2)}` +
        `  (aim ${AIMS.ratio}: ${ratio >= AIMS.ratio ? 'met' : 'missed'}); ` +
        `per core of either server: ${perCore.toFixed(2)}`,
    ),
    ...ofMemory.map(
      ({ what, outstanding, ratio, perCore }) =>
        `${what}/s ÷ the same in memory, ${outstanding} outstanding: ${ratio.toFixed(2)}` +
        `  (aim ${AIMS.ofMemory}: ${ratio >= AIMS.ofMemory ? 'met' : 'missed'}); ` +
        `per core: ${perCore.toFixed(2)}`,
    ),
    `latency at ${OFFERED_PER_SECOND} jobs/s offered: p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms` +
      ` (worst repetition ${worst.toFixed(2)} ms)  (aim p99 ≤ ${AIMS.p99Ms} ms: ${met.p99 ? 'met' : 'missed'})`,
    ...measured.disks.map(
      ({ p50Ms: p50, p99Ms: p99 }) =>
        `the disk right after that, one page written and synced: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`,
    ),
    `engine at that rate: ${describeUse(measured.latencies)}`,
    ...startUp.commands.map(
      (one) =>
        `${one.command} ${one.ms.toFixed(0)} ms, node -e 0 ${startUp.nodeMs.toFixed(0)} ms: ` +
        `${(one.ms / startUp.nodeMs).toFixed(2)}×  (aim ≤ ${one.aim}, ${one.limitMs.toFixed(0)} ms: ` +
        `${isQuick(one) ? 'met' : 'missed'})`,
    ),
    `store ${measured.store}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ` +
      `Node ${process.versions.node}, ${measured.seconds.toFixed(0)} s`,
    '',
    JSON.stringify({
      ...measured,
      rates: Object.fromEntries(measured.rates),
      ratios,
      ofMemory,
      p50Ms,
      p99Ms,
      met,
    }),
  );
  process.stdout.write(`${lines.join('\n')}\n`);
  return Object.values(met).every(Boolean);
}

function isQuick({ ms, limitMs }: StartUp): boolean {
  return ms <= limitMs;
}

function ratioAt({ rates }: Measured, outstanding: number, read: (rate: Rate) => number): number {
  const medianAt = (key: string): number =>
    medianOf(rates.get(`${key} ${outstanding}`) ?? [], read);
  return medianAt('jobs') / (medianAt('echo') / ROUND_TRIPS_PER_JOB);
}

function compareMemory(measured: Measured) {
  return (['enqueue', 'jobs'] as const).flatMap((what) =>
    OUTSTANDING.map((outstanding) => {
      const durable = measured.rates.get(`${what} ${outstanding}`) ?? [];
      const name = what === 'enqueue' ? 'memoryEnqueue' : 'memoryJobs';
      const memory = measured.rates.get(`${name} ${outstanding}`) ?? [];
      // each pair was measured one right after the other, so that both had the same machine
      const ratioOf = (read: (rate: Rate) => number): number =>
        median(
          durable.map((rate, n) => read(rate) / (memory[n] === undefined ? NaN : read(memory[n]))),
        );
      return {
        what,
        outstanding,
        ratio: ratioOf(({ perSecond }) => perSecond),
        perCore: ratioOf(perEngineCore),
      };
    }),
  );
}

function perEngineCore(rate: Rate): number {
  return rate.perSecond / (rate.engineCores ?? Number.NaN);
}

function rateLine(title: string, outstanding: number, rates: readonly Rate[]): string {
  const all = rates.map(({ perSecond }) => perSecond);
  const spread = `(${Math.min(...all).toFixed(0)} – ${Math.max(...all).toFixed(0)})`;
  return [
    title.padEnd(34),
    String(outstanding).padStart(11),
    median(all).toFixed(0).padStart(9),
    spread.padStart(18),
    medianOf(rates, (rate) => rate.engineCores)
      .toFixed(2)
      .padStart(12),
    medianOf(rates, (rate) => rate.engineMiB)
      .toFixed(0)
      .padStart(6),
    medianOf(rates, (rate) => rate.loadCores)
      .toFixed(2)
      .padStart(10),
  ].join(' ');
}

function describeUse(rates: readonly Rate[]): string {
  const cores = medianOf(rates, (rate) => rate.engineCores).toFixed(2);
  return `${cores} cores, ${medianOf(rates, (rate) => rate.engineMiB).toFixed(0)} MiB`;
}

function medianOf(rates: readonly Rate[], read: (rate: Rate) => number | null): number {
  return median(rates.map((rate) => read(rate) ?? Number.NaN));
}
