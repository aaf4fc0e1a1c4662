import { hasUnsafeText, printableJson } from './escape.ts';
import { writeJson } from './json.ts';

/**
 * Writes a value as YAML, safe for a terminal. It is read from the JSON text, of which YAML is a
 * superset, so that large integers and `1.0` in a payload stay as they were sent.
 */
export async function writeYaml(value: unknown): Promise<string> {
  const { parseDocument, visit } = await import('yaml');
  const json = writeJson(value, false);
  const document = parseDocument(json, { intAsBigInt: true, uniqueKeys: false });
  // Inside double quotes YAML knows the same escapes as JSON.
  const quoted = hasUnsafeText(json);
  visit(document, {
    Collection: (_key, node) => {
      node.flow = node.items.length === 0;
    },
    Scalar: (_key, node) => {
      if (!quoted) delete node.type;
    },
  });
  return printableJson(document.toString({ lineWidth: 0 }));
}
