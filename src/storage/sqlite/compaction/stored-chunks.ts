// The newest state of a game from the pieces of its last snapshot and what happened since: text goes in, and text comes
// out that only has other values here and there. Before it: compaction.ts. After it: storage/assemble.ts, on the main
// thread, and the next snapshot.

import { OrreryError } from '../../../core/errors.ts';
import { fold } from '../../../core/patch/apply.ts';
import { COMMA, endOfString, endOfUnchecked, endOfUniqueString } from '../../../core/patch/json-text.ts';
import { isIndexKey, type JsonObject } from '../../../core/patch/patch.ts';
import { decodePatches } from '../../../core/patch/record.ts';
import { CHUNK_BYTES } from '../../chunks.ts';
import type { GameInfo } from '../../game-info.ts';
import type { PackedSnapshot } from '../image/snapshots.ts';
import { ByteText } from './byte-text.ts';
import { EntityChanges } from './entity-changes.ts';
import { checked, foldTail } from './fold.ts';
import type { LatestPatches } from './latest-patches.ts';
import { PATH_OFFSET } from './patch-scan.ts';
import { spliceEntity } from './splice.ts';
import { readTail } from './tail.ts';

/** What happened since the snapshot, by where. */
interface Later {
  /** Patches to the plain part, a comma before each. */
  readonly plain: ByteText;
  /** By the text of a table's name, quotes included. */
  readonly tables: ReadonlyMap<string, EntityChanges | undefined>;
}

/**
 * How far what is spliced in is looked at: not at all where the text will be parsed and checked by whoever gets it. A
 * snapshot is kept, and has to be to the byte what folding gives: nothing that it would refuse, and the entities in its
 * order, too.
 */
export type Trust = 'parsed later' | 'kept';

/**
 * Gives `take` the pieces that storage/store.ts describes, each as soon as it is made. `steps` are those after the
 * snapshot. False when they did more than change entities and the plain part, or when their text is not certain: then
 * some pieces may have been taken, and the state must be folded as a whole.
 */
export function takeStored(
  snapshot: PackedSnapshot,
  row: GameInfo,
  steps: Iterable<Buffer>,
  take: (piece: Uint8Array<ArrayBuffer>) => void,
): boolean {
  const reading = StoredState.read(snapshot, row, readTail(steps, row.id, snapshot.seq), 'parsed later');
  let step = reading.next();
  while (!step.done) step = reading.next();
  const stored = step.value;
  if (!stored) return false;
  take(new TextEncoder().encode(`[null,${JSON.stringify(stored.plain)}]`));
  for (const table of row.tables) {
    const name = JSON.stringify(table);
    for (const entities of stored.entities(table)) {
      if (!entities) return false;
      take(wrapped(name, entities));
    }
  }
  return true;
}

/** A snapshot in pieces with what happened since. */
export class StoredState {
  /** With {} for each table. */
  readonly plain: JsonObject;
  readonly #snapshot: PackedSnapshot;
  readonly #row: GameInfo;
  readonly #tables: Later['tables'];
  readonly #trust: Trust;

  private constructor(snapshot: PackedSnapshot, row: GameInfo, later: Later, trust: Trust) {
    this.#snapshot = snapshot;
    this.#row = row;
    this.#tables = later.tables;
    this.#trust = trust;
    this.plain = plainState(snapshot, later.plain, row);
  }

  /**
   * `tail` is what happened since the snapshot. Undefined where takeStored says false. Throws PATCH_INVALID, DAMAGED.
   */
  static *read(
    snapshot: PackedSnapshot,
    row: GameInfo,
    tail: LatestPatches,
    trust: Trust,
  ): Generator<void, StoredState | undefined> {
    if (JSON.stringify(snapshot.tables) !== JSON.stringify(row.tables)) return undefined;
    const later = yield* sorted(tail, row);
    return later && new StoredState(snapshot, row, later, trust);
  }

