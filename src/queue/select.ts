import { canonicalText, type JsonPath } from '../base/json.ts';
import { parseDuration } from '../base/duration.ts';
import { parseTime } from '../base/time.ts';
import { allOf, anyOf, not, type Condition } from './select/condition.ts';
import { FIELDS, mayBeNone, OTHER_NAMES, type Field } from './select/fields.ts';
import { readPath } from './select/path.ts';
import { compilePattern, MAX_PATTERN_LENGTH } from './select/pattern.ts';
import {
  compare,
  inOrder,
  payloadCompares,
  payloadEquals,
  payloadMatches,
  type Literal,
  type Order,
} from './select/payload.ts';
import { Source, type Token } from './select/source.ts';

/** Longest selector, in characters; longest list of values; deepest nesting of parentheses. */
const MAX_SELECTOR_LENGTH = 4_096;
const MAX_NESTING = 50;

const ORDERS: readonly string[] = ['<', '<=', '>', '>='];
const NUMBER = /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/;

/**
 * The selector language:
 *
 *     selector  = term { "or" term }
 *     term      = factor { "and" factor }
 *     factor    = "not" factor | "(" selector ")" | condition
 *     condition = field operator value | field "in" "(" value { "," value } ")"
 *     operator  = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~"
 *     value     = word | number | duration | time | 'text' | "text"
 *
 * Fields are those of `select/fields.ts`, and `payload` with a path behind it. `~` finds a part of a
 * text, or with `*` in it matches the whole. `null` is what is not there. `!=` and `!~` are the opposite of `=` and `~`, also for
 * what is not there. Times such as `now-1h` and ages count from `nowMs`.
 *
 * @throws IiiError SELECTOR_INVALID that points at the column
 */
export function parseSelector(text: string, nowMs: number): Condition {
  const source = new Source(text);
  if (text.length > MAX_SELECTOR_LENGTH) {
    const rest = { start: 0, end: 1 };
    throw source.complain(`a selector has ${MAX_SELECTOR_LENGTH} characters at most`, rest);
  }
  const parser = new Parser(source, nowMs);
  return parser.parse();
}

class Parser {
  readonly #source: Source;
  readonly #nowMs: number;
  #nesting = 0;

  constructor(source: Source, nowMs: number) {
    this.#source = source;
    this.#nowMs = nowMs;
  }

