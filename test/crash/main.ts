import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkHistory } from './check-history.ts';
import { Disk } from './disk.ts';
import type { Dump } from './dump.ts';
import { takeDump } from './dump.ts';
import { Engine } from './engine.ts';
import { tooLittle } from './enough.ts';
import type { FaultName, HistoryLine } from './history.ts';
import { HistoryWriter, monotonicMs } from './history.ts';
import { INVARIANTS } from './invariants.ts';

// Kills a working engine again and again, and holds what its clients saw against its promises.
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    'power-cuts': { type: 'string', default: '0' },
    keep: { type: 'boolean', default: false },
  },
});
const unavailable = Number(values['power-cuts']) > 0 ? Disk.unavailable() : null;
if (unavailable !== null) console.log(`no power cuts: ${unavailable}`);
const kills = Number(values.kills);
const asked: Readonly<Record<FaultName, number>> = {
  kill: Math.ceil(kills * 0.8),
  'kill while starting': Math.floor(kills * 0.2),
  'power cut': unavailable === null ? Number(values['power-cuts']) : 0,
  // one in ten comes on top: not a fault, but what must lose nothing either
  stop: Math.ceil((kills + Number(values['power-cuts'])) / 10),
};

const LONGEST_LIFE_MS = 700;
const USUAL_START_MS = 1_000;
const MOST_SLOWNESS = 3;
const SHORTEST_LIFE_MS = 60;
/** How far a start gets before it is killed, at most. */
const LONGEST_START_MS = 1_500;
/** The share of engines that see that their disk is gone, and how long they may. */
const GOES_ON_SHARE = 0.5;
const LONGEST_DARK_MS = 300;
const DRAIN_MS = 120_000;
const SECOND_ENGINE_EVERY = 20;
const REPORT_EVERY = 50;
const SHOWN = 5;
const CLIENTS = ['worker', 'worker', 'operator', 'producer', 'producer'];

const scratch = mkdtempSync(join(tmpdir(), 'iii-crash-'));
const disk = asked['power cut'] > 0 ? new Disk(scratch) : null;
const port = await freePort();
const url = `ws://127.0.0.1:${port}`;
mkdirSync(join(scratch, 'history'));
const history = new HistoryWriter(historyFile('engine'));
const setup = { store: join(disk?.folder ?? scratch, 'store'), port, scratch };

const clients = CLIENTS.map(startClient);
const workers = clients.slice(0, 2);
const others = clients.slice(2);
let engine = new Engine(setup);
const dumps: Dump[] = [];
/** How much slower than usual the machine is: a life is as long as it takes to do something in it. */
let slowness = 1;
try {
  await start();
  for (const [index, fault] of planFaults().entries()) {
    if (index % REPORT_EVERY === REPORT_EVERY - 1) console.log(`${index + 1} faults`);
    await pause(between(SHORTEST_LIFE_MS, LONGEST_LIFE_MS) * slowness);
    if (index % SECOND_ENGINE_EVERY === SECOND_ENGINE_EVERY - 1) {
      const second = await engine.startSecond();
      history.write({ kind: 'second engine', at: monotonicMs(), ...second });
    }
    await strike(fault);
  }
  await Promise.all(others.map(stopClient));
  dumps.push(await takeDump(url, DRAIN_MS));
  await Promise.all(workers.map(stopClient));
  for (const fault of ['stop', 'kill'] as const) {
    await strike(fault);
    dumps.push(await takeDump(url, DRAIN_MS));
  }
  history.write({ kind: 'fault', at: monotonicMs(), fault: 'stop' });
  gone(await engine.stop());
} catch (thrown) {
  for (const client of clients) client.kill('SIGKILL');
  await engine.kill();
  throw thrown;
} finally {
  await history.close();
  disk?.remove();
}

const lines = ['engine', ...CLIENTS.keys()].flatMap(readHistory);
const { violations, volumes } = checkHistory(lines, dumps);
const shortages = tooLittle(volumes, asked);
report();

