import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IiiError } from '../../src/base/errors.ts';
import { loadConfig } from '../../src/config/load.ts';
import { configErrors, formatProblem } from '../../src/config/problem.ts';
import { findings, parse, sha256, textOf } from './config-fixture.ts';

const TOKEN = 'a-token-that-is-long-enough-to-be-accepted';

/** Loads from a folder `/app` that holds these files. */
function load(files: Record<string, string>, file?: string) {
  const read = (path: string): string | undefined => files[path];
  return loadConfig({ file, cwd: '/app', env: {}, read, sha256 });
}

describe('finding the file', () => {
  it('prefers iii-config.yaml to config.yaml', () => {
    const both = { '/app/iii-config.yaml': 'port: 1000', '/app/config.yaml': 'port: 2000' };
    expect(load(both).config).toMatchObject({ file: 'iii-config.yaml', listen: { port: 1_000 } });
    expect(load({ '/app/config.yaml': 'port: 2000' }).config).toMatchObject({
      file: 'config.yaml',
      listen: { port: 2_000 },
    });
  });

  it('reads a named file, relative to the folder or not', () => {
    expect(load({ '/app/x/a.yaml': 'port: 3000' }, 'x/a.yaml').config?.listen.port).toBe(3_000);
    expect(load({ '/etc/a.yaml': 'port: 4000' }, '/etc/a.yaml').config?.listen.port).toBe(4_000);
  });

  it('refuses a named file that is not there', () => {
    const attempt = (): unknown => load({}, 'missing.yaml');
    expect(attempt).toThrow(IiiError);
    expect(attempt).toThrow('missing.yaml');
  });

  it('without one keeps jobs on disk and listens on this machine only', () => {
    expect(load({})).toMatchObject({
      problems: [],
      config: {
        file: null,
        listen: {
          host: '127.0.0.1',
          port: 49_134,
          handshakeTimeoutMs: 10_000,
          allowedOrigins: [],
          allowedHosts: [],
        },
        http: {
          host: '127.0.0.1',
          port: 3_111,
          timeoutMs: 30_000,
          maxConcurrent: 1_024,
          cors: null,
          middlewareIds: [],
        },
        tokens: [],
        store: { kind: 'file', path: './data/queue_store' },
        queues: [{ name: 'default', maxAttempts: 3, concurrency: 10, deadLetterQueue: 'default' }],
        maxJobBytes: 1_000_000,
        shutdownGraceMs: 30_000,
        undoWindowMs: 900_000,
      },
    });
  });
});

