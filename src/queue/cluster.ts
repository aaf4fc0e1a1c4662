import { IiiError } from '../base/errors.ts';
import type { JobError } from './types.ts';

/**
 * Errors that differ only in names and numbers are one cluster: everything that is particular to one
 * job is written as what it is, and the rest is hashed. Each text is read once from left to right.
 */

/** Characters of a message that count; what comes after does not make another cluster. */
const MAX_READ = 2_048;
const MAX_NORMALISED = 400;
/** Words whose number says what went wrong: `HTTP 429` and `HTTP 500` are two clusters. */
const TELLING = new Set(['http', 'status', 'code', 'statuscode', 'errno', 'exit', 'signal']);
const TELLING_DIGITS = 3;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const HEX = /^(0x)?[0-9a-f]+$/i;
const NUMBER = /^[-+]?\d[\d.,_]*([a-z%]{1,3})?$/i;
const UUID_LENGTH = 36;
const LONG_HEX = 8;
const LONG_ID = 16;
const SHORT_ID = 6;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
/** What stands between a name and its value. */
const JOINT = /[=&:]/;
const JOINTS = /([=&:])/;
const LETTERS_AND_DIGITS = /[a-z\d]+/gi;

/** What a character is to a word. Everything beyond ASCII is a letter. */
const KIND = { other: 0, space: 1, quote: 2, mark: 3, letter: 4, digit: 5 } as const;
const KINDS = new Uint8Array(128);
for (let code = 0; code < KINDS.length; code++) {
  const character = String.fromCharCode(code);
  if (code <= 0x20 || code === 0x7f) KINDS[code] = KIND.space;
  else if (/[a-z]/i.test(character)) KINDS[code] = KIND.letter;
  else if (/\d/.test(character)) KINDS[code] = KIND.digit;
  else if (/["'`]/.test(character)) KINDS[code] = KIND.quote;
  // characters that stay together with the letters around them
  else if (/[_\-.:/\\@#%+=?&$~]/.test(character)) KINDS[code] = KIND.mark;
}
/** Characters that do not belong to the word they end. */
const TRAILING = '.:,-?=&';
const SLASH = 0x2f;

/** The message without what is particular to one job: ids, numbers, hex, UUIDs, paths, quoted texts. */
export function normaliseError(message: string): string {
  const text = message.length > MAX_READ ? message.slice(0, MAX_READ) : message;
  let normalised = '';
  let endsWithSpace = true;
  let before = '';
  let unclosed = '';
  let at = 0;
  while (at < text.length && normalised.length < MAX_NORMALISED) {
    const kind = kindAt(text, at);
    if (kind === KIND.space) {
      if (!endsWithSpace) normalised += ' ';
      endsWithSpace = true;
      at++;
      continue;
    }
    endsWithSpace = false;
    if (kind === KIND.quote || kind === KIND.other) {
      const quote = text.charAt(at);
      const opens = kind === KIND.quote && !unclosed.includes(quote) && !isWordAt(text, at - 1);
      const end = opens ? text.indexOf(quote, at + 1) : -1;
      if (opens && end === -1) unclosed += quote;
      normalised += end === -1 ? quote : '<text>';
      at = end === -1 ? at + 1 : end + 1;
      continue;
    }
    let end = at;
    let hasDigit = false;
    let hasSlash = false;
    for (let next = kind; next >= KIND.mark; next = kindAt(text, end)) {
      if (next === KIND.digit) hasDigit = true;
      else if (next === KIND.mark && text.charCodeAt(end) === SLASH) hasSlash = true;
      end++;
    }
    while (end > at + 1 && TRAILING.includes(text.charAt(end - 1))) end--;
    const word = text.slice(at, end);
    if ((hasSlash || word.charAt(1) === ':') && isPath(word)) normalised += '<path>';
    else normalised += hasDigit ? normaliseWord(word, before) : word;
    before = word;
    at = end;
  }
  return normalised.trim().slice(0, MAX_NORMALISED);
}

/** A word with a digit in it. */
function normaliseWord(word: string, before: string): string {
  if (NUMBER.test(word)) {
    const tells =
      word.length <= TELLING_DIGITS && TELLING.has(before.toLowerCase().replace(/[:=]$/, ''));
    return tells ? word : '<number>';
  }
  if (word.length === UUID_LENGTH && UUID.test(word)) return '<uuid>';
  if (HEX.test(word) && (word.length >= LONG_HEX || /^0x/i.test(word))) return '<hex>';
  if (TIME.test(word)) return '<time>';
  if (JOINT.test(word)) return normaliseParts(word, before);
  if (word.length >= LONG_ID) return '<id>';
  return word.replace(LETTERS_AND_DIGITS, (part) =>
    isShortId(part) ? '<id>' : part.replace(/\d+/g, '<number>'),
  );
}

/** Each side of `id=…`, `a=1&b=2` and `host:port` by itself. */
function normaliseParts(word: string, before: string): string {
  let last = before;
  return word
    .slice(0, MAX_NORMALISED)
    .split(JOINTS)
    .map((part) => {
      if (part === '' || JOINT.test(part)) return part;
      const normalised = /\d/.test(part) ? normaliseWord(part, last) : part;
      last = part;
      return normalised;
    })
    .join('');
}

/** Letters and digits that take turns: `8f3kd9`, and not `sha256` or `order12`. */
function isShortId(part: string): boolean {
  return part.length >= SHORT_ID && (part.match(/\d+/g)?.length ?? 0) > 1 && /[a-z]/i.test(part);
}

function isPath(word: string): boolean {
  const first = word.indexOf('/');
  if (first === -1) return word.charAt(1) === ':' && /^[a-z]:\\/i.test(word);
  if (first === 0 || word.startsWith('./') || word.startsWith('../') || word.includes('://')) {
    return word.length > 1;
  }
  return word.includes('/', first + 1);
}

function isWordAt(text: string, at: number): boolean {
  return kindAt(text, at) >= KIND.letter;
}

/** `other` where the text has ended. */
function kindAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < KINDS.length
    ? (KINDS[code] ?? KIND.other)
    : code >= 0x80
      ? KIND.letter
      : KIND.other;
}

/** Fingerprints worked out lately, by code and normalised text: a queue has few of those. */
const known = new Map<string, string>();
const MAX_KNOWN = 1_000;

/** Ten hex digits that are the same for all errors of one cluster. */
export function fingerprintOf({ code, message }: JobError): string {
  const key = `${code}\n${normaliseError(message)}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const fingerprint = hash(key);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, fingerprint);
  return fingerprint;
}

/** Two 32-bit multiplicative hashes, mixed into 40 bits: few enough digits to type. */
function hash(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high =
    Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low =
    Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return hex(high, 8) + hex(low & 0xff, 2);
}

function hex(value: number, digits: number): string {
  return (value >>> 0).toString(16).padStart(digits, '0');
}

/** @throws IiiError INVALID_ARGUMENTS when a text cannot be a fingerprint */
export function checkFingerprint(text: string): void {
  if (/^[0-9a-f]{10}$/.test(text)) return;
  throw new IiiError(
    'INVALID_ARGUMENTS',
    `'${text}' is no fingerprint of a cluster, which has 10 hexadecimal digits`,
    {
      reason: 'no dead job can be of a cluster with that name',
      hint: 'take it from the list of clusters: iii dlq errors <queue>',
    },
  );
}
