// The games of a shard: each is folded from its first snapshot over every step it ever took, and has to come by each of
// its later snapshots and end where its row says. recovery/game-proof.ts does the folding.

import { counted, printable } from '../../../core/printable.ts';
import type { GameInfo } from '../../game-info.ts';
import { shardOf } from '../../shard-of.ts';
import { readFaults } from '../compaction/projected-types.ts';
import { type GameProof, type GameSource, proveGame } from '../recovery/game-proof.ts';
import type { Findings } from './finding.ts';

/** More games than this are not listed one by one. */
const MOST_LISTED = 20;

const REMEDY =
  '`orrery salvage` keeps what comes before it; `orrery show --at` can still show moments. Or restore the shard from a backup.';

const UNIQUE_REMEDY = 'Its rows are back as soon as its state is as was declared. The game itself is whole.';

const UNREADABLE_REMEDY =
  'The other games go on, and what comes before it can be read and forked. `orrery salvage` takes such records over as they stand.';

export interface GamesExamined {
  readonly games: number;
  readonly commands: number;
  readonly steps: number;
  readonly snapshots: number;
}

/**
 * `shards` is undefined when nobody knows how many there are. `further` may find fault with a game that adds up; it
 * gets the state that its rows lead to.
 */
export function examineGames(
  source: GameSource,
  shard: number,
  shards: number | undefined,
  findings: Findings,
  further: (row: GameInfo, proof: GameProof) => string | undefined,
): GamesExamined {
  const total = { games: 0, commands: 0, steps: 0, snapshots: 0 };
  let faulty = 0;
  for (const { game, reason: why } of readFaults(source.database)) {
    const what = `is in none of its type's SQL tables, because its state breaks what they declare unique: ${printable(why)}`;
    findings.add('warning', `game ${JSON.stringify(printable(game))}`, what, UNIQUE_REMEDY);
  }
  for (const { game, seq, frame, records, what } of source.compaction.unreadable) {
    const behind = records > 1 ? `it and the ${records - 1} behind it are` : 'it is';
    const told = `the record of seq ${seq}, of frame ${frame}, cannot be read (${printable(what)}): ${behind} kept as it stands`;
    findings.kept(`game ${JSON.stringify(printable(game))}`, told, UNREADABLE_REMEDY);
  }
  for (const row of source.compaction.games()) {
    total.games += 1;
    const belongs = shards === undefined ? shard : shardOf(row.id, shards);
    let fault: string | undefined;
    if (belongs !== shard) fault = `belongs to shard ${belongs}: nobody looks for it here`;
    else {
      const proof = proveGame(source, row);
      total.steps += proof.steps;
      total.snapshots += proof.snapshots;
      total.commands += proof.commands;
      fault = proof.fault ?? further(row, proof);
    }
    if (fault === undefined) continue;
    faulty += 1;
    if (faulty <= MOST_LISTED) findings.add('error', `game ${JSON.stringify(printable(row.id))}`, fault, REMEDY);
  }
  if (faulty > MOST_LISTED)
    findings.add('error', 'games', `${faulty - MOST_LISTED} more games are faulty as well`, REMEDY);
  if (faulty === 0) {
    const whole = `${counted(total.games, 'game')}: ${counted(total.commands, 'command')}, ${counted(total.steps, 'step')} and`;
    findings.add(
      'ok',
      'games',
      `${whole} ${counted(total.snapshots, 'snapshot')} fold to the newest states without a gap`,
    );
  }
  return total;
}
