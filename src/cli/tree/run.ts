import type { CommandSpec } from '../command.ts';
import { DRY_RUN } from './options.ts';

/** Commands that run the engine, and those that give it work. */
export const RUN_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['serve'],
    summary: 'run the engine in the foreground',
    notes: [
      'Without --config it reads iii-config.yaml or config.yaml in the current folder; without either it runs with a default queue and keeps jobs in ./data.',
      'The first Ctrl-C stops it in order: jobs in flight get --grace to finish, the rest go back to their queues. A second one ends it at once; nothing that was accepted is lost.',
    ],
    options: [
      { flags: '-c, --config <file>', summary: 'configuration file', completes: 'file' },
      { flags: '--host <host>', summary: 'address to listen on (default 127.0.0.1)' },
      { flags: '--port <port>', summary: 'port of workers and this tool (default 49134, 0: any)' },
      { flags: '--http-port <port>', summary: 'port of HTTP triggers (default 3111, 0: any)' },
      {
        flags: '--store <memory|folder>',
        summary: 'where jobs are kept (default ./data)',
        completes: 'directory',
      },
      {
        flags: '--log-level <level>',
        summary: 'debug, info, warn or error (default info)',
        choices: ['debug', 'info', 'warn', 'error'],
      },
      {
        flags: '--log-format <format>',
        summary: 'pretty or json (default: pretty on a terminal)',
        choices: ['pretty', 'json'],
      },
      { flags: '--grace <duration>', summary: 'time for jobs in flight when stopping (30s)' },
      { flags: '--insecure', summary: 'listen beyond this machine without a token' },
      {
        flags: '--repair',
        summary: 'put damaged records of the store aside instead of refusing to start',
      },
    ],
    examples: [
      { command: 'iii serve', does: 'default queue, jobs kept in ./data' },
      { command: 'iii serve -c iii-config.yaml', does: 'with your queues' },
      { command: 'iii serve --store memory --port 0 -o json', does: 'for a script or a test' },
    ],
    ownsSignals: true,
    load: () => import('../commands/serve.ts'),
  },
  {
    path: ['demo'],
    summary: 'see retries, dead letters and redrive happen, in one minute',
    examples: [{ command: 'iii demo', does: 'runs an engine, a worker and a failing job' }],
    load: () => import('../commands/demo.ts'),
  },
  {
    path: ['enqueue'],
    summary: 'put jobs in a queue',
    notes: [
      'The payload is sent exactly as written. Without --data or --file it is what is piped in, and {} when nothing is.',
      'With --ndjson every line is a job; a bad line is reported with its number, the others go on, and the exit status is 3.',
    ],
    arguments: [
      { name: 'queue', summary: 'name of the queue', required: true, completes: 'queue' },
    ],
    options: [
      {
        flags: '-f, --function <id>',
        summary: 'function that runs the job (required)',
        completes: 'function',
      },
      { flags: '-d, --data <json>', summary: 'the payload' },
      { flags: '--file <file>', summary: 'file with the payload, - for stdin', completes: 'file' },
      {
        flags: '--ndjson <file>',
        summary: 'file with one payload per line, - for stdin',
        completes: 'file',
      },
      { flags: '--fail-fast', summary: 'with --ndjson: stop at the first bad line' },
      { flags: '--delay <duration>', summary: 'not before this long from now' },
      { flags: '--run-at <time>', summary: 'not before this time (RFC 3339, or now+5m)' },
      { flags: '--priority <number>', summary: 'higher runs first (standard queues; default 0)' },
      { flags: '--dedup-key <key>', summary: 'only one unfinished job with this key' },
      { flags: '--ttl <duration>', summary: 'dead as expired when not started by then' },
      { flags: '--max-retries <count>', summary: 'attempts in total, for this job' },
      { flags: '--backoff <duration>', summary: 'first delay after a failure, for this job' },
      { flags: '--attempt-timeout <duration>', summary: 'longest time of one attempt' },
      { flags: '--wait', summary: 'wait until the job ended; the exit status says how' },
      DRY_RUN,
    ],
    examples: [
      {
        command: `iii enqueue payment --function orders::charge --data '{"amount":12}'`,
        does: 'one job; prints its receipt',
      },
      {
        command: 'iii enqueue mail --function mail::send --ndjson users.ndjson',
        does: 'one job per line of a file',
      },
      {
        command: `iii enqueue default --function report::build --delay 5m --data '{"day":1}'`,
        does: 'in five minutes',
      },
      {
        command: `iii enqueue default --function report::build --wait`,
        does: 'waits for the end: 0 completed, 1 dead',
      },
    ],
    load: () => import('../commands/enqueue.ts'),
  },
  {
    path: ['trigger'],
    summary: 'call a function and print its result',
    notes: [
      'Values of key=value are read as JSON where they are JSON, else as text.',
      'In the original tool --json held the payload; here --json is the output format, and the payload is --data.',
    ],
    arguments: [
      { name: 'function', summary: 'id of the function', completes: 'function' },
      { name: 'pairs', summary: 'members of the payload, as key=value', variadic: true },
    ],
    options: [
      { flags: '-d, --data <json>', summary: 'the payload' },
      { flags: '--file <file>', summary: 'file with the payload, - for stdin', completes: 'file' },
      { flags: '--void', summary: 'do not wait for a result' },
      DRY_RUN,
      { flags: '--payload <json>', summary: 'another name of --data', hidden: true },
      { flags: '--json-payload <json>', summary: 'another name of --data', hidden: true },
      {
        flags: '--function-id <id>',
        summary: 'another way to name the function',
        hidden: true,
        completes: 'function',
      },
      { flags: '--address <host>', summary: 'host of the engine', hidden: true },
      { flags: '--port <port>', summary: 'port of the engine', hidden: true },
      { flags: '--timeout-ms <ms>', summary: 'another way to give --timeout', hidden: true },
    ],
    examples: [
      { command: 'iii trigger orders::price id=7', does: 'payload {"id":7}' },
      { command: `iii trigger orders::price --data '{"id":7}'`, does: 'the same' },
      { command: 'iii trigger audit::log text=hello --void', does: 'without waiting' },
    ],
    load: () => import('../commands/trigger.ts'),
  },
];
