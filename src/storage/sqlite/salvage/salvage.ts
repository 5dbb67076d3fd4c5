// One game out of whatever can still be read: the longest prefix of its past that is proven. Before it:
// readable-shard.ts; after it: whoever writes it down again in a new directory, see `orrery salvage`.
//
// A prefix begins with the rows of an image, as far as they add up, or with the record that created the game, and goes
// on with the records of the journal as long as their seqs follow on each other and their patches apply. Seqs have no
// gaps, so a frame that is lost takes nothing from a game that had no record in it.

import { OrreryError } from '../../../core/errors.ts';
import { fold } from '../../../core/patch/apply.ts';
import type { Json } from '../../../core/patch/patch.ts';
import { CREATE } from '../../../core/patch/record.ts';
import type { GameInfo } from '../../game-info.ts';
import { assertFits } from '../compaction/placement.ts';
import type { Row } from '../image/database.ts';
import { readSnapshot, type SnapshotHeader, snapshotUpTo } from '../image/snapshots.ts';
import { readUnreadable } from '../image/unreadable-records.ts';
import { complaintOf, proveGame } from '../recovery/game-proof.ts';
import type { LostFrames } from '../recovery/readable-journal.ts';
import {
  type ReadableShard,
  type RemainingImage,
  type RemainingRecord,
  remainingRecord,
} from '../recovery/readable-shard.ts';

export interface SalvagedGame {
  readonly id: string;
  readonly type: string;
  /** The last seq of the prefix; -1 when nothing of the game is proven. */
  readonly seq: number;
  /** The highest seq that is known to have been there. */
  readonly knownSeq: number;
  /**
   * `held`: all of it is taken over, some as lines that cannot be read. `unknown`: nothing says that there was more,
   * but frames are lost that may have held more.
   */
  readonly whole: 'yes' | 'held' | 'no' | 'unknown';
  readonly folder: string;
  /** The rows to take over, up to `imageSeq`; undefined when the journal alone tells the whole. */
  readonly image: RemainingImage | undefined;
  /** As the game was at `imageSeq`. */
  readonly row: GameInfo | undefined;
  readonly imageSeq: number;
  /** The records behind them, as they stand in the journal. */
  readonly lines: readonly Uint8Array[];
  /**
   * The lines behind those: from the first that is no record, or has no place in the game, on. They are taken over as
   * they stand.
   */
  readonly held: readonly Uint8Array[];
  /** The last seq that is taken over, whether or not it can be read. */
  readonly keptSeq: number;
  /** Why it does not go on. */
  readonly fault: string | undefined;
}

/** Every game of which anything is left, by id. */
export function gamesOf(shards: readonly ReadableShard[]): string[] {
  const ids = shards.flatMap(({ images, records }) => [
    ...images.flatMap(({ games, unlisted }) => [...games.map(({ id }) => id), ...unlisted]),
    ...records.keys(),
  ]);
  return [...new Set(ids)].sort();
}

export function salvageGame(id: string, shards: readonly ReadableShard[]): SalvagedGame {
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
  if (best.keptSeq === knownSeq) return best;
  const fault = best.fault ?? reason ?? `nothing that is left leads on to seq ${knownSeq}`;
  return { ...best, knownSeq, whole: 'no', fault };
}

function isBetter(found: SalvagedGame, best: SalvagedGame): boolean {
  if (found.seq !== best.seq) return found.seq > best.seq;
  if (found.keptSeq !== best.keptSeq) return found.keptSeq > best.keptSeq;
  if (found.whole !== best.whole) return found.whole === 'yes';
  return found.image?.proven === true && best.image?.proven !== true;
}

/** Where a fold has come to. */
interface Standing {
  readonly seq: number;
  readonly state: unknown;
  readonly type: string;
  readonly tables: readonly string[];
  readonly row?: GameInfo;
  readonly fault?: string | undefined;
}

const NOTHING: Standing = { seq: -1, state: undefined, type: '', tables: [] };

function prefixOf(
  id: string,
  shard: ReadableShard,
  image: RemainingImage | undefined,
  records: readonly RemainingRecord[],
): SalvagedGame {
  const row = image?.games.find((each) => each.id === id);
  const base = image && row ? standingIn(image, row, records) : NOTHING;
  const follows = image === undefined || isOf(shard, image);
  const isWhole = base.fault === undefined && base.seq === (row?.seq ?? -1);
  // What an image keeps as it stands comes before the frames behind it, and after all that its rows say.
  const kept = image && isWhole ? [...readUnreadable(image.database, id)] : [];
  const behind = isWhole ? records.filter(({ frame }) => frame > (image?.frame ?? 0)) : records;
  const further = [...kept.map(({ line, frame }) => remainingRecord(line, frame)), ...(follows ? behind : [])];
  // Where frames or rows are lost, so may be a record before the next that is left; where none is, it was never there.
  const inBase = isWhole ? -1 : (image as RemainingImage).frame;
  const run = goOn(base, further, inBase, isWhole && lostBehind(shard, image).length === 0);
  const { standing, lines, held, keptSeq, frame } = run;
  const fault = standing.fault ?? base.fault;
  const lost = lostBehind(shard, image).filter(({ last }) => last > frame);
  // What an image says that nothing vouches for may be anything.
  const unlisted = image && !row ? 0 : -1;
  const listed = image?.proven && row ? row.seq : Math.max(base.seq, unlisted);
  const knownSeq = Math.max(listed, keptSeq, ...records.map(({ seq }) => seq ?? -1));
  return {
    id,
    type: standing.type,
    seq: standing.seq,
    knownSeq,
    whole: lost.length > 0 || (fault !== undefined && held.length === 0) ? 'unknown' : held.length > 0 ? 'held' : 'yes',
    folder: shard.folder,
    image: base.seq < 0 ? undefined : image,
    row: base.row,
    imageSeq: base.seq,
    lines,
    held,
    keptSeq,
    fault: fault ?? lost[0]?.what,
  };
}

