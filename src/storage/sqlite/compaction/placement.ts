// Whether a record has a place in its game as it is. Before it: a line that was decoded; after it: compaction.ts, which
// takes it in, or held-games.ts, which keeps it as it stands.

import { OrreryError } from '../../../core/errors.ts';
import { CREATE, MIGRATE, RECOVER, type Record } from '../../../core/patch/record.ts';
import type { GameInfo } from '../../game-info.ts';
import { assertWhole } from './game-rows.ts';

/** `row` is the game's, with everything before the record taken in. Throws DAMAGED. */
export function assertFits(record: Record, row: Pick<GameInfo, 'seq'> | undefined): void {
  const { game, seq, command } = record;
  if (command === CREATE) {
    if (row) throw misplaced('a game was created a second time', game, seq);
  } else if (!row) throw misplaced('a record belongs to a game that was never created', game, seq);
  else if (!follows(record.firstSeq ?? seq, row)) {
    throw misplaced(`a record begins at seq ${record.firstSeq ?? seq} where seq ${row.seq + 1} was due`, game, seq);
  }
  if (command === CREATE || command === MIGRATE || command === RECOVER) assertWhole(record);
}

export function follows(firstSeq: number, row: Pick<GameInfo, 'seq'>): boolean {
  return firstSeq === row.seq + 1;
}

function misplaced(what: string, game: string, seq: number): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what,
    hint: 'Run `orrery check --explain` on the directory.',
    context: { game, seq },
  });
}
