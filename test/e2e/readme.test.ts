import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { runBash } from '../support/cli-process.ts';
import { BINARY, cleanEnvironment, temporaryFolder } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { missingLines, readSteps, withoutChance } from '../support/readme-blocks.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const STEPS = readSteps(README);

/** Commands that go on until they are stopped: the reader has a terminal for each. */
const RUN_ON = ['iii serve', 'node worker.mjs'];

/** A process in the background, and all it printed. */
class Running {
  printed = '';
  readonly #child: ChildProcess;

  constructor(args: readonly string[], folder: string, env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, args, {
      cwd: folder,
      env: cleanEnvironment({ HOME: folder, ...env }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.printed += text));
    }
  }

  async stop(): Promise<number | null> {
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    return code;
  }
}

describe('README.md', () => {
  const { path: folder, remove } = temporaryFolder();
  const running = new Map<string, Running>();
  const env: Record<string, string> = {};

  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(ROOT, 'node_modules/iii-sdk-0-11'), join(folder, 'node_modules/iii-sdk'));
  symlinkSync(ROOT, join(folder, 'node_modules/iii-engine'));

  afterAll(async () => {
    for (const one of running.values()) await one.stop();
    remove();
  });

  it('names the version of the SDK that this test uses', () => {
    const manifest = join(ROOT, 'node_modules/iii-sdk-0-11/package.json');
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    expect(README).toContain(`npm install iii-sdk@${version}`);
  });

  it('shows enough to be worth this test', () => {
    expect(STEPS.filter(({ kind }) => kind === 'file')).toHaveLength(5);
    expect(STEPS.filter(({ kind }) => kind === 'command').length).toBeGreaterThan(10);
  });

  for (const step of STEPS) {
    if (step.kind === 'file') {
      writeFileSync(join(folder, step.name), step.text);
    } else if (RUN_ON.includes(step.command)) {
      it(`goes on running: ${step.command}`, async () => {
        const args =
          step.command === 'iii serve'
            ? [BINARY, 'serve', '--port', '0', '--http-port', '0']
            : ['worker.mjs'];
        const one = new Running(args, folder, env);
        running.set(step.command, one);
        await eventually(() => missingLines(step.output, one.printed).length === 0).catch(() => {
          expect(one.printed).toBe(step.output.join('\n'));
        });
        env['III_URL'] ??= /ws:\/\/\S+/.exec(one.printed)?.[0] ?? '';
      });
    } else {
      it(`prints what is shown: ${step.command}`, async () => {
        const { stdout, stderr } = await runBash(step.command, { cwd: folder, env });
        const printed = `${stdout}${stderr}`;
        const missing = missingLines(step.output, printed);
        expect(missing, `printed:\n${printed}`).toEqual([]);
      });
    }
  }

  it('is right about what the worker prints in the end', async () => {
    const worker = running.get('node worker.mjs');
    await eventually(() => worker?.printed.includes('sent welcome.txt to ada@example.com'));
    const charged = worker?.printed.match(/^charged .*$/gm);
    expect(charged).toEqual([
      'charged 5 to acc-1',
      'charged 7 to acc-1',
      'charged 9 to acc-1',
      'charged 12 to acc-2',
    ]);
  });

  it('is right that the engine stops in order', async () => {
    const engine = running.get('iii serve');
    running.delete('iii serve');
    expect(await engine?.stop()).toBe(0);
  });

  it('has the exit statuses of `iii help exit-codes`', async () => {
    const { stdout } = await runBash('iii help exit-codes', { cwd: folder });
    const printed = [...stdout.matchAll(/^ {2}(\d+) +(.+)$/gm)].map(([, code, text]) => [
      code,
      text,
    ]);
    const shown = [...README.matchAll(/^\| (\d+) +\| (.+?) +\|$/gm)].map(([, code, text]) => [
      code,
      text,
    ]);
    expect(shown).toEqual(printed);
  });
});

describe('reading the page', () => {
  it('takes ids, addresses and times for what they are', () => {
    const id = '6b3d5cb8-26b5-42c4-948e-d3ffef85e2d7';
    expect(withoutChance(`${id}  a  3s ago`)).toBe('<id> a <time>');
    expect(withoutChance('engine   ws://127.0.0.1:49134')).toBe('engine <address>');
  });

  it('misses a line that does not come, or comes too early', () => {
    expect(missingLines(['a', 'c'], 'a\nb\nc')).toEqual([]);
    expect(missingLines(['c', 'a'], 'a\nb\nc')).toEqual(['a']);
    expect(missingLines(['d'], 'a\nb')).toEqual(['d']);
  });
});
