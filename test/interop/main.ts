import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../src/base/errors.ts';
import { NOT_TO_BE_HAD } from '../../scripts/closing-line-reporter.ts';
import { cargoWorkspace, rustSamples } from './rust-samples.ts';

// The workers in Rust that stand beside the examples are compiled with the SDK they name. Where there
// is no cargo, or it cannot get the SDK, that is said and nothing fails.
const FETCH_MS = 180_000;
/** From nothing it takes about three minutes of processor time. */
const CHECK_MS = 1_800_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

const run = promisify(execFile);
const samples = rustSamples();
const folder = mkdtempSync(join(tmpdir(), 'iii-rust-'));
process.once('exit', () => {
  rmSync(folder, { recursive: true, force: true });
});
for (const [path, text] of Object.entries(cargoWorkspace(samples))) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function cargo(args: readonly string[], timeout: number): Promise<string | null> {
  const options = { cwd: folder, timeout, maxBuffer: MAX_OUTPUT_BYTES };
  return run('cargo', [...args], options).then(
    () => null,
    (thrown: unknown) => {
      const { stderr = '' } = thrown as { readonly stderr?: string };
      return stderr.trim() === '' ? messageOf(thrown) : stderr.trim();
    },
  );
}

const missing = await cargo(['fetch', '--quiet'], FETCH_MS);
if (missing !== null) {
  const why = missing.split('\n').at(-1) ?? missing;
  for (const { name, sdkVersion } of samples) {
    console.log(`skipped: ${name} (${NOT_TO_BE_HAD}iii-sdk ${sdkVersion} for Rust: ${why})`);
  }
  console.log(`0 passed, 0 failed, ${samples.length} skipped`);
  process.exit(0);
}

let failed = 0;
for (const { name, sdkVersion } of samples) {
  const args = ['check', '--quiet', '--offline', '--package', name];
  const problem = await cargo(args, CHECK_MS);
  if (problem !== null) failed += 1;
  console.log(`${name} with iii-sdk ${sdkVersion}: ${problem ?? 'compiles'}`);
}
console.log(`${samples.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
