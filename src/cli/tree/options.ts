import type { ArgumentSpec, OptionSpec } from '../command.ts';

export const QUEUE: ArgumentSpec = {
  name: 'queue',
  summary: 'name of the queue',
  required: true,
  completes: 'queue',
};
export const ANY_QUEUE: ArgumentSpec = { ...QUEUE, required: false };
export const JOB: ArgumentSpec = {
  name: 'id',
  summary: 'id of the job',
  required: true,
  completes: 'job',
};

/** Options every command takes. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '-o, --output <format>',
    summary: 'table, json, ndjson, yaml or name',
    choices: ['table', 'json', 'ndjson', 'yaml', 'name'],
  },
  { flags: '--json', summary: 'the same as --output json' },
  { flags: '--url <address>', summary: 'the engine (III_URL, default ws://127.0.0.1:49134)' },
  {
    flags: '--context <name>',
    summary: 'the engine by its name (III_CONTEXT), see iii context list',
    completes: 'context',
  },
  {
    flags: '--token-file <file>',
    summary: 'file that holds the token (or III_TOKEN)',
    completes: 'file',
  },
  { flags: '--timeout <duration>', summary: 'longest wait for an answer (default 30s)' },
  {
    flags: '--color <when>',
    summary: 'auto, always or never',
    choices: ['auto', 'always', 'never'],
  },
  { flags: '--time <style>', summary: 'times as relative or iso', choices: ['relative', 'iso'] },
  { flags: '-q, --quiet', summary: 'no progress and no remarks' },
  { flags: '--debug', summary: 'stack traces of failures' },
  { flags: '-h, --help', summary: 'this help' },
];

export const PAGE_OPTIONS: readonly OptionSpec[] = [
  { flags: '--limit <count>', summary: 'at most this many (default 50)' },
  { flags: '--cursor <cursor>', summary: 'go on where a page before ended' },
  { flags: '--all', summary: 'everything, page after page' },
];

/** On every list of what an engine has. */
export const WATCH: OptionSpec = { flags: '-w, --watch', summary: 'again every second' };

export const DRY_RUN: OptionSpec = {
  flags: '--dry-run',
  summary: 'show what would be done, and do nothing',
};

export const YES: OptionSpec = { flags: '-y, --yes', summary: 'do not ask' };

export const JOB_IDS: OptionSpec = {
  flags: '--id <id>',
  summary: 'only this job; may be given several times',
  repeatable: true,
  completes: 'dead',
};

/** Which jobs: see the selector language in docs/operations.md. */
export const SELECTOR_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '--where <selector>',
    summary: `such as 'error~"429" and payload.customer="c1" and age>1h'`,
  },
  { flags: '--cluster <fingerprint>', summary: 'only this kind of error, see iii dlq errors' },
  { flags: '--since <time>', summary: 'from this time on: now-1h, or RFC 3339' },
  { flags: '--until <time>', summary: 'before this time' },
];

/** Beside a selector, where jobs of several states are meant. */
export const STATES: OptionSpec = {
  flags: '-s, --state <state>',
  summary: 'only this state; may be given several times',
  choices: ['waiting', 'delayed', 'in_flight', 'dead', 'completed', 'discarded'],
  repeatable: true,
};

/** Which dead jobs. */
export const DEAD_SELECTOR_OPTIONS: readonly OptionSpec[] = [
  ...SELECTOR_OPTIONS,
  {
    flags: '-s, --state <state>',
    summary: 'dead, which all of them are',
    choices: ['dead'],
    repeatable: true,
  },
];

/** How a bulk change goes. */
export const TASK_OPTIONS: readonly OptionSpec[] = [
  { flags: '--rate <rate>', summary: 'so many at a time: 50, 50/s or 600/m' },
  { flags: '--detach', summary: 'do not wait; iii task watch shows how it goes' },
  {
    flags: '--plan-out <file>',
    summary: 'write down exactly which jobs, and do nothing',
    completes: 'file',
  },
  { flags: '--plan <file>', summary: 'exactly the jobs of a plan', completes: 'file' },
];

export const WITHOUT_UNDO: OptionSpec = {
  flags: '--without-undo',
  summary: 'keep nothing that could be brought back',
};
