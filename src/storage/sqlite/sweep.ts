// Away with files that mean nothing any more, such as those that a crash left under temporary names.

import type { OrreryError } from '../../core/errors.ts';
import { type Files, tidy } from './files.ts';

/**
 * Removes files that mean nothing any more. One that another program holds is passed over, and is there for the next
 * sweep. Returns the first failure.
 */
export function sweep(files: Files, folder: string, names: readonly string[]): OrreryError | undefined {
  const failures = names.map((name) => tidy(() => files.remove(`${folder}/${name}`)));
  return failures.find((failure) => failure !== undefined);
}
