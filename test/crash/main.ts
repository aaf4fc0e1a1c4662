import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { RawClient } from '../support/raw-client.ts';
import type { Dump } from './check-history.ts';
import { checkHistory } from './check-history.ts';
import { Disk } from './disk.ts';
import { Engine } from './engine.ts';
import type { HistoryLine } from './history.ts';
import { HistoryWriter, monotonicMs } from './history.ts';

// Kills a working engine again and again, and holds what its clients saw against its receipts.
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    'power-cuts': { type: 'string', default: '0' },
    keep: { type: 'boolean', default: false },
  },
});
const kills = Number(values.kills);
const powerCuts = Number(values['power-cuts']);

const LONGEST_LIFE_MS = 700;
const SHORTEST_LIFE_MS = 60;
const DRAIN_MS = 120_000;
const POLL_MS = 100;
/** What makes a run mean something: for each fault on average. */
const FEWEST_PER_FAULT = { accepted: 20, deliveries: 20, redeliveries: 0.5 };

const scratch = mkdtempSync(join(tmpdir(), 'iii-crash-'));
const disk = powerCuts > 0 ? new Disk(scratch) : null;
const store = join(disk?.folder ?? scratch, 'store');
const port = await freePort();
const url = `ws://127.0.0.1:${port}`;
mkdirSync(join(scratch, 'history'));
const history = new HistoryWriter(historyFile('engine'));

const clients = ['worker', 'worker', 'producer', 'producer'].map(startClient);
let engine: Engine | undefined;
let dump: Dump;
let status: number | null;
try {
  engine = await start();
  for (let fault = 0; fault < kills + powerCuts; fault++) {
    await pause(SHORTEST_LIFE_MS + Math.random() * (LONGEST_LIFE_MS - SHORTEST_LIFE_MS));
    const isPowerCut = fault < powerCuts;
    history.write({ kind: 'fault', at: monotonicMs(), fault: isPowerCut ? 'power cut' : 'kill' });
    if (isPowerCut) disk?.cutPower();
    await engine.kill();
    if (isPowerCut) disk?.restart();
    engine = await start();
  }
  await Promise.all(clients.slice(2).map(stopClient));
  dump = await drained();
  await Promise.all(clients.slice(0, 2).map(stopClient));
  status = await engine.stop();
} catch (thrown) {
  for (const client of clients) client.kill('SIGKILL');
  await engine?.kill();
  throw thrown;
} finally {
  await history.close();
  disk?.remove();
}

const lines = ['engine', 0, 1, 2, 3].flatMap(readHistory);
const { violations, volumes } = checkHistory(lines, dump);
const starts = lines
  .filter((line) => line.kind === 'ready')
  .map(({ startedInMs }) => startedInMs)
  .sort((a, b) => a - b);
const problems = [
  ...violations.slice(0, 20),
  ...(violations.length > 20 ? [`and ${violations.length - 20} more`] : []),
  ...(status === 0 ? [] : [`the engine ended with ${String(status)} after SIGTERM`]),
  ...Object.entries(FEWEST_PER_FAULT)
    .filter(([name, fewest]) => volumes[name as keyof typeof volumes] < fewest * volumes.faults)
    .map(([name]) => `too little happened: ${name}`),
];
console.log(
  JSON.stringify({
    ...volumes,
    dead: dump.dead.length,
    startMs: { p50: percentile(0.5), p99: percentile(0.99) },
    violations: violations.length,
  }),
);
for (const problem of problems) console.log(problem);
if (problems.length > 0 || values.keep) console.log(`History: ${scratch}`);
else rmSync(scratch, { recursive: true, force: true });
process.exitCode = problems.length > 0 ? 1 : 0;

async function start(): Promise<Engine> {
  const started = await Engine.start(store, port, scratch);
  history.write({ kind: 'ready', at: monotonicMs(), startedInMs: started.startedInMs });
  return started;
}

function startClient(kind: string, index: number): ChildProcess {
  const file = new URL(`./${kind}.ts`, import.meta.url).pathname;
  return fork(file, [url, historyFile(index)], { execArgv: process.execArgv });
}

async function stopClient(client: ChildProcess): Promise<void> {
  const exit = once(client, 'exit');
  client.send('stop');
  await exit;
}

/** Waits until no job can run any more, and asks for what is left. */
async function drained(): Promise<Dump> {
  const client = await RawClient.connect(url);
  const deadline = monotonicMs() + DRAIN_MS;
  for (;;) {
    const { queues } = await client.call<{ queues: readonly QueueCounts[] }>('iii::queue::list');
    const sum = (name: keyof QueueCounts): number =>
      queues.reduce((total, queue) => total + Number(queue[name]), 0);
    const unfinished = sum('waiting') + sum('delayed') + sum('inFlight');
    if (unfinished > 0 && monotonicMs() < deadline) {
      await pause(POLL_MS);
      continue;
    }
    const totals = { enqueued: 0, completed: 0, dead: 0 };
    for (const { name } of queues) {
      const detail = await client.call<{ totals: typeof totals }>('iii::queue::get', {
        queue: name,
      });
      for (const total of ['enqueued', 'completed', 'dead'] as const) {
        totals[total] += detail.totals[total];
      }
    }
    const { enqueued, completed, dead: deadEver } = totals;
    const dump = { dead: await allDead(client), unfinished, enqueued, completed, deadEver };
    client.terminate();
    return dump;
  }
}

interface QueueCounts {
  readonly name: string;
  readonly waiting: number;
  readonly delayed: number;
  readonly inFlight: number;
}

async function allDead(client: RawClient): Promise<Dump['dead']> {
  const dead: Dump['dead'][number][] = [];
  let cursor: string | null = null;
  do {
    const page: { jobs: Dump['dead']; nextCursor: string | null } = await client.call(
      'iii::job::list',
      { states: ['dead'], limit: 500, ...(cursor === null ? {} : { cursor }) },
    );
    dead.push(...page.jobs);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return dead;
}

function readHistory(name: string | number): HistoryLine[] {
  const text = readFileSync(historyFile(name), 'utf8').trim();
  return text.split('\n').map((line) => JSON.parse(line) as HistoryLine);
}

function historyFile(name: string | number): string {
  return join(scratch, 'history', `${name}.ndjson`);
}

function percentile(share: number): number {
  return Math.round(starts[Math.min(starts.length - 1, Math.floor(starts.length * share))] ?? 0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}
