import { StringDecoder } from 'node:string_decoder';

/** One key as the live view understands it. */
export interface Key {
  readonly name:
    | 'up'
    | 'down'
    | 'enter'
    | 'escape'
    | 'backspace'
    | 'interrupt'
    | 'suspend'
    | 'redraw'
    | 'text'
    | 'other';
  /** What was typed; empty unless `name` is `text`. */
  readonly text: string;
}

const NAMED: Readonly<Record<string, Key['name']>> = {
  '\u001b[A': 'up',
  '\u001bOA': 'up',
  '\u001b[B': 'down',
  '\u001bOB': 'down',
  '\r': 'enter',
  '\n': 'enter',
  '\u001b': 'escape',
  '\u007f': 'backspace',
  '\b': 'backspace',
  '\u0003': 'interrupt',
  '\u001a': 'suspend',
  '\u000c': 'redraw',
};

/** An escape sequence, or one character. */
// eslint-disable-next-line no-control-regex -- the escape character begins what arrow keys send
const PIECES = /\u001b(?:\[[\d;]*[A-Za-z~]|O[A-Z])|./gsu;

/** The start of an escape sequence, whose rest has not come yet; or the key Escape. */
// eslint-disable-next-line no-control-regex -- the escape character begins what arrow keys send
const UNFINISHED = /\u001b(?:\[[\d;]*|O)?$/u;

/** Puts together what comes in parts, as it does over a slow line. */
export class KeyReader {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  /** The keys that have come in full. */
  read(bytes: Buffer): readonly Key[] {
    const text = this.#rest + this.#decoder.write(bytes);
    this.#rest = UNFINISHED.exec(text)?.[0] ?? '';
    return readKeys(text.slice(0, text.length - this.#rest.length));
  }

  /** What nothing came after, so that it is a key itself. */
  rest(): readonly Key[] {
    const text = this.#rest;
    this.#rest = '';
    return readKeys(text);
  }
}

/** Reads what a terminal in raw mode sends. */
export function readKeys(bytes: string): readonly Key[] {
  return (bytes.match(PIECES) ?? []).map((piece): Key => {
    const name = NAMED[piece];
    if (name !== undefined) return { name, text: '' };
    return piece >= ' ' && !piece.startsWith('\u001b')
      ? { name: 'text', text: piece }
      : { name: 'other', text: '' };
  });
}
