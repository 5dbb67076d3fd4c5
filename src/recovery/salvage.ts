// One game out of whatever can still be read: the longest prefix of its past that is proven. Before it: shard-remains.ts;
// after it: whoever writes it down again in a new directory, see `orrery salvage`.
//
// A prefix begins with the rows of an image, as far as they add up, or with the record that created the game, and goes on
// with the records of the journal as long as their seqs follow on each other and their patches apply. Seqs have no gaps, so
// a frame that is lost takes nothing from a game that had no record in it.

import { OrreryError } from '../errors.ts';
import type { Row } from '../image/database.ts';
import type { GameRow } from '../image/rows.ts';
import { readSnapshot } from '../image/snapshots.ts';
import { fold } from '../patch/apply.ts';
import type { Json } from '../patch/patch.ts';
import { CREATE } from '../patch/record.ts';
import { complaintOf, proveGame } from './game-proof.ts';
import type { LostFrames } from './journal-remains.ts';
import type { RemainingImage, RemainingRecord, ShardRemains } from './shard-remains.ts';

export interface SalvagedGame {
  readonly id: string;
  readonly type: string;
  /** The last seq of the prefix; -1 when nothing of the game is proven. */
  readonly seq: number;
  /** The highest seq that is known to have been there. */
  readonly knownSeq: number;
  /** `unknown`: nothing says that there was more, but frames are lost that may have held more. */
  readonly whole: 'yes' | 'no' | 'unknown';
  readonly folder: string;
  /** The rows to take over, up to `imageSeq`; undefined when the journal alone tells the whole. */
  readonly image: RemainingImage | undefined;
  /** As the game was at `imageSeq`. */
  readonly row: GameRow | undefined;
  readonly imageSeq: number;
  /** The records behind them, as they stand in the journal. */
  readonly lines: readonly string[];
  /** Why it does not go on. */
  readonly fault: string | undefined;
}

/** Every game of which anything is left, by id. */
export function gamesOf(shards: readonly ShardRemains[]): string[] {
  const ids = shards.flatMap(({ images, records }) => [
    ...images.flatMap(({ games, unlisted }) => [...games.map(({ id }) => id), ...unlisted]),
    ...records.keys(),
  ]);
  return [...new Set(ids)].sort();
}

export function salvageGame(id: string, shards: readonly ShardRemains[]): SalvagedGame {
  let best: SalvagedGame | undefined;
  let knownSeq = -1;
  /** Why what says that there was such a seq does not lead to it. */
  let reason: string | undefined;
  for (const shard of shards) {
    const records = shard.records.get(id) ?? [];
    const images = shard.images.filter(
      ({ games, unlisted }) => games.some((row) => row.id === id) || unlisted.includes(id),
    );
    if (images.length === 0 && records.length === 0) continue;
    for (const image of [...images, undefined]) {
      const found = prefixOf(id, shard, image, records);
      if (found.knownSeq > knownSeq) {
        knownSeq = found.knownSeq;
        reason = found.fault;
      }
      if (!best || isBetter(found, best)) best = found;
    }
  }
  if (!best) throw new RangeError(`nothing is left of ${id}`);
  if (best.seq === knownSeq) return best;
  const fault = best.fault ?? reason ?? `nothing that is left leads on to seq ${knownSeq}`;
  return { ...best, knownSeq, whole: 'no', fault };
}

function isBetter(found: SalvagedGame, best: SalvagedGame): boolean {
  if (found.seq !== best.seq) return found.seq > best.seq;
  if (found.whole !== best.whole) return found.whole === 'yes';
  return found.image?.proven === true && best.image?.proven !== true;
}

/** Where a fold has come to. */
interface Standing {
  readonly seq: number;
  readonly state: unknown;
  readonly type: string;
  readonly tables: readonly string[];
  readonly row?: GameRow;
  readonly fault?: string | undefined;
}

const NOTHING: Standing = { seq: -1, state: undefined, type: '', tables: [] };

function prefixOf(
  id: string,
  shard: ShardRemains,
  image: RemainingImage | undefined,
  records: readonly RemainingRecord[],
): SalvagedGame {
  const row = image?.games.find((each) => each.id === id);
  const base = image && row ? standingIn(image, row, records) : NOTHING;
  const follows = image === undefined || isOf(shard, image);
  const run = goOn(base, follows ? records : []);
  const { standing, lines, frame } = run;
  const fault = standing.fault ?? base.fault;
  const lost = lostBehind(shard, image).filter(({ last }) => last > frame);
  // What an image says that nothing vouches for may be anything.
  const unlisted = image && !row ? 0 : -1;
  const listed = image?.proven && row ? row.seq : Math.max(base.seq, unlisted);
  const knownSeq = Math.max(listed, standing.seq, ...records.map(({ record }) => record.seq));
  return {
    id,
    type: standing.type,
    seq: standing.seq,
    knownSeq,
    whole: lost.length === 0 && fault === undefined ? 'yes' : 'unknown',
    folder: shard.folder,
    image: base.seq < 0 ? undefined : image,
    row: base.row,
    imageSeq: base.seq,
    lines,
    fault: fault ?? lost[0]?.what,
  };
}

