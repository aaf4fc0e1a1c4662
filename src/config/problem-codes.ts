/** Every kind of finding in a configuration, with what it means. The names are stable. */
export const PROBLEM_CODES = {
  // the text
  file_too_large: 'The file is larger than 1 MiB.',
  yaml_syntax: 'The text is not YAML.',
  tab_indent: 'A line is indented with a tab; YAML takes spaces only.',
  multiple_documents: 'The file holds more than one YAML document.',
  yaml_directive: 'The file has a `%YAML` or `%TAG` line.',
  yaml_tag: 'A value has a tag such as `!!binary`.',
  merge_key: 'A map uses the merge key `<<`.',
  alias_limit: 'The file uses aliases too often, or one inside the value it names.',
  duplicate_key: 'A map has the same key twice.',
  wrong_key: 'A key is not plain text.',
  empty_file: 'The file has no settings; every default applies.',

  // variables
  unset_variable: 'A variable has no value and no default.',
  variable_in_key: 'A variable stands in a key; only values are expanded.',
  nested_variable: 'A variable stands inside the default of another.',

  // keys and values
  unknown_key: 'There is no such key here.',
  misplaced_key: 'The key exists, but belongs elsewhere.',
  missing_key: 'A key that is needed here is not there.',
  conflicting_keys: 'Two keys say the same thing.',
  wrong_type: 'The value is of another kind than expected.',
  out_of_range: 'The value is too small, too large, or not one of the choices.',
  bad_name: 'A name is empty, too long, or has control characters.',

  // modules and stores
  unknown_module: 'There is no module of this name.',
  duplicate_module: 'The same module is listed twice.',
  unknown_adapter: 'There is no adapter of this name.',
  store_not_available: 'The adapter exists in the original, but not in this version.',
  store_cannot: 'A queue asks for something that its store cannot do.',

  // access
  bad_hash: 'The hash of a token is not a SHA-256.',
  weak_token: 'A token is too short to be safe.',
  unreadable_file: 'The file of a token cannot be read.',
  duplicate_token: 'Two tokens have the same name.',
  token_required: 'The engine would listen beyond this machine without a token.',
  insecure: 'The engine listens beyond this machine without a token, as asked.',

  // accepted, with less effect than one may think
  no_effect: 'The setting changes nothing.',
  unsupported: 'The original has it, this engine does not.',
  not_built_yet: 'The original has it, this version does not yet.',

  too_many_problems: 'Further problems are not listed.',
} as const;

export type ProblemCode = keyof typeof PROBLEM_CODES;
