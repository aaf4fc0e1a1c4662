import { BUILTIN_ADAPTER_KEYS, ENTRY_KEYS, QUEUE_KEYS, QUEUE_MODULE_KEYS } from './keys.ts';

const ENTRY = ['workers:', '  - name: iii-queue'];
const MODULE = [...ENTRY, '    config:'];

/** The sections people most often take one level out of, innermost last. */
const PLACES = [
  {
    keys: QUEUE_MODULE_KEYS,
    where: 'in the `config` of the queue module',
    above: MODULE,
    indent: 6,
  },
  { keys: ENTRY_KEYS, where: 'in an entry of `workers`', above: ENTRY, indent: 4 },
  {
    keys: QUEUE_KEYS,
    where: 'below the name of a queue',
    above: [...MODULE, '      queue_configs:', '        default:'],
    indent: 10,
  },
  {
    keys: BUILTIN_ADAPTER_KEYS,
    where: 'in the `config` of the adapter',
    above: [...MODULE, '      adapter:', '        name: builtin', '        config:'],
    indent: 10,
  },
] as const;

/** Where a key that is unknown here belongs, with the lines to write; `undefined` for a stranger. */
export function misplacedHint(key: string): string | undefined {
  const place = PLACES.find(({ keys }) => Object.hasOwn(keys, key));
  if (place === undefined) return undefined;
  const lines = [...place.above, `${' '.repeat(place.indent)}${key}: …`];
  return [`It belongs ${place.where}:`, ...lines.map((line) => `  ${line}`)].join('\n');
}
