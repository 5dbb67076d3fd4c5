// What is checked in test/fault/interleaving.test.ts of a game that an owner has: every answer against interleaving-world.ts,
// and steps folded without the code of src/.

import { expect } from 'vitest';
import type { Patch } from '#core/patch/patch.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { readPast } from '../contract/pages.ts';
import type { Dice } from '../programs/script.ts';
import {
  type Game,
  keepsCommand,
  mostTimeUpTo,
  mustStay,
  stateAt,
  tickAt,
  timeAt,
  versionAt,
} from './interleaving-world.ts';

/** Everything that can be read of a game is what was, and what its policies keep is there. Gives how many moments are left. */
export function expectGame(owner: Owner, game: Game, newest: number, roll: Dice): number {
  const { id } = game;
  const loaded = owner.load(id);
  expect([loaded?.seq, loaded?.tick, loaded?.version]).toEqual([newest, tickAt(game, newest), versionAt(game, newest)]);
  expect(putTogether(loaded?.pieces), `newest of ${id}`).toBe(textOf(stateAt(game, newest)));
  const row = owner.past(id, {}, 1)?.row;
  expect(row).toMatchObject({ seq: newest, tick: tickAt(game, newest), time: timeAt(game, newest), records: newest });
  const firstSeq = row?.firstSeq ?? 0;
  const snapshots = owner.snapshots(id)?.map(({ seq }) => seq) ?? [];
  expect([snapshots[0], snapshots.at(-1)], `snapshots of ${id}`).toEqual([firstSeq, row?.snapshotSeq]);
  const kept = new Set(snapshots);
  const { steps, commands } = readPast((range) => owner.past(id, range, 50 + roll(300)));
  let due = firstSeq + 1;
  const some = 1 + Math.floor((game.entities * steps.length) / 3_000);
  let state: unknown = structuredClone(stateAt(game, firstSeq));
  for (const [index, step] of steps.entries()) {
    const seq = step.lastSeq;
    same([step.firstSeq, step.tick, step.time], [due, tickAt(game, seq), timeAt(game, seq)], `${id} ${seq}`);
    for (const patch of step.patches) state = applied(state, structuredClone(patch));
    if (index % some === 0) same(textOf(state), textOf(stateAt(game, seq)), `step to ${seq} of ${id}`);
    kept.add(seq);
    due = seq + 1;
  }
  expect(due).toBe(newest + 1);
  for (const { seq, tick, time, args } of commands) {
    same([tick, time], [tickAt(game, seq), timeAt(game, seq)], `command ${seq} of ${id}`);
    if (args !== undefined) same(args, { to: seq }, `command ${seq} of ${id}`);
  }
  for (const [first, last] of mustStay(game, newest)) {
    const found = Array.from({ length: last - first + 1 }, (_, at) => first + at).some((seq) => kept.has(seq));
    if (!found) throw new Error(`no moment of ${id} from ${first} to ${last} is kept, and it has come to ${newest}`);
  }
  const asked = new Set(commands.map(({ seq }) => seq));
  const mostTime = mostTimeUpTo(game, newest);
  for (let seq = 1; seq <= newest; seq += 1) {
    if (!asked.has(seq) && keepsCommand(game, seq, newest, mostTime))
      throw new Error(`command ${seq} of ${id} is gone`);
  }
  const moments = [...kept].sort((one, other) => one - other);
  expectMoments(owner, game, newest, moments, roll);
  return steps.length;
}

/** Some of the moments that are kept, and some that are not. */
function expectMoments(owner: Owner, game: Game, newest: number, kept: readonly number[], roll: Dice): void {
  const { id } = game;
  for (let some = game.entities > 9 ? 4 : 8; some > 0; some -= 1) {
    const seq = kept[roll(kept.length)] as number;
    const moment = owner.stateAt(id, { seq }, false);
    same(putTogether(moment?.pieces), textOf(stateAt(game, seq)), `${id} at ${seq}`);
    expect(moment).toMatchObject({ seq, tick: tickAt(game, seq), time: timeAt(game, seq), tables: ['cells'] });
    expect(moment?.version, `version of ${id} at ${seq}`).toBe(versionAt(game, seq));
    const other = roll(newest + 1);
    const before = kept.findLast((each) => each <= other);
    const after = kept.find((each) => each >= other);
    if (before === other) continue;
    expect(() => owner.stateAt(id, { seq: other }, false)).toThrow(
      expect.objectContaining({
        code: 'MOMENT_NOT_KEPT',
        context: expect.objectContaining({ before, after }) as unknown,
      }) as Error,
    );
  }
}

function applied(state: unknown, patch: Patch): unknown {
  const key = patch.path.at(-1);
  if (key === undefined) return 'value' in patch ? patch.value : undefined;
  let at = state as { [key: string | number]: unknown };
  for (const segment of patch.path.slice(0, -1)) at = at[segment] as typeof at;
  if (patch.op === 'remove') {
    if (Array.isArray(at)) at.splice(key as number, 1);
    else delete at[key];
  } else if (patch.op === 'add' && Array.isArray(at)) at.splice(key as number, 0, patch.value);
  else at[key] = patch.value;
  return state;
}

export function same(found: unknown, wanted: unknown, what: string): void {
  const [one, other] = [found, wanted].map((each) => JSON.stringify(each) ?? '');
  if (one !== other) throw new Error(`${what}: ${one?.slice(0, 300)} in place of ${other?.slice(0, 300)}`);
}

/** Entities have no order. */
function textOf(state: unknown): string {
  const { cells, ...plain } = state as { readonly cells: object };
  return JSON.stringify([plain, Object.entries(cells).sort(([one], [other]) => (one < other ? -1 : 1))]);
}

function putTogether(pieces: readonly Uint8Array[] = []): string {
  const [[, plain] = [], ...tables] = pieces.map((piece) => JSON.parse(new TextDecoder().decode(piece)) as unknown[]);
  const cells: { [id: string]: unknown } = {};
  for (const [name, entities] of tables as [string, object][]) {
    for (const [id, entity] of Object.entries(entities)) {
      if (name !== 'cells' || id in cells) throw new Error(`${id} of ${name} is there twice`);
      cells[id] = entity;
    }
  }
  return textOf({ ...(plain as object), cells });
}
