// What only shows when the parts of a shard are held against each other, for `orrery check`: every record of the
// journal is read, the spare image and its longer journal have to lead to the same games as the newest image, and the
// index of commands has to say what the history says.

import { linesOf } from '../../../core/patch/lines.ts';
import type { Json, JsonObject } from '../../../core/patch/patch.ts';
import { decodeLine } from '../../../core/patch/record.ts';
import { counted } from '../../../core/printable.ts';
import type { GameInfo } from '../../game-info.ts';
import { imageName } from '../image/image.ts';
import { openPayload } from '../journal/frame.ts';
import type { ScannedFrame } from '../journal/segment-scan.ts';
import { complaintOf, type GameProof, type GameSource, proveGame } from '../recovery/game-proof.ts';
import { readShard, type ShardContents } from '../recovery/read-shard.ts';
import type { ShardView } from './shard-view.ts';

const LINE_FEED = 0x0a;

/** What is wrong with the records of a frame whose bytes are those that were written. */
export function faultOfRecords(frame: ScannedFrame): string | undefined {
  try {
    const payload = openPayload(frame);
    if (payload.at(-1) !== LINE_FEED) return 'its last record has no end';
    const lines = linesOf(payload);
    for (const line of lines) decodeLine(line);
    return lines.length === frame.recordCount ? undefined : `it has ${lines.length} records, not ${frame.recordCount}`;
  } catch (error) {
    return complaintOf(error);
  }
}

/** The spare image as if the newest were gone: undefined when there is none, or when it could not be read. */
export async function readSpare({
  files,
  folder,
  manifest,
  listing,
  findings,
}: ShardView): Promise<ShardContents | undefined> {
  const [, spare] = manifest.images;
  if (!spare) return undefined;
  try {
    const alone = { ...manifest, images: [spare], generation: spare.generation };
    const contents = await readShard(files, folder, alone, listing, {
      granularityOf: () => 'commands',
      commandIndex: false,
    });
    const journal = counted(contents.replayedFrames, 'frame');
    findings.add('ok', imageName(spare.generation), `could stand in for the newest, with ${journal} of journal`);
    return contents;
  } catch (error) {
    const remedy = 'It could not stand in for the newest image. The next checkpoint makes that one the spare.';
    findings.failure(imageName(spare.generation), error, remedy);
    return undefined;
  }
}

/** What the index of commands and the spare image say against a game that adds up by itself. */
export function contradictionOf(
  { database, compaction }: GameSource,
  spare: ShardContents | undefined,
  row: GameInfo,
  proof: GameProof,
): string | undefined {
  try {
    const indexed = database.all(
      'SELECT seq, tick, time, name, player, args FROM commands WHERE game = ? ORDER BY seq',
      [row.id],
    );
    if (indexed.length > 0) {
      const first = Number(indexed[0]?.['seq']);
      const history = new Map(
        [...compaction.commands(row.id, first - 1, row.seq)].map((command) => [command.seq, command]),
      );
      for (const entry of indexed) {
        const command = history.get(Number(entry['seq']));
        const args = command?.args === undefined ? null : JSON.stringify(command.args);
        const same = command && command.tick === entry['tick'] && command.time === entry['time'];
        if (
          !same ||
          command.name !== entry['name'] ||
          (command.player ?? null) !== entry['player'] ||
          args !== entry['args']
        )
          return `the index of commands has another command ${entry['seq']} than its history`;
      }
    }
    const loaded = assembled(compaction, row);
    if (textOf(loaded, row.tables) !== textOf(proof.state as JsonObject, row.tables))
      return 'loading it gives another state than its steps lead to';
    if (!spare) return undefined;
    const listed = spare.compaction.game(row.id);
    if (!listed) return 'the spare image and its journal do not have it';
    const other = proveGame(spare, listed);
    if (other.fault !== undefined) return `from the spare image on: ${other.fault}`;
    if (
      listed.type !== row.type ||
      listed.version !== row.version ||
      other.seq !== proof.seq ||
      other.tick !== proof.tick
    )
      return `the spare image leads to seq ${other.seq}, tick ${other.tick}`;
    if (listed.tables.join('\n') !== row.tables.join('\n')) return 'the spare image leads to other tables';
    if (JSON.stringify(other.state) !== JSON.stringify(proof.state)) return 'the spare image leads to another state';
    return undefined;
  } catch (error) {
    return complaintOf(error);
  }
}

/** The state as a program gets it: in pieces, which need not come from where the folded state comes from. */
function assembled(compaction: GameSource['compaction'], row: GameInfo): JsonObject {
  let plain: JsonObject = {};
  const tables = new Map<string, { [id: string]: Json }>(row.tables.map((table) => [table, {}]));
  for (const piece of compaction.load(row.id)?.pieces ?? []) {
    const [table, content] = JSON.parse(Buffer.from(piece).toString('utf8')) as [string | null, JsonObject];
    if (table === null) plain = content;
    else Object.assign(tables.get(table) ?? {}, content);
  }
  return { ...plain, ...Object.fromEntries(tables) };
}

/** The order of the entities of a table is no part of a state; that of every other key is. */
function textOf(state: JsonObject, tables: readonly string[]): string {
  const wide = new Set(tables);
  const entries = Object.entries(state).map(([key, value]) => {
    if (!wide.has(key) || typeof value !== 'object' || value === null) return [key, value];
    return [key, Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))];
  });
  return JSON.stringify(entries);
}
