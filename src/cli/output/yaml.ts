import { hasUnsafeText, printableJson } from './escape.ts';
import { JsonText } from './json.ts';

/** Writes a value as YAML, safe for a terminal. */
export async function writeYaml(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  const plainValue: unknown = JSON.parse(
    JSON.stringify(value, (_key, member: unknown) =>
      member instanceof JsonText ? (JSON.parse(member.text) as unknown) : member,
    ),
  );
  if (!hasUnsafeText(JSON.stringify(plainValue))) return stringify(plainValue, { lineWidth: 0 });
  // Inside double quotes YAML knows the same escapes as JSON.
  return printableJson(
    stringify(plainValue, {
      lineWidth: 0,
      defaultStringType: 'QUOTE_DOUBLE',
      defaultKeyType: 'QUOTE_DOUBLE',
    }),
  );
}
