import type { JsonPath } from '../../base/json.ts';
import type { Source } from './source.ts';

const NAME = /[^\s=!~<>(),."'[\]]+/y;
const INDEX = /\[(\d{1,9})\]/y;
const QUOTED = /\[?("(?:[^"\\]|\\.)*")\]?/y;

/**
 * Reads a path such as `payload.items[0].sku` or `payload."odd name"` from `start`, and leaves the
 * source behind it. The first word, `payload`, is not in the answer.
 */
export function readPath(source: Source, start: number): JsonPath {
  const { text } = source;
  const path: (string | number)[] = [];
  let at = start + 'payload'.length;
  for (;;) {
    const next = text.charAt(at);
    if (next === '[' && text.charAt(at + 1) !== '"') {
      const index = matchAt(INDEX, text, at);
      if (index === null) throw complainAt(at, 'here a place is missing, such as [0]');
      path.push(Number(index[1]));
      at += index[0].length;
    } else if (next === '.' || next === '[') {
      const from = next === '.' ? at + 1 : at;
      const quoted = matchAt(QUOTED, text, from);
      const name = quoted ?? matchAt(NAME, text, from);
      if (name === null) throw complainAt(at, 'here the name of a member is missing');
      path.push(quoted === null ? name[0] : readQuoted(quoted[1] ?? '', from));
      at = from + name[0].length;
    } else {
      source.seek(at);
      return path;
    }
  }

  function readQuoted(quoted: string, from: number): string {
    try {
      return JSON.parse(quoted) as string;
    } catch {
      throw complainAt(from, 'this name cannot be read');
    }
  }

  function complainAt(place: number, message: string) {
    return source.complain(message, { start: place, end: place + 1 });
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
