import type { Range } from './findings.ts';

/** One `${NAME}` or `${NAME:default}` of the text. */
export interface Variable {
  readonly name: string;
  /** `undefined` when the variable must be set. */
  readonly fallback: string | undefined;
  readonly range: Range;
}

/** A text whose variables were replaced by stand-ins of the same length. */
export interface HiddenVariables {
  readonly text: string;
  readonly variables: readonly Variable[];
}

/**
 * The original's rule, kept to one line: the default may be empty and may hold `:`, but no `}`. The
 * bounds keep the search linear in a text full of beginnings without an end.
 */
const VARIABLE = /\$\{([^}:\n$]{1,256})(?::([^}\n]{0,4096}))?\}/g;

/*
 * A stand-in is made of private-use characters, which are plain text to YAML in every position:
 * one that opens it, two digits that number the variable, and as many fillers as the variable is
 * longer than these three. So every offset stays that of the
 * text as written, and a number survives whatever YAML does to line breaks around it.
 */
const OPEN = '\u{e000}';
const FILLER = '\u{e001}';
const FIRST_DIGIT = 0xe100;
const BASE = 0x1000;
const STAND_IN = /\u{e000}([\u{e100}-\u{f0ff}])([\u{e100}-\u{f0ff}])\u{e001}*/gu;

/** Puts stand-ins in place of all variables, so that neither braces nor values can be read as YAML. */
export function hideVariables(text: string): HiddenVariables {
  const variables: Variable[] = [];
  const hidden = text.replaceAll(
    VARIABLE,
    (written: string, name: string, fallback: string | undefined, offset: number) => {
      const id = variables.length;
      variables.push({ name, fallback, range: [offset, offset + written.length] });
      const digits = [Math.floor(id / BASE), id % BASE].map((digit) =>
        String.fromCharCode(FIRST_DIGIT + digit),
      );
      return OPEN + digits.join('') + FILLER.repeat(written.length - 3);
    },
  );
  return { text: hidden, variables };
}

/** Whether a text is one variable and nothing else. */
export function isOneVariable(hidden: string): boolean {
  return hidden.startsWith(OPEN) && hidden.replace(STAND_IN, '') === '';
}

export function hasVariable(hidden: string): boolean {
  return hidden.search(STAND_IN) !== -1;
}

/** Replaces every stand-in by what `valueOf` says of its variable. */
export function fillVariables(
  hidden: string,
  variables: readonly Variable[],
  valueOf: (variable: Variable) => string,
): string {
  return hidden.replaceAll(STAND_IN, (standIn: string, high: string, low: string) => {
    const id = (high.charCodeAt(0) - FIRST_DIGIT) * BASE + low.charCodeAt(0) - FIRST_DIGIT;
    const variable = variables[id];
    return variable === undefined ? standIn : valueOf(variable);
  });
}

/** What an unquoted YAML scalar of this text is, by the core schema. */
export function scalarOf(text: string): string | number | boolean | null {
  const trimmed = text.trim();
  if (/^(?:~|null|Null|NULL)?$/.test(trimmed)) return null;
  if (/^(?:true|True|TRUE)$/.test(trimmed)) return true;
  if (/^(?:false|False|FALSE)$/.test(trimmed)) return false;
  const isInteger = /^(?:[-+]?\d+|0o[0-7]+|0x[\da-fA-F]+)$/.test(trimmed);
  const isFloat = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(trimmed);
  return isInteger || isFloat ? Number(trimmed) : text;
}
