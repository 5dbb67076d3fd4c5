// Options as somebody passed them, held against those there are: a name that is misspelt would be left unheeded, in
// silence. Every public function with options asks here before it does anything.

import { OrreryError, type OrreryErrorContext } from './errors.ts';

/** What the value of an option is. 'checked': whoever reads it has more to say about it. */
type Kind = 'boolean' | 'string' | 'function' | 'milliseconds' | 'checked';

/** Every option of a function. */
export type OptionsOf<T> = { readonly [K in keyof Required<T>]: Kind };

/**
 * `whose` is what they are the options of. Throws INVALID_OPTION; undefined is no options, and an option that is left
 * out.
 */
export function assertOptions<T>(
  whose: string,
  options: unknown,
  known: OptionsOf<T>,
  context: OrreryErrorContext = {},
): void {
  if (options === undefined) return;
  const refusal = (what: string): OrreryError => {
    const names = Object.keys(known).join(', ');
    return new OrreryError({ code: 'INVALID_OPTION', what, hint: `The options of ${whose} are: ${names}.`, context });
  };
  if (typeof options !== 'object' || options === null) throw refusal(`the options of ${whose} are no object`);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name)) throw refusal(`${whose} has no option ${JSON.stringify(name)}`);
    const kind = (known as { readonly [name: string]: Kind })[name] as Kind;
    if (value !== undefined && !isOf(kind, value)) throw refusal(`the option \`${name}\` of ${whose} is no ${kind}`);
  }
}

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === 'checked') return true;
  if (kind === 'milliseconds') return typeof value === 'number' && value >= 0 && value <= 2 ** 31 - 1;
  return typeof value === kind;
}