describe('settings', () => {
  const queue = (settings: string) =>
    parse(`workers: [{ name: queue, config: { queue_configs: { q: ${settings} } } }]`).queues.find(
      ({ name }) => name === 'q',
    );

  it('of a queue fill in what is left out', () => {
    expect(queue('null')).toEqual({
      name: 'q',
      type: 'standard',
      maxAttempts: 3,
      concurrency: 10,
      groupField: null,
      groupConcurrency: 1,
      backoffMs: 1_000,
      maxBackoffMs: null,
      jitter: 0,
      timeoutMs: null,
      maxInterruptions: 10,
      ttlMs: null,
      rateLimit: null,
      deadLetterQueue: 'q',
      pollIntervalMs: 100,
      sloWaitP95Ms: null,
      retainCompleted: 1_000,
    });
  });

  it('of a queue are all taken', () => {
    const settings = `{ type: fifo, message_group_field: account, max_retries: 5, concurrency: 4,
      group_concurrency: 3, backoff_ms: 20, max_backoff_ms: 400, jitter: 0.5, timeout_ms: 900,
      max_interruptions: 2, ttl_ms: 8000, rate_limit: { max: 6, per_ms: 700 },
      dead_letter_queue: graveyard, poll_interval_ms: 50, slo: { wait_p95: 1m30s }, retention: { completed: 0 } }`;
    expect(queue(settings)).toEqual({
      name: 'q',
      type: 'fifo',
      maxAttempts: 5,
      concurrency: 4,
      groupField: 'account',
      groupConcurrency: 3,
      backoffMs: 20,
      maxBackoffMs: 400,
      jitter: 0.5,
      timeoutMs: 900,
      maxInterruptions: 2,
      ttlMs: 8_000,
      rateLimit: { max: 6, perMs: 700 },
      deadLetterQueue: 'graveyard',
      pollIntervalMs: 50,
      sloWaitP95Ms: 90_000,
      retainCompleted: 0,
    });
  });

  it.each([
    [0, 1],
    [1, 1],
    [2, 2],
    [4_294_967_295, 4_294_967_295],
  ])('max_retries: %d means %d attempts in total', (written, attempts) => {
    expect(queue(`{ max_retries: ${written} }`)?.maxAttempts).toBe(attempts);
  });

  it('take retry_delay as another name of backoff_ms', () => {
    expect(queue('{ retry_delay: 250 }')?.backoffMs).toBe(250);
  });

  it.each([
    ['group_concurrency: 64', 64],
    ['group_concurrency: 4', 10],
    ['group_concurrency: 64, concurrency: 8', 8],
  ])('make room for the groups of a fifo queue: %s', (settings, concurrency) => {
    const written = `{ type: fifo, message_group_field: a, ${settings} }`;
    expect(queue(written)?.concurrency).toBe(concurrency);
  });

  it('of the command line win over the file', () => {
    const text = `
host: localhost
port: 1000
shutdown_grace_ms: 5
workers:
  - name: iii-http
    config: { host: localhost, port: 2000 }
  - name: iii-queue
    config: { adapter: { name: builtin } }
`;
    const overrides = { host: '::1', port: 1, httpPort: 2, store: './jobs', graceMs: 3 };
    expect(parse(text, { overrides }).config).toMatchObject({
      listen: { host: '::1', port: 1 },
      http: { host: '::1', port: 2 },
      store: { kind: 'file', path: './jobs' },
      shutdownGraceMs: 3,
    });
  });

  it.each([
    ['null', null],
    ['{}', { allowedOrigins: null, allowedMethods: null }],
    ['{ allowed_origins: [] }', { allowedOrigins: null, allowedMethods: null }],
    [
      "{ allowed_origins: ['https://a.example', '*'], allowed_methods: ['*'] }",
      { allowedOrigins: null, allowedMethods: null },
    ],
    [
      '{ allowed_origins: [https://a.example], allowed_methods: [get, POST] }',
      { allowedOrigins: ['https://a.example'], allowedMethods: ['GET', 'POST'] },
    ],
  ])('of CORS that say %s mean %j', (cors, expected) => {
    const { config, problems } = parse(`workers: [{ name: http, config: { cors: ${cors} } }]`);
    expect(problems).toEqual([]);
    expect(config?.http.cors).toEqual(expected);
  });

  it('of middleware are sorted by priority, equal ones as written', () => {
    const text = `
workers:
  - name: iii-http
    config:
      default_timeout: 5
      concurrency_request_limit: 7
      middleware:
        - { function_id: c, priority: 5 }
        - { function_id: a, phase: preHandler, priority: -1 }
        - { function_id: d, priority: 5 }
        - { function_id: b }
`;
    expect(parse(text).config?.http).toMatchObject({
      timeoutMs: 5,
      maxConcurrent: 7,
      middlewareIds: ['a', 'b', 'c', 'd'],
    });
  });

  it('treat port 0 at the top level as the default, as the original does', () => {
    expect(parse('port: 0').config?.listen.port).toBe(49_134);
  });
});

