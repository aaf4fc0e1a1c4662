import { IiiError } from '../../base/errors.ts';

/** Words end at these and at white space. */
const OPERATORS = new Set(['=', '!', '~', '<', '>', '(', ')', ',']);
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** A piece of a selector. Columns count from 0. */
export interface Token {
  readonly kind: 'word' | 'text' | 'operator' | 'end';
  /** The word, the text without its quotes, or the operator; empty at the end. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The text of a selector, read piece by piece; every complaint points at the place. */
export class Source {
  readonly text: string;
  #at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The next piece, without taking it. */
  peek(): Token {
    const start = this.#skipSpace();
    const first = this.text.charAt(start);
    if (first === '') return { kind: 'end', text: '', start, end: start };
    if (first === '"' || first === "'") return this.#quoted(start, first);
    if (OPERATORS.has(first)) {
      const two = this.text.slice(start, start + 2);
      const text = ['!=', '!~', '<=', '>=', '=='].includes(two) ? two : first;
      return { kind: 'operator', text, start, end: start + text.length };
    }
    let end = start;
    while (end < this.text.length && !this.#endsWord(end)) end++;
    return { kind: 'word', text: this.text.slice(start, end), start, end };
  }

  take(): Token {
    const token = this.peek();
    this.#at = token.end;
    return token;
  }

  /** Takes the next piece if it is this word, in any case. */
  takeWord(word: string): boolean {
    const token = this.peek();
    if (token.kind !== 'word' || token.text.toLowerCase() !== word) return false;
    this.#at = token.end;
    return true;
  }

  takeOperator(operator: string): boolean {
    const token = this.peek();
    if (token.kind !== 'operator' || token.text !== operator) return false;
    this.#at = token.end;
    return true;
  }

  /** Goes back to the start of a piece, to read it in another way. */
  seek(at: number): void {
    this.#at = at;
  }

  /** A complaint about the characters from `start` to `end`, with a line that points at them. */
  complain(message: string, at: { readonly start: number; readonly end: number }, hint?: string) {
    const { start } = at;
    const length = Math.max(1, Math.min(at.end, this.text.length) - start);
    const line = this.text.replace(/\s/g, ' ');
    return new IiiError(
      'SELECTOR_INVALID',
      `column ${start + 1}: ${message}\n  ${line}\n  ${' '.repeat(start)}${'^'.repeat(length)}`,
      {
        reason: 'a selector that cannot be read whole selects nothing',
        hint: hint ?? `write it like: state=dead and error~"429" and age>1h`,
        details: { column: start + 1, length, selector: this.text },
      },
    );
  }

  #skipSpace(): number {
    let at = this.#at;
    while (isSpace(this.text.charAt(at))) at++;
    return at;
  }

  #endsWord(at: number): boolean {
    const character = this.text.charAt(at);
    return isSpace(character) || OPERATORS.has(character) || character === '"' || character === "'";
  }

  #quoted(start: number, quote: string): Token {
    let text = '';
    for (let at = start + 1; at < this.text.length; at++) {
      const character = this.text.charAt(at);
      if (character === quote) return { kind: 'text', text, start, end: at + 1 };
      if (character !== '\\') {
        text += character;
        continue;
      }
      at++;
      const escaped = this.text.charAt(at);
      const hex = escaped === 'u' ? /^[0-9a-f]{4}/i.exec(this.text.slice(at + 1, at + 5)) : null;
      if (hex !== null) {
        text += String.fromCharCode(Number.parseInt(hex[0], 16));
        at += 4;
      } else if (escaped === '\\' || escaped === quote) text += escaped;
      else text += ESCAPES[escaped] ?? `\\${escaped}`;
    }
    throw this.complain(`this text has no closing ${quote}`, { start, end: this.text.length });
  }
}

function isSpace(character: string): boolean {
  return character !== '' && character <= ' ';
}
