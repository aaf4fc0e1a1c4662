import type { CommandSpec, NounSpec, OptionSpec } from './command.ts';
import { BENCH_COMMANDS } from './tree/bench.ts';
import { CONTEXT_COMMANDS } from './tree/contexts.ts';
import { CONFIG_COMMANDS } from './tree/configuration.ts';
import { DIAGNOSIS_COMMANDS } from './tree/diagnosis.ts';
import { DEAD_COMMANDS } from './tree/dead.ts';
import { QUEUE_COMMANDS } from './tree/queues.ts';
import { RUN_COMMANDS } from './tree/run.ts';
import { STORE_COMMANDS } from './tree/store.ts';
import { TASK_COMMANDS } from './tree/tasks.ts';
import { TOPIC_COMMANDS } from './tree/topics.ts';
import { TOOL_COMMANDS } from './tree/tooling.ts';

/** First words that need a second one. */
export const NOUNS: readonly NounSpec[] = [
  { name: 'queue', summary: 'look at queues, pause and resume them' },
  { name: 'job', summary: 'look at jobs, cancel them' },
  { name: 'group', summary: 'groups of fifo queues: which stand still, and how to let them go on' },
  { name: 'dlq', summary: 'look at dead jobs, bring them back, throw them away' },
  { name: 'task', summary: 'bulk changes under way' },
  { name: 'undo', summary: 'bring back what was ended' },
  { name: 'topic', summary: 'topics and who is subscribed' },
  { name: 'subscription', summary: 'durable subscriptions' },
  { name: 'trigger-type', summary: 'kinds of events that call functions' },
  { name: 'engine', summary: 'the engines on the same jobs' },
  { name: 'worker', summary: 'connected workers' },
  { name: 'function', summary: 'functions that can be called' },
  { name: 'store', summary: 'check, copy and look at the folder that keeps the jobs' },
  { name: 'context', summary: 'several engines by name' },
  { name: 'config', summary: 'check, show, compare and apply configurations' },
  { name: 'token', summary: 'tokens for engines that ask for one' },
];

/** Every command. Help, the parser and the completions are made from this. */
export const COMMANDS: readonly CommandSpec[] = [
  ...RUN_COMMANDS,
  ...QUEUE_COMMANDS,
  ...DEAD_COMMANDS,
  ...TASK_COMMANDS,
  ...DIAGNOSIS_COMMANDS,
  ...BENCH_COMMANDS,
  ...TOPIC_COMMANDS,
  ...STORE_COMMANDS,
  ...CONTEXT_COMMANDS,
  ...CONFIG_COMMANDS,
  ...TOOL_COMMANDS,
];

export function findCommand(words: readonly string[]): CommandSpec | undefined {
  return COMMANDS.find((command) => command.path.join(' ') === words.join(' '));
}

/** Commands of a noun, in order. */
export function commandsOf(noun: string): readonly CommandSpec[] {
  return COMMANDS.filter((command) => command.path.length === 2 && command.path[0] === noun);
}

/** The option names of a specification, without values: `-c`, `--config`. */
export function namesOf(option: OptionSpec): readonly string[] {
  return option.flags.match(/--?[a-z][a-z-]*/g) ?? [];
}

/** Whether an option takes a value. */
export function takesValue(option: OptionSpec): boolean {
  return option.flags.includes('<');
}