/** The frames that would have to be read to go on from an image, or from nothing, and cannot be. */
export function lostBehind(
  { journal }: ReadableShard,
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
function isOf({ journal }: ReadableShard, image: RemainingImage): boolean {
  const chain = journal.chains.get(image.frame);
  return chain === undefined || chain === image.chain;
}

function standingIn(image: RemainingImage, row: GameInfo, records: readonly RemainingRecord[]): Standing {
  const doubt = image.proven ? undefined : doubtAbout(image, row, records);
  if (doubt !== undefined) return { ...NOTHING, fault: doubt };
  const whole = proveGame(image, row);
  if (whole.seq < 0) return { ...NOTHING, fault: whole.fault };
  // A row is taken over whole or not at all.
  const seq = lastRowWithin(image, row, whole.seq);
  const { state, tick, time, commands } = seq === whole.seq ? whole : proveGame(image, { ...row, seq });
  // Each record that changed them has left a snapshot, and the proof began with one.
  const then = seq === row.seq ? row : (snapshotUpTo(image.database, row.id, seq) as SnapshotHeader);
  const tables = then.tables.filter((table) => isTable(state, table));
  const standing = { ...row, seq, tick, time, version: then.version, tables, records: commands };
  return { seq, state, type: row.type, tables, row: standing, fault: whole.fault };
}

/**
 * A column of a damaged image may have turned into another number or text: what else says the same? Of the type of a
 * game that was created long ago nothing does: a game that got another one is refused when it is opened, by that name.
 */
function doubtAbout(
  { database }: RemainingImage,
  row: GameInfo,
  records: readonly RemainingRecord[],
): string | undefined {
  const type = records[0]?.record?.type;
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

function lastRowWithin({ database }: RemainingImage, row: GameInfo, seq: number): number {
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

interface Run {
  readonly standing: Standing;
  readonly lines: readonly Uint8Array[];
  readonly held: readonly Uint8Array[];
  readonly keptSeq: number;
  /** Of the last line that was taken. */
  readonly frame: number;
}

/**
 * Takes records in as long as they fit. From one that is no record, or has no place, on, the lines are held; but a gap
 * that lost frames may have made is a loss. `inBase` is the newest frame whose records the base may have.
 */
function goOn(base: Standing, records: readonly RemainingRecord[], inBase: number, hasAll: boolean): Run {
  const lines: Uint8Array[] = [];
  let { seq, state, type, tables } = base;
  let frame = -1;
  let fault: string | undefined;
  for (const [index, remaining] of records.entries()) {
    const { frame: at, record, line } = remaining;
    if (record && record.seq <= seq && at <= inBase) {
      frame = at;
      continue;
    }
    const why = unplaced(remaining, seq, hasAll);
    if (why !== undefined || !record) {
      const held = records.slice(index);
      const keptSeq = held.reduce((last, each) => Math.max(last, each.seq ?? last + 1), seq);
      const standing = { seq, state, type, tables, fault: why };
      return {
        standing,
        lines,
        held: held.map((each) => each.line),
        keptSeq,
        frame: (held.at(-1) as RemainingRecord).frame,
      };
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
    } catch (error) {
      fault = `its record of seq ${record.seq} does not apply: ${complaintOf(error)}`;
      break;
    }
    type = record.type ?? type;
    seq = record.seq;
    frame = at;
    lines.push(line);
  }
  return { standing: { seq, state, type, tables, fault }, lines, held: [], keptSeq: seq, frame };
}

/** Why a line can never be taken in behind a seq, whatever else may be found. */
function unplaced({ record, fault, seq: said }: RemainingRecord, seq: number, hasAll: boolean): string | undefined {
  if (!record) return `its record of seq ${said ?? seq + 1} cannot be read: ${String(fault)}`;
  if (record.seq <= seq) return `there is a second record of seq ${record.seq}`;
  const follows = seq < 0 || (record.firstSeq ?? record.seq) === seq + 1;
  if (!follows && !hasAll) return undefined;
  try {
    if (seq >= 0 || hasAll || record.command === CREATE) assertFits(record, seq < 0 ? undefined : { seq });
    return undefined;
  } catch (error) {
    return complaintOf(error);
  }
}

export function isTable(state: unknown, table: string): boolean {
  if (typeof state !== 'object' || state === null || !Object.hasOwn(state, table)) return false;
  const value = (state as { readonly [key: string]: Json })[table];
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unfit(what: string): OrreryError {
  return new OrreryError({ code: 'DAMAGED', what, hint: 'Restore the game from a backup.' });
}
