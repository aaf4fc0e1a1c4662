import { spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { BINARY, cleanEnvironment, type EngineProcess } from './engine-process.ts';
import { within } from './eventually.ts';

/** What stands behind the standard input of a command. */
export type Stdin =
  | { readonly kind: 'null' }
  | { readonly kind: 'pipe'; readonly text: string }
  /** A pipe that nobody writes to and nobody closes. */
  | { readonly kind: 'open_pipe' }
  | { readonly kind: 'file'; readonly path: string };

export interface CliOptions {
  /** Sets III_URL. */
  readonly engine?: EngineProcess;
  readonly stdin?: Stdin;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly deadlineMs?: number;
}

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line once. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return run(process.execPath, [BINARY, ...args], options);
}

/** Runs a line of bash in which `iii` is the built command line. */
export function runBash(script: string, options: CliOptions = {}): Promise<CliResult> {
  const iii = `iii() { '${process.execPath}' '${BINARY}' "$@"; }\n`;
  return run('bash', ['--norc', '-c', iii + script], options);
}

/** Runs the command line and reads its standard output as JSON; it has to end with 0. */
export async function cliJson<Value = unknown>(
  args: readonly string[],
  options: CliOptions = {},
): Promise<Value> {
  const result = await runCli([...args, '-o', 'json'], options);
  if (result.code !== 0) {
    throw new Error(`iii ${args.join(' ')} ended with ${String(result.code)}: ${result.stderr}`);
  }
  return JSON.parse(result.stdout) as Value;
}

async function run(
  command: string,
  args: readonly string[],
  options: CliOptions,
): Promise<CliResult> {
  const { engine, stdin = { kind: 'null' }, deadlineMs = 40_000 } = options;
  const file = stdin.kind === 'file' ? openSync(stdin.path, 'r') : undefined;
  const child = spawn(command, args, {
    cwd: options.cwd ?? engine?.folder ?? tmpdir(),
    env: cleanEnvironment({
      HOME: engine?.folder ?? tmpdir(),
      ...(engine === undefined ? {} : { III_URL: engine.url }),
      ...options.env,
    }),
    stdio: [file ?? (stdin.kind === 'null' ? 'ignore' : 'pipe'), 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin?.on('error', () => {
    // a command that does not read its input may be gone before we wrote it
  });
  if (stdin.kind === 'pipe') child.stdin?.end(stdin.text);
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
  try {
    return await within(ended, deadlineMs, `the end of ${args.join(' ')}`);
  } finally {
    if (file !== undefined) closeSync(file);
    child.kill('SIGKILL');
    child.stdin?.destroy();
  }
}
