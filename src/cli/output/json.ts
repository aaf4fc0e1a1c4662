import { printableJson } from './escape.ts';

/** JSON that is printed as it stands, so that large numbers and key order survive. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Writes a value as JSON, safe for a terminal: on one line, or indented. */
export function writeJson(value: unknown, pretty: boolean): string {
  const texts: string[] = [];
  const mark = globalThis.crypto.randomUUID();
  const json = JSON.stringify(value, (_key, member: unknown) => {
    if (!(member instanceof JsonText)) return member;
    texts.push(member.text);
    return `${mark}:${texts.length - 1}`;
  });
  const whole = json.replace(
    new RegExp(`"${mark}:(\\d+)"`, 'g'),
    (_, index: string) => texts[Number(index)] ?? 'null',
  );
  return printableJson(pretty ? indentJson(whole) : whole);
}

/** Indents JSON text by two spaces without reading its numbers and strings. */
export function indentJson(json: string): string {
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs) ?? [];
  let depth = 0;
  let output = '';
  const newline = (): string => `\n${'  '.repeat(depth)}`;
  tokens.forEach((token, index) => {
    const closes = token === '}' || token === ']';
    const empty = closes && /^[{[]$/.test(tokens[index - 1] ?? '');
    if (closes) depth -= 1;
    if (closes && !empty) output += newline();
    output += token === ':' ? ': ' : token;
    if (token === '{' || token === '[') {
      depth += 1;
      if (!/^[}\]]$/.test(tokens[index + 1] ?? '')) output += newline();
    } else if (token === ',') output += newline();
  });
  return output;
}
