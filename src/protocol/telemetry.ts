import type { TelemetryFrame } from './messages.ts';

const SIGNALS: Readonly<Record<string, TelemetryFrame['signal']>> = {
  OTLP: 'traces',
  MTRC: 'metrics',
  LOGS: 'logs',
};

const PREFIX_BYTES = 4;

/** A binary frame as telemetry: 4 ASCII bytes name the signal. `undefined` when it is something else. */
export function readTelemetry(bytes: Uint8Array): TelemetryFrame | undefined {
  if (bytes.length < PREFIX_BYTES) return undefined;
  const signal = SIGNALS[String.fromCharCode(...bytes.subarray(0, PREFIX_BYTES))];
  if (signal === undefined) return undefined;
  return { kind: 'telemetry', signal, body: bytes.subarray(PREFIX_BYTES) };
}
