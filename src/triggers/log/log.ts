import type { Clock } from '../../base/clock.ts';
import { IiiError } from '../../base/errors.ts';
import type { LogLevel } from '../../base/logger.ts';
import type { Binding, TriggerType } from '../../engine/bindings.ts';
import type { LocalCall, LocalFunction } from '../../engine/functions.ts';
import { membersOf, optionalText } from '../config.ts';
import { checkCondition, fireTrigger, type FireParts } from '../fire.ts';

/** Each level with its number in OpenTelemetry, and where it goes in the engine's own log. */
const LEVELS = {
  trace: { severity: 1, as: 'debug' },
  debug: { severity: 5, as: 'debug' },
  info: { severity: 9, as: 'info' },
  warn: { severity: 13, as: 'warn' },
  error: { severity: 17, as: 'error' },
} as const satisfies Readonly<Record<string, { severity: number; as: LogLevel }>>;

type Level = keyof typeof LEVELS;

export interface LogParts extends FireParts {
  readonly clock: Clock;
}

/**
 * The functions `engine::log::*`, with which workers write into the engine's log, and the trigger type
 * `log`, which calls functions with what they write (wire-protocol.md §5.7, §6.8).
 */
export function workerLogs(parts: LogParts): { type: TriggerType; functions: LocalFunction[] } {
  const bindings = new Map<string, Binding>();
  const write = (level: Level, call: LocalCall): void => {
    const input = membersOf(JSON.parse(call.data));
    const { message } = input;
    if (typeof message !== 'string') {
      throw new IiiError('INVALID_ARGUMENTS', 'message is required and must be a string');
    }
    const service = textIn(input, 'service_name') ?? call.caller?.profile.name ?? 'iii';
    const [traceId, spanId] = [textIn(input, 'trace_id'), textIn(input, 'span_id')];
    const data = input['data'] ?? null;
    parts.log[LEVELS[level].as]('a worker logged', { service, text: message, data, traceId });
    const record = JSON.stringify({
      severity_number: LEVELS[level].severity,
      severity_text: level.toUpperCase(),
      body: message,
      attributes: data === null ? {} : { 'log.data': data },
      trace_id: traceId,
      span_id: spanId,
      resource: {},
      service_name: service,
    });
    // nanoseconds are beyond what a number of JavaScript can hold
    const at = `${parts.clock.now()}000000`;
    const times = `"timestamp_unix_nano":${at},"observed_timestamp_unix_nano":${at}`;
    const event = { data: `{${times},${record.slice(1)}` };
    for (const binding of bindings.values()) {
      const wanted = optionalText(binding.config, 'level') ?? 'all';
      if (wanted === 'all' || wanted === level) void fireTrigger(parts, binding, event);
    }
  };
  return {
    type: {
      id: 'log',
      description: 'Calls the function with what workers log through engine::log::*',
      bind: (binding) => {
        const level = optionalText(binding.config, 'level') ?? 'all';
        if (level !== 'all' && !Object.hasOwn(LEVELS, level)) {
          const known = ['all', ...Object.keys(LEVELS)].join(', ');
          throw new IiiError('INVALID_ARGUMENTS', `level must be one of ${known}`);
        }
        checkCondition(binding.config);
        bindings.set(binding.id, binding);
      },
      unbind: ({ id }) => {
        bindings.delete(id);
      },
    },
    functions: (Object.keys(LEVELS) as Level[]).map((level) => ({
      id: `engine::log::${level}`,
      description: `Writes into the engine's log at level ${level}`,
      access: 'any',
      internal: true,
      run: async (call) => {
        write(level, call);
        return null;
      },
    })),
  };
}

function textIn(members: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = members[name];
  return typeof value === 'string' ? value : null;
}
