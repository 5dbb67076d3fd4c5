// The games of a shard: each is folded from its first snapshot over every step it ever took, and has to come by each of its
// later snapshots and end where its row says.

import { shardOf } from '../../directory.ts';
import { OrreryError } from '../../errors.ts';
import type { GameRow, Step } from '../../image/rows.ts';
import { readSnapshot } from '../../image/rows.ts';
import { fold } from '../../patch/apply.ts';
import type { Patch } from '../../patch/patch.ts';
import { MERGED } from '../../patch/record.ts';
import type { ShardContents } from '../../recovery/read-shard.ts';
import { counted, printable } from '../printable.ts';
import type { Findings } from './finding.ts';

/** More games than this are not listed one by one. */
const MOST_LISTED = 20;

const REMEDY = 'Restore the shard from a backup, or copy the game at a moment that `orrery show --seq` can still show.';

export interface GamesExamined {
  readonly games: number;
  readonly commands: number;
  readonly steps: number;
  readonly snapshots: number;
}

/** `shards` is undefined when nobody knows how many there are. */
export function examineGames(
  contents: ShardContents,
  shard: number,
  shards: number | undefined,
  findings: Findings,
): GamesExamined {
  const total = { games: 0, commands: 0, steps: 0, snapshots: 0 };
  let faulty = 0;
  for (const row of contents.digest.games()) {
    total.games += 1;
    const fault = attempt(() => {
      const belongs = shards === undefined ? shard : shardOf(row.id, shards);
      if (belongs !== shard) return `belongs to shard ${belongs}: nobody looks for it here`;
      const { steps, snapshots } = walk(contents, row);
      total.steps += steps;
      total.snapshots += snapshots;
      total.commands += countCommands(contents, row);
      return undefined;
    });
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

function attempt(examine: () => string | undefined): string | undefined {
  try {
    return examine();
  } catch (error) {
    if (error instanceof OrreryError && error.code !== 'FORMAT_TOO_NEW') return error.what;
    // The body of a row inflates and is not JSON: nothing but damage or a stranger's hand does that.
    if (error instanceof SyntaxError) return `a row cannot be read: ${error.message}`;
    throw error;
  }
}

function walk({ database, digest }: ShardContents, row: GameRow): { steps: number; snapshots: number } {
  const [first, ...later] = database
    .all('SELECT seq FROM snapshots WHERE game = ? ORDER BY seq', [row.id])
    .map(({ seq }) => Number(seq));
  if (first === undefined) throw fault('has no snapshot');
  let { state, seq, tick } = begin(snapshotAt(first));
  let steps = 0;
  for (const step of digest.steps(row.id, first, row.seq)) {
    if (step.firstSeq !== seq + 1) throw fault(`has no step from seq ${seq} to seq ${step.firstSeq}`);
    state = advance(state, step);
    ({ lastSeq: seq, tick } = step);
    steps += 1;
    if (seq > (later[0] ?? Number.POSITIVE_INFINITY))
      throw fault(`its snapshot at seq ${later[0]} is in the middle of a step`);
    if (seq !== later[0]) continue;
    if (JSON.stringify(state) !== snapshotAt(seq).json)
      throw fault(`its snapshot at seq ${seq} is not what its steps lead to`);
    later.shift();
  }
  if (later[0] !== undefined) throw fault(`its snapshot at seq ${later[0]} is behind its last step`);
  if (seq !== row.seq || tick !== row.tick) {
    throw fault(`its steps end at seq ${seq}, tick ${tick}, and it is listed with seq ${row.seq}, tick ${row.tick}`);
  }
  return { steps, snapshots: database.all('SELECT seq FROM snapshots WHERE game = ?', [row.id]).length };

  function snapshotAt(at: number): NonNullable<ReturnType<typeof readSnapshot>> {
    const snapshot = readSnapshot(database, row.id, at);
    if (!snapshot || snapshot.seq !== at) throw fault(`its snapshot at seq ${at} cannot be found`);
    return snapshot;
  }
}

function begin(snapshot: { json: string; seq: number; tick: number }): { state: unknown; seq: number; tick: number } {
  const value = JSON.parse(snapshot.json) as never;
  const whole: Patch = { op: 'replace', path: [], value };
  return { state: fold(undefined, [whole], 'owned'), seq: snapshot.seq, tick: snapshot.tick };
}

function advance(state: unknown, { lastSeq, patches }: Step): unknown {
  try {
    return fold(state, patches);
  } catch (error) {
    if (error instanceof OrreryError)
      throw fault(`its step to seq ${lastSeq} does not apply: ${error.what} at ${error.context.path}`);
    throw error;
  }
}

/** A seq may only be left out where several commands were merged into one. */
function countCommands({ digest }: ShardContents, row: GameRow): number {
  let seq = 0;
  let count = 0;
  for (const command of digest.commands(row.id, 0, row.seq)) {
    if (command.seq <= seq || (command.seq > seq + 1 && command.name !== MERGED)) {
      throw fault(`its history leads from command ${seq} to command ${command.seq}`);
    }
    seq = command.seq;
    count += 1;
  }
  if (seq !== row.seq) throw fault(`its history ends at command ${seq} in place of ${row.seq}`);
  if (count !== row.records) throw fault(`its history has ${count} commands in place of ${row.records}`);
  return count;
}

function fault(what: string): OrreryError {
  return new OrreryError({ code: 'DAMAGED', what, hint: REMEDY });
}