function report(): void {
  const starts = lines
    .filter((line) => line.kind === 'ready')
    .map(({ startedInMs }) => startedInMs)
    .sort((a, b) => a - b);
  const percentile = (share: number): number =>
    Math.round(starts[Math.min(starts.length - 1, Math.floor(starts.length * share))] ?? 0);
  console.log(JSON.stringify(volumes));
  console.log(`start: p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms`);
  for (const { id, promise } of INVARIANTS) {
    const found = violations[id] ?? [];
    console.log(`${id.padEnd(6)} ${found.length === 0 ? 'holds ' : 'BROKEN'} ${promise}`);
    for (const violation of found.slice(0, SHOWN)) console.log(`         ${violation}`);
    if (found.length > SHOWN) console.log(`         and ${found.length - SHOWN} more`);
  }
  for (const shortage of shortages) console.log(`too little happened: ${shortage}`);
  const isFine = Object.keys(violations).length === 0 && shortages.length === 0;
  if (!isFine || values.keep) console.log(`History: ${scratch}`);
  else rmSync(scratch, { recursive: true, force: true });
  process.exitCode = isFine ? 0 : 1;
}

/** Ends this life of the engine, and begins the next one. */
async function strike(fault: FaultName): Promise<void> {
  history.write({ kind: 'fault', at: monotonicMs(), fault });
  switch (fault) {
    case 'kill':
      gone(await engine.kill());
      break;
    case 'kill while starting':
      gone(await engine.kill());
      engine = new Engine(setup);
      await pause(between(0, LONGEST_START_MS));
      gone(await engine.kill());
      break;
    case 'power cut':
      await cutPower();
      break;
    case 'stop':
      gone(await engine.stop());
  }
  engine = new Engine(setup);
  await start();
}

async function cutPower(): Promise<void> {
  const goesOn = Math.random() < GOES_ON_SHARE;
  disk?.cutPower(engine.pid, goesOn ? 'at rest' : 'at once');
  history.write({ kind: 'dark', at: monotonicMs() });
  if (goesOn) {
    engine.goOn();
    await engine.endsWithin(between(0, LONGEST_DARK_MS));
  }
  gone(await engine.kill());
  disk?.restart();
}

async function start(): Promise<void> {
  const startedInMs = await engine.ready();
  slowness = Math.min(MOST_SLOWNESS, Math.max(1, startedInMs / USUAL_START_MS));
  history.write({ kind: 'ready', at: monotonicMs(), startedInMs });
}

function gone(status: number | null): void {
  history.write({ kind: 'gone', at: monotonicMs(), status });
}

/** All faults in a random order. */
function planFaults(): FaultName[] {
  const faults = Object.entries(asked).flatMap(([name, count]) =>
    Array.from({ length: count }, () => ({ name: name as FaultName, draw: Math.random() })),
  );
  return faults.sort((a, b) => a.draw - b.draw).map(({ name }) => name);
}

function startClient(kind: string, index: number): ChildProcess {
  const file = new URL(`./${kind}.ts`, import.meta.url).pathname;
  return fork(file, [url, historyFile(index)], { execArgv: process.execArgv });
}

async function stopClient(client: ChildProcess): Promise<void> {
  if (client.exitCode !== null) throw new Error(`a client ended with ${client.exitCode}`);
  const exit = once(client, 'exit');
  client.send('stop');
  const [code] = (await exit) as [number | null];
  if (code !== 0) throw new Error(`a client ended with ${String(code)}`);
}

function readHistory(name: string | number): HistoryLine[] {
  const text = readFileSync(historyFile(name), 'utf8').trim();
  return text.split('\n').map((line) => JSON.parse(line) as HistoryLine);
}

function historyFile(name: string | number): string {
  return join(scratch, 'history', `${name}.ndjson`);
}

function between(least: number, most: number): number {
  return least + Math.random() * (most - least);
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