/** The frames that would have to be read to go on from an image, or from nothing, and cannot be. */
export function lostBehind(
  { journal }: ShardRemains,
  image: Pick<RemainingImage, 'frame'> | undefined,
): readonly LostFrames[] {
  const from = image?.frame ?? 0;
  const lost = journal.lost.filter(({ last }) => last > from);
  const { firstFrame, newestFrame } = journal;
  if (firstFrame <= from + 1 || newestFrame <= from) return lost;
  const last = firstFrame - 1;
  return [{ first: from + 1, last, file: 'segment-*', what: `frames ${from + 1} to ${last} are in no file` }, ...lost];
}

/** Whether the journal is the one that the image was made from, as far as it reaches back. */
function isOf({ journal }: ShardRemains, image: RemainingImage): boolean {
  const chain = journal.chains.get(image.frame);
  return chain === undefined || chain === image.chain;
}

function standingIn(image: RemainingImage, row: GameRow, records: readonly RemainingRecord[]): Standing {
  const doubt = image.proven ? undefined : doubtAbout(image, row, records);
  if (doubt !== undefined) return { ...NOTHING, fault: doubt };
  const whole = proveGame(image, row);
  if (whole.seq < 0) return { ...NOTHING, fault: whole.fault };
  // A row is taken over whole or not at all.
  const seq = lastRowWithin(image, row, whole.seq);
  const { state, tick, time, commands } = seq === whole.seq ? whole : proveGame(image, { ...row, seq });
  const tables = row.tables.filter((table) => isTable(state, table));
  const standing = { ...row, seq, tick, time, tables, records: commands };
  return { seq, state, type: row.type, tables, row: standing, fault: whole.fault };
}

/**
 * A column of a damaged image may have turned into another number or text: what else says the same? Of the type of a game that
 * was created long ago nothing does: a game that got another one is refused when it is opened, by that name.
 */
function doubtAbout(
  { database }: RemainingImage,
  row: GameRow,
  records: readonly RemainingRecord[],
): string | undefined {
  const type = records[0]?.record.type;
  if (type !== undefined && type !== row.type) return `it is a ${row.type} in the image and a ${type} in the journal`;
  try {
    const created = readSnapshot(database, row.id, row.firstSeq);
    if (!created) return 'the image does not have its creation, and nothing vouches for the image';
    const newest = readSnapshot(database, row.id, row.seq) ?? created;
    if ((row.firstSeq === 0 && created.time !== row.created) || newest.version !== row.version)
      return 'its row and its snapshots disagree';
    return undefined;
  } catch (error) {
    return complaintOf(error);
  }
}

function lastRowWithin({ database }: RemainingImage, row: GameRow, seq: number): number {
  if (seq === row.seq) return seq;
  // The snapshot that the proof began with is among them.
  const found = database.one(
    `SELECT max(seq) AS seq FROM (
       SELECT last_seq AS seq FROM patch_batches WHERE game = ? AND last_seq <= ?
       UNION ALL SELECT seq FROM snapshots WHERE game = ? AND seq <= ?)`,
    [row.id, seq, row.id, seq],
  ) as Row;
  return Number(found['seq']);
}

/** Takes records in as long as they fit. `frame` is that of the last one. */
function goOn(
  base: Standing,
  records: readonly RemainingRecord[],
): { readonly standing: Standing; readonly lines: readonly string[]; readonly frame: number } {
  const lines: string[] = [];
  let { seq, state, type, tables } = base;
  let frame = -1;
  let fault: string | undefined;
  for (const { frame: at, record, line } of records) {
    if (record.seq <= seq) {
      frame = at;
      continue;
    }
    const first = record.firstSeq ?? record.seq;
    const isFirst = seq < 0 && record.command === CREATE && record.seq === 0;
    if (first !== seq + 1 || (record.command === CREATE) !== isFirst || (seq < 0 && !isFirst)) {
      fault = seq < 0 ? 'the record that created it is lost' : `no record of seq ${seq + 1} is left`;
      break;
    }
    try {
      state = fold(state, record.patches);
      tables = record.tables ?? tables;
      const missing = tables.find((table) => !isTable(state, table));
      if (missing !== undefined) throw unfit(`the state has no table ${JSON.stringify(missing)}`);
      if (isFirst && record.type === undefined) throw unfit('it has no type');
    } catch (error) {
      fault = `its record of seq ${record.seq} does not apply: ${complaintOf(error)}`;
      break;
    }
    type = record.type ?? type;
    seq = record.seq;
    frame = at;
    lines.push(line);
  }
  return { standing: { seq, state, type, tables, fault }, lines, frame };
}

export function isTable(state: unknown, table: string): boolean {
  if (typeof state !== 'object' || state === null || !Object.hasOwn(state, table)) return false;
  const value = (state as { readonly [key: string]: Json })[table];
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unfit(what: string): OrreryError {
  return new OrreryError({ code: 'DAMAGED', what, hint: 'Restore the game from a backup.' });
}
