import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A process under measurement, and the first line it printed. */
export interface Child {
  readonly pid: number;
  /** What its first line of output says, read as JSON. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Sends a message and waits for the answer; only to a program that answers. */
  ask(message: string): Promise<unknown>;
  /** Asks it to end and waits until it has. */
  stop(): Promise<void>;
}

/** CPU and memory of a process; `null` where the system does not tell. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentMiB: number;
  /** Without the parts of files that are mapped, which the system takes back when it needs room. */
  readonly ownMiB: number;
}

/** Starts node with these arguments and waits for its first line of output. */
export async function startChild(args: readonly string[], cwd?: string): Promise<Child> {
  const child = spawn(process.execPath, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  const first = await Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    once(child, 'exit').then(([code]) => {
      throw new Error(`node ${args.join(' ')} ended with ${String(code)} before it was ready`);
    }),
  ]);
  return {
    pid: child.pid ?? 0,
    ready: JSON.parse(first) as Record<string, unknown>,
    ask: async (message) => {
      const answered = once(child, 'message');
      child.send(message);
      const [answer] = (await answered) as [unknown];
      return answer;
    },
    stop: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** Clock ticks a second in /proc: fixed for every Linux that runs Node. */
const TICKS_PER_SECOND = 100;

export function readUsage(pid: number): Usage | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const kibOf = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
    return {
      cpuSeconds: (Number(stat[11]) + Number(stat[12])) / TICKS_PER_SECOND,
      residentMiB: kibOf('VmRSS') / 1024,
      ownMiB: kibOf('RssAnon') / 1024,
    };
  } catch {
    return null;
  }
}
