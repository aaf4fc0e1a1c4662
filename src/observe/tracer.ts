import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { OpenSpan, SpanAttributes, SpanStart, Tracing } from '../base/tracing.ts';
import { attributesText, nanosText } from './otlp-json.ts';
import { formatTraceparent, readTraceparent, type TraceContext } from './trace-context.ts';

export interface TracerOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Share of the traces that begin here that is kept, from 0 to 1. */
  readonly samplingRatio: number;
  /** Gets each ended span as OTLP/JSON, a member of `spans`. */
  readonly onSpan: (span: string) => void;
}

/** In the order of their numbers in OTLP, from 1. */
const KINDS: readonly SpanStart['kind'][] = [
  'internal',
  'server',
  'client',
  'producer',
  'consumer',
];
const STATUS_ERROR = 2;
/** Characters of an error that a span repeats. */
const MAX_ERROR_LENGTH = 512;

/** Opens spans and hands them on as OTLP/JSON. A trace that its beginner does not sample is not sampled here either. */
export class Tracer implements Tracing {
  readonly #options: TracerOptions;

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  begin(start: SpanStart): OpenSpan {
    const { clock, random, samplingRatio, onSpan } = this.#options;
    const parent = readTraceparent(start.parent);
    const context: TraceContext = {
      traceId: parent?.traceId ?? random.uuid().replaceAll('-', ''),
      spanId: start.spanId ?? newSpanId(random),
      isSampled: parent?.isSampled ?? random.fraction() < samplingRatio,
    };
    const startedAt = start.startedAt ?? clock.now();
    let ended = !context.isSampled;
    return {
      traceparent: formatTraceparent(context),
      end: (error = null, attributes = {}, endedAt = clock.now()) => {
        if (ended) return;
        ended = true;
        onSpan(spanText(context, parent, start, startedAt, endedAt, error, attributes));
      },
    };
  }
}

/** The ends of a UUID: the digits in between say which version it is. */
function newSpanId(random: Random): string {
  const uuid = random.uuid();
  return uuid.slice(0, 8) + uuid.slice(-8);
}

function spanText(
  { traceId, spanId: id }: TraceContext,
  parent: TraceContext | undefined,
  { name, kind, attributes, tracestate = null }: SpanStart,
  startedAt: number,
  endedAt: number,
  error: string | null,
  more: SpanAttributes,
): string {
  const parentText = parent === undefined ? '' : `"parentSpanId":"${parent.spanId}",`;
  const stateText = tracestate === null ? '' : `"traceState":${JSON.stringify(tracestate)},`;
  const status =
    error === null
      ? '{}'
      : JSON.stringify({ code: STATUS_ERROR, message: error.slice(0, MAX_ERROR_LENGTH) });
  return (
    `{"traceId":"${traceId}","spanId":"${id}",${stateText}${parentText}"name":${JSON.stringify(name)},` +
    `"kind":${KINDS.indexOf(kind) + 1},"startTimeUnixNano":"${nanosText(startedAt)}",` +
    `"endTimeUnixNano":"${nanosText(Math.max(startedAt, endedAt))}",` +
    `"attributes":${attributesText({ ...attributes, ...more })},"status":${status}}`
  );
}