describe('access', () => {
  it('beyond this machine needs a token or a word that none is wanted', () => {
    const open = parse('', { overrides: { host: '0.0.0.0' } });
    expect(findings(open)).toEqual(['~empty_file 1:1', 'token_required -:-']);
    const insecure = parse('port: 1', { overrides: { host: '0.0.0.0', insecure: true } });
    expect(findings(insecure)).toEqual(['~insecure -:-']);
    expect(insecure.config?.listen.host).toBe('0.0.0.0');
  });

  it('to HTTP triggers beyond this machine needs one too', () => {
    const text = (top: string) => `${top}
workers: [{ name: iii-http, config: { host: 0.0.0.0 } }]`;
    expect(findings(parse(text('')))).toEqual(['token_required 2:45']);
    expect(findings(parse(text('insecure: true')))).toEqual(['~insecure 2:45']);
    expect(
      findings(
        parse(
          'host: 0.0.0.0\nworkers: [{ name: iii-worker-manager, config: { host: 127.0.0.1 } }]',
        ),
      ),
    ).toContain('token_required 1:7');
  });

  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('from %s needs none', (host) => {
    expect(parse(`host: "${host}"`).problems).toEqual([]);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', 'localhost.example', '127.0.0.1.example'])(
    'from %s needs one',
    (host) => {
      expect(findings(parse(`host: "${host}"`))).toEqual(['token_required 1:7']);
    },
  );

  it('takes tokens as hash, from the environment and from a file, and keeps hashes only', () => {
    const text = `
host: 0.0.0.0
auth:
  tokens:
    - { name: a, role: admin, hash: "SHA256:${sha256(TOKEN).toUpperCase()}" }
    - { name: b, role: worker, env: WORKER_TOKEN }
    - { name: c, role: read, file: read.token }
`;
    const loaded = parse(text, {
      env: { WORKER_TOKEN: TOKEN },
      files: { 'read.token': `${TOKEN}\n` },
    });
    expect(loaded.problems).toEqual([]);
    expect(loaded.config?.tokens).toEqual([
      { name: 'a', role: 'admin', sha256: sha256(TOKEN) },
      { name: 'b', role: 'worker', sha256: sha256(TOKEN) },
      { name: 'c', role: 'read', sha256: sha256(TOKEN) },
    ]);
    expect(JSON.stringify(loaded)).not.toContain(TOKEN);
  });

  it.each([
    `auth: { tokens: [{ name: a, role: admin, hash: ${TOKEN} }] }`,
    `auth: { tokens: [{ name: a, role: admin, token: ${TOKEN} }] }`,
    `auth: { tokens: [${TOKEN}] }`,
    `auth: { tokens: [[{ hash: ${TOKEN} }]] }`,
  ])('never repeats a token that was written where it does not belong: %#', (text) => {
    const loaded = parse(text);
    expect(loaded.config).toBeNull();
    expect(loaded.problems.map(formatProblem).join('\n')).not.toContain(TOKEN);
  });
});

describe('a problem for people', () => {
  it('shows place, line, caret and what to do', () => {
    const [first] = parse(textOf('cases/five-mistakes.yaml'), { file: 'iii-config.yaml' }).problems;
    if (first === undefined) throw new Error('a problem was expected');
    expect(formatProblem(first)).toBe(
      [
        'iii-config.yaml:6:11 error[unknown_key]: `max_retires` is not a key of queue `payment`',
        ' 6 |           max_retires: 5',
        '   |           ^^^^^^^^^^^',
        '  hint: Did you mean `max_retries`?',
      ].join('\n'),
    );
    expect(first.path).toBe('workers[0].config.queue_configs.payment.max_retires');
  });

  it('tells an excerpt where it belongs', () => {
    const [first] = parse(textOf('cases/excerpt.yaml')).problems;
    expect(first?.hint).toBe(
      [
        'It belongs in the `config` of the queue module:',
        '  workers:',
        '    - name: iii-queue',
        '      config:',
        '        queue_configs: …',
      ].join('\n'),
    );
  });

  it('tells entries of modules without their list where they belong', () => {
    const [first] = parse(textOf('cases/list.yaml')).problems;
    expect(first?.hint).toBe('A list of modules belongs below `workers:`.');
    const [inside] = parse('workers:\n  - [a]\n').problems;
    expect(inside?.hint).toBe('Write `key: value` lines, without `- ` before them.');
  });

  it('cannot steer the terminal', () => {
    const shown = parse('"a\u{1b}[2Jb": 1\n').problems.map(formatProblem).join('\n');
    expect(shown).toContain('unknown_key');
    expect(shown).not.toContain('\u{1b}');
  });

  it('is one error for programs, with all problems in it', () => {
    const loaded = parse(textOf('cases/five-mistakes.yaml'), { file: 'a.yaml' });
    const error = configErrors(loaded);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: '5 errors in a.yaml' });
    expect(error.details?.['problems']).toEqual(loaded.problems);
  });
});

describe('any text at all', () => {
  const fragment = fc.constantFrom(
    ...[
      'workers:',
      '- name: ',
      'iii-queue',
      '\n',
      '  ',
      '\t',
      ': ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '#',
    ],
    ...[
      '${',
      '${A}',
      '${A:',
      'config:',
      'queue_configs:',
      '&a',
      '*a',
      '<<',
      '!!',
      '|',
      '>',
      '%',
      '---',
    ],
    ...[
      'auth:',
      'tokens:',
      '? ',
      '\r',
      '\u{e000}\u{e100}\u{e100}',
      'port: ',
      '1',
      'null',
      '__proto__:',
    ],
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(fragment, { maxLength: 40 }).map((parts) => parts.join('')),
  );

  it('is read without throwing, and its problems can be printed', () => {
    fc.assert(
      fc.property(text, (written) => {
        const loaded = parse(written, { env: { A: 'a: [b' } });
        const hasError = loaded.problems.some(({ severity }) => severity === 'error');
        expect(loaded.config === null).toBe(hasError);
        for (const problem of loaded.problems) formatProblem(problem);
      }),
      { numRuns: 1_000 },
    );
  });
});
