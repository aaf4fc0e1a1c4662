import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

/** A worker in Rust beside an example, with what its head says that it was tried with. */
export interface RustSample {
  /** The folder of the example. */
  readonly name: string;
  readonly file: string;
  /** Of the published SDK. */
  readonly sdkVersion: string;
  /** The dependencies, as they would stand in its Cargo.toml. */
  readonly dependencies: string;
}

/** Every worker in Rust; an error names one whose head does not say what it takes to compile it. */
export function rustSamples(): RustSample[] {
  const folders = readdirSync(EXAMPLES, { withFileTypes: true }).filter((one) => one.isDirectory());
  return folders
    .map(({ name }) => ({ name, file: join(EXAMPLES, name, 'worker.rs') }))
    .filter(({ name }) => readdirSync(join(EXAMPLES, name)).includes('worker.rs'))
    .map(({ name, file }) => ({ name, file, ...headOf(file) }));
}

/** What a Cargo workspace of one package per sample consists of, by path. */
export function cargoWorkspace(samples: readonly RustSample[]): Readonly<Record<string, string>> {
  const members = samples.map(({ name }) => JSON.stringify(name)).join(', ');
  const packages = samples.map(({ name, file, dependencies }) => [
    join(name, 'Cargo.toml'),
    `dependencies = { ${dependencies} }\n` +
      `[package]\nname = "${name}"\nversion = "0.0.0"\nedition = "2021"\n` +
      `[[bin]]\nname = "${name}"\npath = ${JSON.stringify(file)}\n`,
  ]);
  const root = `[workspace]\nresolver = "2"\nmembers = [${members}]\n`;
  return { 'Cargo.toml': root, ...(Object.fromEntries(packages) as Record<string, string>) };
}

function headOf(file: string): Pick<RustSample, 'sdkVersion' | 'dependencies'> {
  const lines = readFileSync(file, 'utf8').split('\n');
  const head = lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith('//!')),
    )
    .map((line) => line.slice('//!'.length).trim())
    .join(' ');
  const [, tried, dependencies] = /Tried with iii-sdk (\S+) .*Cargo\.toml: (.+)$/.exec(head) ?? [];
  const [, pinned] = /\biii-sdk = "=(\d+\.\d+\.\d+)"/.exec(dependencies ?? '') ?? [];
  if (dependencies === undefined || pinned === undefined || pinned !== tried) {
    throw new Error(`${file} must say "Tried with iii-sdk X … Cargo.toml: iii-sdk = "=X", …"`);
  }
  return { sdkVersion: pinned, dependencies };
}
