import { depthOf } from '../base/json.ts';
import type { DroppedFrame } from './messages.ts';

/** A frame that holds a JSON object with a `type`; its members are not checked yet. */
export interface Frame {
  readonly kind: 'frame';
  readonly type: string;
  readonly text: string;
  readonly members: Readonly<Record<string, unknown>>;
}

/** Reason of a frame without content; such frames are usual and not worth a line in the log. */
export const EMPTY_FRAME = 'empty';

/** Nesting of what the engine reads and writes again; deeper values would overflow the stack there. */
export const MAX_MEMBER_DEPTH = 64;

/** Opens the text of a frame. A reason says what is wrong and never repeats the content. */
export function openFrame(text: string): Frame | DroppedFrame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return dropped(text.trim() === '' ? EMPTY_FRAME : 'not valid JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return dropped('not a JSON object');
  }
  const members = value as Readonly<Record<string, unknown>>;
  if (typeof members.type !== 'string') return dropped('type is missing or not a string');
  return { kind: 'frame', type: members.type, text, members };
}

export function dropped(reason: string): DroppedFrame {
  return { kind: 'dropped', reason };
}

/** What is wrong with a frame whose members all become values: one of `names` is no string, or it is too deep. */
export function findFault(frame: Frame, names: readonly string[]): DroppedFrame | null {
  const lacking = names.find((name) => typeof frame.members[name] !== 'string');
  if (lacking !== undefined) return missing(frame, lacking);
  return depthOf(frame.text) > MAX_MEMBER_DEPTH + 1 ? tooDeep(frame) : null;
}

/** Only for frames of a known type: the type goes into the reason. */
export function missing(frame: Frame, name: string): DroppedFrame {
  return dropped(`${frame.type}: ${name} is missing or not a string`);
}

/** Only for frames of a known type: the type goes into the reason. */
export function tooDeep(frame: Frame): DroppedFrame {
  return dropped(`${frame.type}: nested deeper than ${MAX_MEMBER_DEPTH} levels`);
}

/** A member that `findFault` found to be a string. */
export function stringIn(frame: Frame, name: string): string {
  const value = frame.members[name];
  return typeof value === 'string' ? value : '';
}

/** An optional string; anything else counts as absent. */
export function optionalString(frame: Frame, name: string): string | null {
  const value = frame.members[name];
  return typeof value === 'string' ? value : null;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
