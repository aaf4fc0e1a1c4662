import { spawn, type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { NOT_TO_BE_HAD } from '../../scripts/closing-line-reporter.ts';
import { within } from './eventually.ts';

/** The published Python SDKs that are tested with this engine. */
export const PYTHON_VERSIONS: readonly string[] = ['0.10.0', '0.11.6', '0.22.1'];

const run = promisify(execFile);
const INSTALL_MS = 120_000;
const STOP_MS = 20_000;

/** What came of the attempt to get a published Python SDK. */
export type PythonSdk =
  | { readonly kind: 'installed'; readonly folder: string }
  /** `reason` may stand as the reason of a skipped test, also where no test may be skipped. */
  | { readonly kind: 'missing'; readonly reason: string };

/** Installs a version into an empty folder. Nothing of the package runs, and nothing else changes. */
export async function installPythonSdk(version: string, folder: string): Promise<PythonSdk> {
  const wanted = `iii-sdk==${version}`;
  const quiet = ['--quiet', '--no-input', '--disable-pip-version-check'];
  // A registry that does not answer is given up soon.
  const patience = ['--retries', '1', '--timeout', '15'];
  const args = ['-m', 'pip', 'install', ...quiet, ...patience, '--only-binary', ':all:'];
  try {
    await run('python3', [...args, '--target', folder, wanted], { timeout: INSTALL_MS });
    return { kind: 'installed', folder };
  } catch (thrown) {
    const { stderr = '', message } = thrown as Error & { stderr?: string };
    const said = stderr.trim().split('\n').at(-1) ?? '';
    return { kind: 'missing', reason: `${NOT_TO_BE_HAD}${wanted} for Python: ${said || message}` };
  }
}

/** A running Python program that uses an installed SDK. */
export class PythonProcess {
  printed = '';
  readonly #child: ChildProcess;

  constructor(file: string, sdkFolder: string, url: string) {
    this.#child = spawn('python3', ['-u', file], {
      env: {
        PATH: process.env['PATH'],
        PYTHONPATH: sdkFolder,
        PYTHONDONTWRITEBYTECODE: '1',
        III_URL: url,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.printed += text));
    }
  }

  /** Asks it to end, and answers its exit status. */
  async stop(): Promise<number | null> {
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    const [code] = (await within(ended, STOP_MS, `the end of Python: ${this.printed}`)) as [
      number | null,
    ];
    return code;
  }
}
