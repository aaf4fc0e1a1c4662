/** What a span says about itself, under the names of OpenTelemetry's conventions. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanStart {
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  /** W3C `traceparent` of what this is part of; without a readable one a trace begins here. */
  readonly parent: string | null;
  /** W3C `tracestate` that came with the parent: what other vendors keep of the trace, never read here. */
  readonly tracestate?: string | null;
  readonly attributes: SpanAttributes;
  /** 16 lower-case hex digits; one of its own when left out. */
  readonly spanId?: string;
  /** Milliseconds since 1970; now when left out. */
  readonly startedAt?: number;
}

/** A span that has begun. One that never ends is never exported. */
export interface OpenSpan {
  /** W3C `traceparent` for what happens within it. */
  readonly traceparent: string;
  /**
   * Only the first call counts.
   * @param error what went wrong, in a sentence or a code; `null`: nothing
   * @param endedAt milliseconds since 1970; now when left out
   */
  end(error?: string | null, attributes?: SpanAttributes, endedAt?: number): void;
}

/** Where spans are opened. Nothing that has one of these waits for it, and it never throws. */
export interface Tracing {
  begin(start: SpanStart): OpenSpan;
}
