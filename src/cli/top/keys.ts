/** One key as the live view understands it. */
export interface Key {
  readonly name: 'up' | 'down' | 'enter' | 'escape' | 'backspace' | 'interrupt' | 'text' | 'other';
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
};

/** An escape sequence, or one character. */
// eslint-disable-next-line no-control-regex -- the escape character begins what arrow keys send
const PIECES = /\u001b(?:\[[\d;]*[A-Za-z~]|O[A-Z])|./gsu;

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
