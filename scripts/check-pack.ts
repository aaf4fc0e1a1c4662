import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Packs the package, installs the archive into an empty folder without running any install script,
 * and starts what was installed: the command and the import. Fails when the archive holds
 * something it should not, or lacks something it needs.
 */

const ALLOWED =
  /^(package\.json|schema\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/iii\.js|completions\/iii\.(bash|zsh|fish)|man\/iii\.1|dist\/.+\.(js|d\.ts|lua)|dist\/bundle\/LICENSES\.txt)$/;
const NEEDED = [
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'bin/iii.js',
  'completions/iii.bash',
  'completions/iii.zsh',
  'completions/iii.fish',
  'man/iii.1',
  'dist/bundle/main.js',
  'dist/bundle/LICENSES.txt',
];

/** What a program may import, and a function that it finds there. */
const IMPORTS = [
  ['', 'createEngine'],
  ['/sdk', 'registerWorker'],
] as const;

interface PackReport {
  readonly filename: string;
  readonly name: string;
  readonly version: string;
  readonly files: readonly { readonly path: string }[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'iii-pack-'));
try {
  const report = pack();
  const paths = report.files.map((file) => file.path);
  expectNone(
    'holds what it should not',
    paths.filter((path) => !ALLOWED.test(path)),
  );
  expectNone(
    'lacks',
    [...NEEDED, ...exported()].filter((path) => !paths.includes(path)),
  );
  install(report.filename);
  const version = runIn(folder, join('node_modules', '.bin', 'iii'), ['--version']);
  if (!version.includes(report.version)) {
    throw new Error(`iii --version printed ${JSON.stringify(version)}, not ${report.version}`);
  }
  for (const [path, name] of IMPORTS) {
    const probe = `if (typeof (await import('${report.name}${path}')).${name} !== 'function') throw 0`;
    runIn(folder, process.execPath, ['--input-type=module', '-e', probe]);
  }
  const schema = `JSON.parse(fs.readFileSync(require.resolve('${report.name}/schema.json'), 'utf8'))`;
  runIn(folder, process.execPath, ['-e', schema]);
  // The native part of the file store must be there although no install script ran.
  const openStore = "const { open } = await import('lmdb'); await open({ path: 'probe' }).close()";
  runIn(folder, process.execPath, ['--input-type=module', '-e', openStore]);
  console.log(`${report.filename}: ${paths.length} files, installs and starts`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function pack(): PackReport {
  const output = runIn(root, 'npm', ['pack', '--json', '--pack-destination', folder]);
  const [report] = JSON.parse(output) as PackReport[];
  if (report === undefined) throw new Error('npm pack reported nothing');
  return report;
}

/** The files that package.json promises to those who import the package. */
function exported(): readonly string[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  };
  return Object.values(exports)
    .flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)))
    .map((path) => path.replace(/^\.\//, ''));
}

function install(archive: string): void {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  runIn(folder, 'npm', [
    'install',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    `./${archive}`,
  ]);
}

function runIn(cwd: string, command: string, args: readonly string[]): string {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function expectNone(problem: string, paths: readonly string[]): void {
  if (paths.length > 0) throw new Error(`the package ${problem}: ${paths.join(', ')}`);
}
