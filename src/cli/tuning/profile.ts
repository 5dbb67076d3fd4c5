// What can be known of a directory's work from its past, without changing it: the games, and the newest commands of
// those that changed last. Before it: the readers of the shards; after it: workload.ts, which makes trials like it.

import { encodePatches, encodeRecord, TICK } from '../../core/patch/record.ts';
import type { GameInfo } from '../../storage/game-info.ts';
import type { PastStep } from '../../storage/history-reader.ts';
import { readConfig } from '../../storage/sqlite/directory.ts';
import { nodeFiles } from '../../storage/sqlite/files.ts';
import type { ShardReader } from '../../storage/sqlite/recovery/shard-reader.ts';
import type { CommandEntry } from '../../storage/steps.ts';
import { eachShard } from '../reading.ts';
import { stateSizeIn } from '../state-size.ts';

export interface Profile {
  readonly shards: number;
  readonly games: number;
  readonly medianStateBytes: number;
  readonly largestStateBytes: number;
  /** Commands that were looked at, and of how many games they are. */
  readonly sampledCommands: number;
  readonly sampledGames: number;
  /** Of one game, in ticks that had any. Undefined when its games do not tick. */
  readonly commandsATick: number | undefined;
  /** Of one game, while it was played. */
  readonly ticksASecond: number | undefined;
  readonly commandsASecond: number | undefined;
  readonly patchesACommand: number;
  /** In the journal, about: the history has patches merged, and says by how much. */
  readonly recordBytes: number;
  /** Share of the commands that a player sent. */
  readonly byPlayers: number;
}

const GAMES_A_SHARD = 8;
const COMMANDS_A_GAME = 1_000;

/** Shorter stretches say nothing of a pace. */
const LEAST_SECONDS = 0.5;

interface GameSample {
  readonly commands: number;
  readonly byPlayers: number;
  /** Ticks that had commands. */
  readonly busyTicks: number;
  readonly ticks: number;
  readonly seconds: number;
  /** Of records without their patches. */
  readonly headBytes: number;
  readonly patchBytes: number;
  readonly patches: number;
}

/**
 * Undefined for a directory without a command in it. Throws NOT_AN_ORRERY_DIRECTORY, DAMAGED and what the disk throws.
 */
export async function readProfile(directory: string): Promise<Profile | undefined> {
  const { shards } = readConfig(nodeFiles, directory);
  const rows: GameInfo[] = [];
  const sizes: number[] = [];
  const samples: GameSample[] = [];
  await eachShard(directory, async (reader) => {
    const games = reader.games();
    rows.push(...games);
    for (const row of games) sizes.push((await stateSizeIn(reader, row)).bytes);
    const newest = [...games].sort((left, right) => right.time - left.time).slice(0, GAMES_A_SHARD);
    for (const row of newest) {
      const sample = sampleOf(reader, row);
      if (sample.commands > 0) samples.push(sample);
    }
  });
  if (samples.length === 0) return undefined;
  const sum = (of: (sample: GameSample) => number): number => samples.reduce((total, each) => total + of(each), 0);
  const commands = sum((each) => each.commands);
  const ticking = samples.filter(({ ticks }) => ticks > 0);
  const paced = samples.filter(({ seconds }) => seconds >= LEAST_SECONDS);
  const patchesIn = rows.reduce((total, each) => total + each.patchesIn, 0);
  const patchesOut = rows.reduce((total, each) => total + each.patchesOut, 0);
  const merged = patchesOut > 0 ? Math.max(1, patchesIn / patchesOut) : 1;
  const stateBytes = sizes.sort((a, b) => a - b);
  return {
    shards,
    games: rows.length,
    medianStateBytes: stateBytes[stateBytes.length >> 1] as number,
    largestStateBytes: stateBytes.at(-1) as number,
    sampledCommands: commands,
    sampledGames: samples.length,
    commandsATick: middle(ticking.map((each) => each.commands / each.busyTicks)),
    ticksASecond: middle(paced.filter(({ ticks }) => ticks > 0).map(({ ticks, seconds }) => ticks / seconds)),
    commandsASecond: middle(paced.map((each) => each.commands / each.seconds)),
    patchesACommand: (sum((each) => each.patches) * merged) / commands,
    recordBytes: (sum((each) => each.headBytes) + sum((each) => each.patchBytes) * merged) / commands,
    byPlayers: sum((each) => each.byPlayers) / commands,
  };
}

function sampleOf(reader: ShardReader, { id, seq }: GameInfo): GameSample {
  let commands = 0;
  let byPlayers = 0;
  let headBytes = 0;
  let patchBytes = 0;
  let patches = 0;
  let first: { readonly tick: number; readonly time: number } | undefined;
  let last = { tick: 0, time: 0 };
  const busy = new Set<number>();
  for (const { command, step } of newest(reader, id, Math.max(1, seq - COMMANDS_A_GAME + 1))) {
    const { tick, time, name, player, args } = command;
    first ??= { tick, time };
    last = { tick, time };
    // What a step changed is counted once, with its last command.
    if (step.lastSeq === command.seq) {
      patches += step.patches.length;
      patchBytes += encodePatches(step.patches).length - 2;
    }
    if (name === TICK) continue;
    commands += 1;
    busy.add(tick);
    if (player !== undefined) byPlayers += 1;
    const head = { game: id, seq: command.seq, tick, time, command: name, patches: [] };
    headBytes += encodeRecord({
      ...head,
      ...(args === undefined ? {} : { args }),
      ...(player === undefined ? {} : { player }),
    }).length;
  }
  const begin = first ?? last;
  return {
    commands,
    byPlayers,
    busyTicks: busy.size,
    ticks: last.tick - begin.tick,
    seconds: (last.time - begin.time) / 1_000,
    headBytes,
    patchBytes,
    patches,
  };
}

function* newest(
  reader: ShardReader,
  id: string,
  fromSeq: number,
): Generator<{ readonly command: CommandEntry; readonly step: PastStep }> {
  for (const { steps } of reader.past(id)?.pages({ fromSeq }) ?? []) {
    for (const step of steps) {
      for (const command of step.commands) if (command.seq >= fromSeq) yield { command, step };
    }
  }
}

/** Undefined of nothing. */
function middle(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
