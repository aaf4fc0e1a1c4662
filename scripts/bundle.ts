import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';

/*
 * Puts the command line together from what the compiler wrote: few files start faster than many, by
 * about half a millisecond of each. A command loads its own chunk, and one that has what calls of all
 * commands need. Help needs neither.
 */

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const folder = join(dist, 'bundle');

/** They have a binary, start threads from files of their own, or are the user's to install. */
const NOT_BUNDLED = ['lmdb', 'pino', 'ioredis', 'rabbitmq-client'];
/** What ws takes when it is there. */
const OPTIONAL = ['bufferutil', 'utf-8-validate'];

/** A module finds its neighbours where the compiler put it, whichever chunk it is in. */
const ownPlace: Plugin = {
  name: 'own-place',
  transform: (code, id) => {
    if (!id.startsWith(dist) || !code.includes('import.meta.url')) return null;
    const place = `new URL(${JSON.stringify(relative(folder, id))}, import.meta.url).href`;
    return code.replaceAll('import.meta.url', place);
  },
};

/** Parts of Node that these packages load at once, and that most calls never use: 20 ms of each call. */
const WHEN_USED = /^(?:node:)?(https|tls|zlib|child_process)$/;
const THEIR_PACKAGES = /[\\/]node_modules[\\/](?:ws|commander)[\\/]/;
const STAND_IN = '\0when-used:';

/** The packages get a stand-in for each of those parts, which loads it at the first use. */
const loadWhenUsed: Plugin = {
  name: 'load-when-used',
  resolveId: (source, importer) => {
    const part = WHEN_USED.exec(source)?.[1];
    return part !== undefined && THEIR_PACKAGES.test(importer ?? '') ? STAND_IN + part : null;
  },
  load: (id) => {
    if (!id.startsWith(STAND_IN)) return null;
    const part = JSON.stringify(id.slice(STAND_IN.length));
    return `module.exports = new Proxy({}, { get: (_, key) => process.getBuiltinModule(${part})[key] });`;
  },
};

/** What help loads, and every other call too. */
const HELP = ['dist/cli/main.js'];
/** What most calls load on their way to the engine and back to the terminal. */
const CALL = [
  'dist/cli/parse.js',
  'dist/cli/run-command.js',
  'dist/cli/show-list.js',
  'dist/admin/client.js',
  'node_modules/ws/wrapper.mjs',
];

/** A chunk of these modules and all that they import. */
function chunkOf(name: string, modules: readonly string[], priority: number) {
  const paths = new Set(modules.map((module) => join(dist, '..', module)));
  return { name, priority, test: (id: string) => paths.has(id) };
}

const bundle = await rolldown({
  input: { main: join(dist, 'cli', 'main.js') },
  platform: 'node',
  external: [...NOT_BUNDLED, ...OPTIONAL],
  plugins: [ownPlace, loadWhenUsed],
});
const { output } = await bundle.write({
  dir: folder,
  format: 'esm',
  codeSplitting: { groups: [chunkOf('help', HELP, 2), chunkOf('call', CALL, 1)] },
});
await bundle.close();
writeFileSync(join(folder, 'LICENSES.txt'), licences());

/** The licences of all packages that went into the bundle, which ask to be passed on with it. */
function licences(): string {
  const ids = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
  const packages = new Set(
    ids.flatMap((id) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []),
  );
  return [...packages].sort().map(licenceOf).join('\n');
}

function licenceOf(path: string): string {
  const file = readdirSync(path).find((name) => /^licen[cs]e/i.test(name));
  const { name, version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  if (file === undefined) throw new Error(`${name} has no licence file`);
  return `${name} ${version}\n\n${readFileSync(join(path, file), 'utf8').trim()}\n`;
}
