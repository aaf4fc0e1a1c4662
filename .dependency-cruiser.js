/**
 * Who may import whom. Each layer lists everything of ours it may import; what is not listed is an
 * error. CONTRIBUTING.md shows the same table.
 */
const LAYERS = {
  base: [],
  protocol: ['base'],
  queue: ['base'],
  state: ['base'],
  config: ['base', 'queue/(types|limits|store-gaps)[.]ts$'],
  stores: ['base', 'queue', 'state'],
  engine: ['base', 'protocol', 'queue', 'state'],
  observe: ['base', 'engine/events[.]ts$'],
  gateway: ['base', 'protocol', 'engine'],
  triggers: ['base', 'queue', 'state', 'engine'],
  admin: ['base', 'queue', 'state', 'engine', 'observe', 'config'],
  sdk: ['base', 'protocol', 'version[.]ts$'],
  cli: [
    'base',
    'protocol',
    'config',
    'admin/(contract|[a-z]+-contract|client)[.]ts$',
    'version[.]ts$',
  ],
};

/** Files that may import more than their layer, and only by `import()` where they say so. */
const EXCEPTIONS = [
  { from: 'admin/client[.]ts$', to: ['protocol'] },
  { from: 'cli/commands/serve[.]ts$', to: ['app[.]ts$', 'observe/log[.]ts$'], lazy: true },
  { from: 'cli/commands/demo[.]ts$', to: ['app[.]ts$', 'sdk'], lazy: true },
  {
    from: 'cli/commands/store/',
    to: ['stores/file', 'stores/(registry|migrate)[.]ts$'],
    lazy: true,
  },
  { from: 'cli/commands/worker/run[.]ts$', to: ['sdk/run/messages[.]ts$'], lazy: true },
  { from: 'cli/bench/', to: ['sdk'], lazy: true },
  {
    from: 'cli/bulk/selector[.]ts$',
    to: ['queue/(select|cluster)[.]ts$'],
    lazy: true,
  },
  { from: 'cli/worker-run/', to: ['sdk/run/messages[.]ts$'], lazy: true },
];

/** npm packages, and the only places that import them. */
const PACKAGES = {
  lmdb: ['stores/file/'],
  ioredis: ['stores/redis/'],
  'rabbitmq-client': ['stores/rabbitmq/'],
  ws: ['gateway/', 'sdk/', 'cli/', 'admin/client[.]ts$'],
  pino: ['observe/'],
  croner: ['triggers/cron/'],
  'find-my-way': ['triggers/http/'],
  zod: ['config/', 'cli/'],
  yaml: ['config/', 'cli/'],
  commander: ['cli/'],
  chalk: ['cli/output/'],
  'cli-table3': ['cli/output/'],
  ora: ['cli/output/'],
};

/** Packages the command line loads only when a command needs them. */
const LAZY_IN_CLI = ['yaml', 'zod'];

/** An entry is a whole folder, or ends in `$` and is a file. */
const within = (entry) => (entry.endsWith('$') ? `^src/${entry}` : `^src/${entry}/`);

const layerRules = Object.entries(LAYERS).flatMap(([layer, allowed]) => {
  const exceptions = EXCEPTIONS.filter(({ from }) => from.startsWith(`${layer}/`));
  return [
    {
      name: `${layer}-imports-only-what-is-below`,
      severity: 'error',
      comment: `${layer} may import: ${allowed.join(', ') || 'nothing'}`,
      from: { path: within(layer), pathNot: exceptions.map(({ from }) => `^src/${from}`) },
      to: { path: '^src/', pathNot: [layer, ...allowed].map(within) },
    },
    ...exceptions.map(({ from, to }) => ({
      name: `${layer}-exceptions`,
      severity: 'error',
      comment: `${from} may also import ${to.join(', ')}, and nothing else`,
      from: { path: `^src/${from}` },
      to: { path: '^src/', pathNot: [layer, ...allowed, ...to].map(within) },
    })),
  ];
});

const lazyRules = EXCEPTIONS.filter(({ lazy }) => lazy).map(({ from, to }) => ({
  name: 'loaded-when-needed',
  severity: 'error',
  comment: `${from} loads ${to.join(', ')} by import(), so that other commands start fast`,
  from: { path: `^src/${from}` },
  to: { path: to.map(within), dynamic: false, dependencyTypesNot: ['type-only'] },
}));

const packageRules = Object.entries(PACKAGES).map(([name, places]) => ({
  name: `${name}-has-its-place`,
  severity: 'error',
  comment: `${name} is imported only in ${places.join(', ')}`,
  from: { path: '^src/', pathNot: places.map((place) => `^src/${place}`) },
  to: { path: `^node_modules/(@types/)?${name}/` },
}));

export default {
  forbidden: [
    ...layerRules,
    ...lazyRules,
    ...packageRules,
    {
      name: 'cli-loads-parsers-when-needed',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: {
        path: `^node_modules/(${LAZY_IN_CLI.join('|')})/`,
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-unknown-package',
      severity: 'error',
      comment: 'a package of src stands in PACKAGES, with the places that may import it',
      from: { path: '^src/' },
      to: {
        dependencyTypes: [
          'npm',
          'npm-dev',
          'npm-optional',
          'npm-peer',
          'npm-no-pkg',
          'npm-unknown',
        ],
        pathNot: `^node_modules/(@types/)?(${Object.keys(PACKAGES).join('|')})/`,
      },
    },
    {
      name: 'no-unknown-layer',
      severity: 'error',
      comment: 'every folder of src stands in LAYERS; beside them only these files',
      from: { path: '^src/' },
      to: {
        path: '^src/',
        pathNot: [...Object.keys(LAYERS), '(app|index|version)[.]ts$'].map(within),
      },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment:
        'a circle is allowed only where one step is import(): help is a command, and lists all commands',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['dynamic-import'] } },
    },
    {
      name: 'src-never-imports-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'the-core-is-pure',
      severity: 'error',
      comment: 'base, queue, state and protocol have no socket, no file, no package',
      from: { path: '^src/(base|queue|state|protocol)/' },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg'],
      },
    },
    {
      name: 'stores-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/stores/([^/]+)/' },
      to: { path: '^src/stores/([^/]+)/', pathNot: '^src/stores/$1/' },
    },
    {
      name: 'triggers-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/triggers/([^/]+)/' },
      to: { path: '^src/triggers/([^/]+)/', pathNot: '^src/triggers/$1/' },
    },
    {
      name: 'engine-parts-do-not-know-the-whole',
      severity: 'error',
      from: { path: '^src/engine/' },
      to: { path: '^src/engine/engine[.]ts$' },
    },
    {
      name: 'dialects-end-in-config',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/config/' },
      to: { path: '^src/config/dialects/' },
    },
    {
      name: 'app-does-not-know-the-command-line',
      severity: 'error',
      from: { path: '^src/(app|index)[.]ts$' },
      to: { path: '^src/(cli|sdk)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