  /**
   * Texts of the entities of a table, about CHUNK_BYTES each, without commas or braces around them. Each stands until
   * the next is asked for. Undefined, and the last, when the text of the snapshot is not what cutText writes, or not
   * certain enough to keep.
   */
  *entities(table: string): Generator<Uint8Array | undefined> {
    const changes = this.#tables.get(JSON.stringify(table));
    const changed = new ByteText();
    // What has become short is put together with what comes after it.
    let held = new ByteText();
    for (const piece of this.#snapshot.pieces) {
      if (piece.table !== table) continue;
      const text = piece.unpack();
      // They may begin with the comma behind the piece before.
      let entities: Uint8Array = text.subarray(text[0] === COMMA ? 1 : 0);
      if (changes) {
        changed.clear();
        if (!changeEntities(changed, entities as Buffer, table, changes, this.#row, this.#trust))
          return yield undefined;
        entities = changed.view();
      }
      if (held.length > 0 && held.length + entities.length > CHUNK_BYTES) {
        yield held.view();
        held.clear();
      }
      if (held.length === 0 && entities.length >= CHUNK_BYTES / 2) yield entities;
      else if (entities.length > 0) separated(held, entities, 0, entities.length);
    }
    for (const { id, entity } of changes?.left() ?? []) {
      const isThere = addFolded(held, table, id, undefined, changes as EntityChanges, entity, this.#row);
      // JavaScript sorts keys that are indices; and what came back came later than its first patch.
      const isInOrder = !isThere || (!isIndexKey(id) && !changes?.removes(entity));
      if (this.#trust === 'kept' && !isInOrder) return yield undefined;
      if (held.length < CHUNK_BYTES) continue;
      yield held.view();
      held = new ByteText();
    }
    if (held.length > 0) yield held.view();
  }
}

function* sorted(tail: LatestPatches, row: GameInfo): Generator<void, Later | undefined> {
  const plain = new ByteText();
  const tables = new Map<string, EntityChanges | undefined>(
    row.tables.map((name) => [JSON.stringify(name), undefined]),
  );
  let keyText = '';
  let keyBytes = Buffer.alloc(0);
  const isSorted = yield* tail.visit((bytes, from, pathEnd, to) => {
    const key = from + PATH_OFFSET + 1;
    const keyEnd = endOfUniqueString(bytes, key);
    // No key, or one that could be written in another way.
    if (keyEnd < 0) return false;
    if (!standsAt(bytes, key, keyEnd, keyBytes)) {
      keyBytes = Buffer.from(bytes.subarray(key, keyEnd));
      keyText = keyBytes.toString('utf8');
    }
    if (!tables.has(keyText)) {
      plain.byte(COMMA);
      plain.copy(bytes, from, to);
      return true;
    }
    const id = keyEnd + 1;
    const idEnd = keyEnd === pathEnd - 1 ? -1 : endOfUniqueString(bytes, id);
    if (idEnd < 0) return false;
    let changes = tables.get(keyText);
    if (!changes) {
      changes = new EntityChanges(bytes);
      tables.set(keyText, changes);
    }
    changes.add(id, idEnd, from, to);
    return true;
  });
  return isSorted ? { plain, tables } : undefined;
}

function standsAt(bytes: Uint8Array, from: number, to: number, wanted: Uint8Array): boolean {
  if (to - from !== wanted.length) return false;
  for (let index = 0; index < wanted.length; index += 1) if (bytes[from + index] !== wanted[index]) return false;
  return true;
}

function plainState(snapshot: PackedSnapshot, patches: ByteText, row: GameInfo): JsonObject {
  const between = snapshot.pieces.filter(({ table }) => table === undefined).map((piece) => piece.unpack());
  const later = decodePatches(JSON.parse(`[${patches.view().subarray(1).toString('utf8')}]`));
  return foldTail(checked({ json: Buffer.concat(between).toString('utf8') }), later, row);
}

/**
 * The entities of a piece with what was done to them. False when its text is not what cutText writes, or their order is
 * another.
 */
function changeEntities(
  out: ByteText,
  text: Buffer,
  table: string,
  changes: EntityChanges,
  row: GameInfo,
  trust: Trust,
): boolean {
  out.reserve(text.length + (text.length >> 3));
  let at = 0;
  // What did not change is copied in stretches.
  let copied = at;
  while (at < text.length) {
    const idEnd = endOfString(text, at);
    const end = idEnd < 0 ? -1 : endOfUnchecked(text, idEnd + 1);
    if (end < 0 || (end < text.length && text[end] !== COMMA)) return false;
    const entity = changes.take(text, at, idEnd);
    if (entity >= 0) {
      const before = Math.max(copied, at - 1);
      if (before > copied) separated(out, text, copied, before);
      const start = out.length;
      if (start > 0) out.byte(COMMA);
      out.copy(text, at, idEnd + 1);
      if (!spliceEntity(out, text, idEnd + 1, end, changes, entity, trust === 'kept')) {
        out.length = start;
        const id = JSON.parse(text.toString('utf8', at, idEnd)) as string;
        const value: unknown = JSON.parse(text.toString('utf8', idEnd + 1, end));
        const isThere = addFolded(out, table, id, value, changes, entity, row);
        if (isThere && trust === 'kept' && changes.removes(entity)) return false;
      }
      copied = end + 1;
    }
    at = end + 1;
  }
  if (copied < text.length) separated(out, text, copied, text.length);
  return true;
}

function separated(out: ByteText, text: Uint8Array, from: number, to: number): void {
  if (out.length > 0) out.byte(COMMA);
  out.copy(text, from, to);
}

/**
 * Appends an entity with its patches applied, with a comma before it if need be; nothing, and false, when they removed
 * it.
 */
function addFolded(
  out: ByteText,
  table: string,
  id: string,
  value: unknown,
  changes: EntityChanges,
  entity: number,
  row: GameInfo,
): boolean {
  const entities = (value === undefined ? {} : { [id]: value }) as JsonObject;
  try {
    fold({ [table]: entities }, changes.parse(entity), 'owned');
  } catch (error) {
    throw error instanceof OrreryError ? error.within({ game: row.id, seq: row.seq }) : error;
  }
  if (!Object.hasOwn(entities, id)) return false;
  if (out.length > 0) out.byte(COMMA);
  out.text(`${JSON.stringify(id)}:${JSON.stringify(entities[id])}`);
  return true;
}

function wrapped(name: string, entities: Uint8Array): Uint8Array<ArrayBuffer> {
  const before = Buffer.from(`[${name},{`, 'utf8');
  const piece = new Uint8Array(before.length + entities.length + 2);
  piece.set(before);
  piece.set(entities, before.length);
  piece.set([0x7d, 0x5d], before.length + entities.length);
  return piece;
}
