import { describe, expect, it } from 'vitest';
import { JsonText } from '../../../src/cli/output/json.ts';
import { writeYaml } from '../../../src/cli/output/yaml.ts';

describe('YAML output', () => {
  it('keeps a payload as it was sent: large integers, 1.0, the order of keys', async () => {
    const payload = new JsonText('{"n":9007199254740993,"f":1.0,"b":[],"a":{}}');
    expect(await writeYaml({ payload })).toBe(
      'payload:\n  n: 9007199254740993\n  f: 1.0\n  b: []\n  a: {}\n',
    );
  });
});
