import { messageOf } from '../base/errors.ts';
import { readMember } from '../base/json.ts';
import { RESOURCE_MEMBERS, type Signal } from './otlp-json.ts';

/** Longest frame that is passed on. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;

export interface TelemetryIntakeParts {
  /** Without it, frames are read only for the gauges. */
  readonly forward?: ((signal: Signal, resources: string) => void) | undefined;
  readonly isForwarded?: ((signal: Signal) => boolean) | undefined;
  readonly onMetrics: (request: unknown) => void;
  readonly onDrop: (signal: Signal, reason: string) => void;
}

/**
 * Takes the telemetry that SDKs send to the engine and passes it on as it came, after a look at its
 * shape: one malformed piece would cost everything in its batch. Never throws.
 */
export function telemetryIntake({
  forward,
  isForwarded = () => true,
  onMetrics,
  onDrop,
}: TelemetryIntakeParts): (signal: Signal, body: Uint8Array) => void {
  return (signal, body) => {
    const forwards = forward !== undefined && isForwarded(signal);
    if (!forwards && signal !== 'metrics') return;
    if (body.length > MAX_FRAME_BYTES) {
      onDrop(signal, `a frame was longer than ${MAX_FRAME_BYTES} bytes`);
      return;
    }
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
      const request: unknown = JSON.parse(text);
      const resources = readMember(text, RESOURCE_MEMBERS[signal])?.trim();
      if (resources?.startsWith('[') !== true) {
        onDrop(signal, `a frame had no list ${RESOURCE_MEMBERS[signal]}`);
        return;
      }
      if (signal === 'metrics') onMetrics(request);
      const inner = resources.slice(1, -1).trim();
      if (forwards && inner !== '') forward(signal, inner);
    } catch (thrown) {
      onDrop(signal, thrown instanceof SyntaxError ? 'a frame was not JSON' : messageOf(thrown));
    }
  };
}
