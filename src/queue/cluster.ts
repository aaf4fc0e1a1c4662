import type { JobError } from './types.ts';

/**
 * Errors that differ only in names and numbers are one cluster: everything that is particular to one
 * job is written as what it is, and the rest is hashed. Each text is read once from left to right.
 */

/** Characters of a message that count; what comes after does not make another cluster. */
const MAX_READ = 2_048;
const MAX_NORMALISED = 400;
/** Characters that stay together as one word, besides letters and digits. */
const INNER = new Set('_-.:/\\@#%+=?&$~');
const TRAILING = new Set('.:,-?=&');
const QUOTES = new Set('"\'`');
/** Words whose number says what went wrong: `HTTP 429` and `HTTP 500` are two clusters. */
const TELLING = new Set(['http', 'status', 'code', 'statuscode', 'errno', 'exit', 'signal']);
const TELLING_DIGITS = 3;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const HEX = /^(0x)?[0-9a-f]+$/i;
const NUMBER = /^[-+]?\d[\d.,_]*([a-z%]{1,3})?$/i;
const LONG_HEX = 8;
const LONG_ID = 16;

/** The message without what is particular to one job: ids, numbers, hex, UUIDs, paths, quoted texts. */
export function normaliseError(message: string): string {
  const text = message.length > MAX_READ ? message.slice(0, MAX_READ) : message;
  let normalised = '';
  let before = '';
  let at = 0;
  const unclosed = new Set<string>();
  while (at < text.length && normalised.length < MAX_NORMALISED) {
    const character = text.charAt(at);
    if (QUOTES.has(character) && !unclosed.has(character) && !isWord(text.charAt(at - 1))) {
      const end = text.indexOf(character, at + 1);
      if (end === -1) unclosed.add(character);
      else {
        normalised += '<text>';
        at = end + 1;
        continue;
      }
    }
    if (character <= ' ') {
      if (!normalised.endsWith(' ')) normalised += ' ';
      at++;
    } else if (!isInner(character)) {
      normalised += character;
      at++;
    } else {
      let end = at + 1;
      while (end < text.length && isInner(text.charAt(end))) end++;
      while (end > at + 1 && TRAILING.has(text.charAt(end - 1))) end--;
      const word = text.slice(at, end);
      normalised += normaliseWord(word, before);
      before = word.toLowerCase();
      at = end;
    }
  }
  return normalised.trim().slice(0, MAX_NORMALISED);
}

function normaliseWord(word: string, before: string): string {
  if (!hasDigit(word)) return isPath(word) ? '<path>' : word;
  if (UUID.test(word)) return '<uuid>';
  if (isPath(word)) return '<path>';
  if (NUMBER.test(word)) {
    const tells = TELLING.has(before.replace(/[:=]$/, '')) && word.length <= TELLING_DIGITS;
    return tells ? word : '<number>';
  }
  if (HEX.test(word) && (word.length >= LONG_HEX || /^0x/i.test(word))) return '<hex>';
  if (word.length >= LONG_ID && !word.includes('=')) return '<id>';
  return word.replace(/\d+/g, '<number>');
}

function isPath(word: string): boolean {
  const first = word.indexOf('/');
  if (first === 0 || word.startsWith('./') || word.startsWith('../') || word.includes('://')) {
    return word.length > 1;
  }
  if (/^[a-z]:\\/i.test(word)) return true;
  return first !== -1 && word.includes('/', first + 1);
}

function hasDigit(word: string): boolean {
  return /\d/.test(word);
}

function isWord(character: string): boolean {
  return /[\p{L}\p{N}]/u.test(character);
}

function isInner(character: string): boolean {
  const code = character.charCodeAt(0);
  if (code >= 0x80) return true;
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    INNER.has(character)
  );
}

/** Fingerprints worked out lately: the errors of a queue are mostly the same few texts. */
const known = new Map<string, string>();
const MAX_KNOWN = 1_000;
const MAX_KNOWN_LENGTH = 500;

/** Ten hex digits that are the same for all errors of one cluster. */
export function fingerprintOf({ code, message }: JobError): string {
  const key = `${code}\n${message}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const fingerprint = hash(`${code}\n${normaliseError(message)}`);
  if (key.length <= MAX_KNOWN_LENGTH) {
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(key, fingerprint);
  }
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

/** Whether a text can be a fingerprint. */
export function isFingerprint(text: string): boolean {
  return /^[0-9a-f]{10}$/.test(text);
}