  parse(): Condition {
    const condition = this.#any();
    const rest = this.#source.peek();
    if (rest.kind === 'end') return condition;
    throw this.#source.complain(
      `'${rest.text}' is not expected here: conditions are joined by and, or`,
      rest,
    );
  }

  #any(): Condition {
    const parts = [this.#all()];
    while (this.#source.takeWord('or')) parts.push(this.#all());
    return anyOf(parts);
  }

  #all(): Condition {
    const parts = [this.#factor()];
    while (this.#source.takeWord('and')) parts.push(this.#factor());
    return allOf(parts);
  }

  #factor(): Condition {
    const source = this.#source;
    const here = source.peek();
    if (++this.#nesting > MAX_NESTING) throw source.complain('this is nested too deep', here);
    try {
      if (source.takeWord('not')) return not(this.#factor());
      if (!source.takeOperator('(')) return this.#condition();
      const inner = this.#any();
      if (source.takeOperator(')')) return inner;
      throw source.complain(
        `here a ) is missing for the ( in column ${here.start + 1}`,
        source.peek(),
      );
    } finally {
      this.#nesting--;
    }
  }

  #condition(): Condition {
    const source = this.#source;
    const name = source.peek();
    if (name.kind !== 'word') {
      const what =
        name.kind === 'end' ? 'here a condition is missing' : `'${name.text}' is no field`;
      throw source.complain(what, name);
    }
    if (/^payload([.[]|$)/.test(name.text)) return this.#payload(readPath(source, name.start));
    source.take();
    const field = FIELDS[OTHER_NAMES[name.text] ?? name.text];
    if (field !== undefined && Object.hasOwn(FIELDS, OTHER_NAMES[name.text] ?? name.text)) {
      return this.#compare(
        (operator, value) => this.#onField(field, name.text, operator, value),
        name.text,
      );
    }
    throw source.complain(
      `there is no field '${name.text}'`,
      name,
      `the fields are ${Object.keys(FIELDS).join(', ')}, and payload.<path>`,
    );
  }

  #payload(path: JsonPath): Condition {
    return this.#compare((operator, value) => {
      if (operator.text === '~') return payloadMatches(path, this.#pattern(value));
      const literal = this.#literal(value);
      if (operator.text === '=') return payloadEquals(path, literal);
      if (typeof literal.value === 'boolean' || literal.value === null) {
        throw this.#source.complain(`${value.text} is neither more nor less than anything`, value);
      }
      return payloadCompares(path, operator.text as Order, literal);
    }, 'payload');
  }

  /** Reads operator and value, or a list of values, and makes the condition of it. */
  #compare(make: (operator: Token, value: Token) => Condition, name: string): Condition {
    const source = this.#source;
    const operator = source.take();
    if (operator.kind === 'word' && operator.text.toLowerCase() === 'in') {
      if (!source.takeOperator('(')) {
        throw source.complain('here a ( is missing: in (a, b)', source.peek());
      }
      const equals: Token = { ...operator, kind: 'operator', text: '=' };
      const parts = [make(equals, this.#value())];
      while (source.takeOperator(',')) parts.push(make(equals, this.#value()));
      if (!source.takeOperator(')')) {
        throw source.complain('here a ) is missing at the end of the list', source.peek());
      }
      return anyOf(parts);
    }
    if (operator.kind !== 'operator' || ['(', ')', ',', '!'].includes(operator.text)) {
      throw source.complain(`behind ${name} one of = != < <= > >= ~ !~ in is missing`, operator);
    }
    const value = this.#value();
    if (operator.text === '==') return make({ ...operator, text: '=' }, value);
    if (operator.text.startsWith('!')) {
      return not(make({ ...operator, text: operator.text.slice(1) }, value));
    }
    return make(operator, value);
  }

  #value(): Token {
    const value = this.#source.take();
    if (value.kind === 'word' || value.kind === 'text') return value;
    throw this.#source.complain('here a value is missing', value);
  }

  #onField(field: Field, name: string, operator: Token, value: Token): Condition {
    const isNone = value.kind === 'word' && value.text === 'null' && operator.text === '=';
    if (isNone && mayBeNone(field)) {
      const { read } = field;
      const cost = field.kind === 'text' ? field.cost : 0;
      return { cost, test: (job) => read(job) === null };
    }
    const order = ORDERS.includes(operator.text) ? (operator.text as Order) : null;
    switch (field.kind) {
      case 'text': {
        const { cost, read, readAll = read, choices } = field;
        if (operator.text === '~') {
          const matches = compilePattern(this.#pattern(value));
          const isFound = (text: string | null): boolean => text !== null && matches(text);
          // what is the whole text of one need not be that of the other
          const isEither = readAll !== read && value.text.includes('*');
          return {
            cost,
            test: (job) => isFound(readAll(job)) || (isEither && isFound(read(job))),
          };
        }
        if (choices !== undefined && !choices.includes(value.text)) {
          const list = choices.join(', ');
          throw this.#source.complain(
            `${name} is never '${value.text}'`,
            value,
            `it is one of ${list}`,
          );
        }
        const wanted = value.text;
        if (order === null) return { cost, test: (job) => read(job) === wanted };
        return {
          cost,
          test: (job) => {
            const text = read(job);
            return text !== null && inOrder(order, compare(text, wanted));
          },
        };
      }
      case 'number': {
        const { read } = field;
        const wanted = Number(value.text);
        if (!NUMBER.test(value.text)) throw this.#notA(name, 'a number', `${name}>3`, value);
        return this.#onNumber(operator, order, wanted, read);
      }
      case 'time': {
        const { read } = field;
        const wanted = parseTime(value.text, this.#nowMs);
        if (wanted === undefined) {
          throw this.#notA(name, 'a time', `${name}>now-1h, or "2026-01-31T09:00:00Z"`, value);
        }
        return this.#onNumber(operator, order, wanted, read);
      }
      case 'age': {
        const { read } = field;
        const wanted = parseDuration(value.text);
        if (wanted === undefined) {
          throw this.#notA(name, 'a duration', `${name}>30s, 5m, 2h or 7d`, value);
        }
        return this.#onNumber(operator, order, wanted, (job) => {
          const at = read(job);
          return at === null ? null : this.#nowMs - at;
        });
      }
    }
  }

  #onNumber(
    operator: Token,
    order: Order | null,
    wanted: number,
    read: (job: Parameters<Condition['test']>[0]) => number | null,
  ): Condition {
    if (operator.text === '~') {
      throw this.#source.complain('~ looks into texts; here it is = != < <= > >=', operator);
    }
    if (order === null) return { cost: 0, test: (job) => read(job) === wanted };
    return {
      cost: 0,
      test: (job) => {
        const number = read(job);
        return number !== null && inOrder(order, compare(number, wanted));
      },
    };
  }

  #notA(name: string, what: string, example: string, value: Token) {
    return this.#source.complain(
      `${name} is ${what}, '${value.text}' is not`,
      value,
      `write ${example}`,
    );
  }

  #pattern(value: Token): string {
    if (value.text.length > 0 && value.text.length <= MAX_PATTERN_LENGTH) return value.text;
    const what = value.text === '' ? 'is empty' : `is longer than ${MAX_PATTERN_LENGTH} characters`;
    throw this.#source.complain(`what ~ looks for ${what}`, value);
  }

  /** A word is a number, `true`, `false` or `null` when it looks like one; in quotes it is a text. */
  #literal({ kind, text }: Token): Literal {
    if (kind === 'word') {
      if (NUMBER.test(text)) return { value: Number(text), json: canonicalText(text) };
      if (text === 'true' || text === 'false') return { value: text === 'true', json: text };
      if (text === 'null') return { value: null, json: text };
    }
    return { value: text, json: JSON.stringify(text) };
  }
}
