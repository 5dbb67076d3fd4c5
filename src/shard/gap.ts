// A batch that is not the next of its game: what the owner says to it.

import { OrreryError } from '../errors.ts';

export function gap(game: string, firstSeq: number, due: number): OrreryError {
  return new OrreryError({
    code: 'INTERNAL',
    what: `a batch begins at seq ${firstSeq} where seq ${due} was due`,
    hint: 'This is a defect in Orrery: please report it with this message.',
    context: { game, seq: firstSeq },
  });
}
