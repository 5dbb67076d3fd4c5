// Games for test/fault/interleaving.test.ts: their records by hand, as docs/FORMAT.md says, and what must be found of them. A
// state follows from the seq alone: no code of src/ is asked what is right, nor what a policy has to leave.

import type { Persistence } from '#core/game/persistence.ts';
import type { Batch, Span } from '#storage/store.ts';
import type { Dice } from '../programs/script.ts';

const START = 1_700_000_000_000;
const SECOND = 1_000;

export type Granularity = 'commands' | 'ticks' | 'batches';
interface Json {
  [key: string]: unknown;
}

export interface Game {
  readonly id: string;
  readonly grain: Granularity;
  /** Every policy that was ever in force, the newest last. */
  readonly policies: Persistence[];
  readonly perTick: number;
  /** So many records in a row have the same time. */
  readonly burst: number;
  /** Whether the clock jumps back now and then. */
  readonly jumps: boolean;
  /** Every so many records one carries the whole state: a recovery and a migration in turns. 0: none. */
  readonly whole: number;
  readonly entities: number;
  readonly padding: string;
  readonly text: number;
}

export function gameOf(id: string, isWide: boolean, roll: Dice): Game {
  return {
    id,
    grain: (['commands', 'ticks', 'commands', 'ticks', 'batches'] as const)[roll(5)] as Granularity,
    policies: [policyOf(roll)],
    perTick: 1 + roll(8),
    burst: [1, 1, 1 + roll(5), 40][roll(4)] as number,
    jumps: roll(4) === 0,
    whole: roll(3) === 0 ? 60 + roll(200) : 0,
    entities: isWide ? 300 : 1 + roll(9),
    padding: 'x'.repeat(isWide ? 480 : 3),
    text: roll(3) === 0 ? 700 : 5,
  };
}

export function policyOf(roll: Dice): Persistence {
  const snapshotEvery = { records: roll(2) ? 20 + roll(150) : null, ms: roll(3) ? null : (10 + roll(200)) * SECOND };
  const keepSnapshots = roll(2) ? 1 + roll(5) : null;
  const keepRecords = roll(3) ? null : 20 + roll(400);
  switch (roll(6)) {
    case 0:
      return { strategy: 'snapshot', snapshotEvery: { records: 10 + roll(100) }, keepSnapshots: 1 + roll(6) };
    case 1:
      return { strategy: 'events', keepRecords, tiers: tiersOf(roll) };
    case 2:
      return {};
    default:
      return {
        snapshotEvery,
        keepSnapshots,
        keepRecords,
        compactAt: roll(2) ? 0.01 : 2,
        tiers: roll(4) ? tiersOf(roll) : [],
      };
  }
}

function tiersOf(roll: Dice): NonNullable<Persistence['tiers']> {
  const kinds = (['step', 'tick', 10 * SECOND, 60 * SECOND] as const).filter(() => roll(3) > 0);
  const isForEver = roll(2) === 0;
  let age = 0;
  return kinds.map((kind, index) => {
    age += (5 + roll(250)) * SECOND;
    return {
      every: typeof kind === 'number' ? { ms: kind } : kind,
      forMs: isForEver && index === kinds.length - 1 ? 'ever' : age,
    };
  });
}

/** How many of the records up to a seq carried the whole state. */
const wholes = ({ whole }: Game, seq: number): number => (whole === 0 ? 0 : Math.floor((seq + 1) / whole));
export const isWhole = (game: Game, seq: number): boolean => seq > 0 && wholes(game, seq) > wholes(game, seq - 1);
export const versionAt = (game: Game, seq: number): number => 1 + Math.floor(wholes(game, seq) / 2);
/** A recovery takes three ticks back. */
export const tickAt = (game: Game, seq: number): number =>
  Math.floor(seq / game.perTick) - 3 * Math.ceil(wholes(game, seq) / 2);

export function timeAt({ burst, jumps }: Game, seq: number): number {
  const jump = jumps && Math.floor(seq / 37) % 5 === 3 ? -200 * SECOND : 0;
  return START + Math.floor(seq / burst) * burst * SECOND + jump;
}

export function mostTimeUpTo(game: Game, newest: number): number {
  let most = 0;
  for (let seq = 0; seq <= newest; seq += 1) most = Math.max(most, timeAt(game, seq));
  return most;
}

export const isEndOfTick = (game: Game, seq: number): boolean =>
  tickAt(game, seq) !== tickAt(game, seq + 1) || isWhole(game, seq) || isWhole(game, seq + 1);

const textAt = ({ text }: Game, seq: number): string => `${seq} `.padEnd(text, String(seq));

/** How often an entity has been written up to a seq, and when last. */
function touched({ entities }: Game, entity: number, seq: number): { readonly times: number; readonly last: number } {
  if (seq < entity) return { times: 0, last: 0 };
  const last = seq - ((seq - entity) % entities);
  return { times: (last - entity) / entities + (entity > 0 ? 1 : 0), last };
}

function entityAt(game: Game, entity: number, seq: number): unknown {
  const { times, last } = touched(game, entity, seq);
  const pad = game.padding;
  if (times % 4 === 3) return undefined;
  return times % 4 === 2 ? { at: last - game.entities, pad, list: [last] } : { at: last, pad, list: [] };
}

export function stateAt(game: Game, seq: number): Json {
  const cells: Json = {};
  for (let entity = 0; entity < game.entities; entity += 1) {
    const value = entityAt(game, entity, seq);
    if (value !== undefined) cells[`e${entity}`] = value;
  }
  const log = [seq - 2, seq - 1, seq].filter((each) => each > 0).map((each) => `at ${each}`);
  return { n: seq, log, text: textAt(game, seq), cells };
}

function patchesOf(game: Game, seq: number): unknown[] {
  const patches: unknown[] = [
    ['=', ['n'], seq],
    ['+', ['log', Math.min(seq - 1, 3)], `at ${seq}`],
  ];
  if (seq > 3) patches.push(['-', ['log', 0]]);
  patches.push(['=', ['text'], textAt(game, seq)]);
  const entity = seq % game.entities;
  const path = ['cells', `e${entity}`];
  switch (touched(game, entity, seq).times % 4) {
    case 1:
      return [...patches, ['=', [...path, 'at'], seq]];
    case 2:
      return [...patches, ['+', [...path, 'list', 0], seq]];
    case 3:
      return [...patches, ['-', path]];
    default:
      return [...patches, ['+', path, entityAt(game, entity, seq)]];
  }
}

function lineOf(game: Game, seq: number): string {
  // A space is not how records are written, and is read all the same.
  const head = `{${seq % 11 === 5 ? ' ' : ''}"g":"${game.id}","s":${seq},"k":${tickAt(game, seq)},"t":${timeAt(game, seq)}`;
  if (seq > 0 && !isWhole(game, seq)) {
    return `${head},"c":"count","a":{"to":${seq}},"d":${JSON.stringify(patchesOf(game, seq))}}`;
  }
  const version = `"v":${versionAt(game, seq)},"b":["cells"]`;
  const state = `"d":[["=",[],${JSON.stringify(stateAt(game, seq))}]]}`;
  if (seq === 0) return `${head},"c":"@create","y":"type-${game.id}",${version},${state}`;
  return `${head},"c":"${wholes(game, seq) % 2 === 1 ? '@recover' : '@migrate'}",${version},${state}`;
}

export function batchOf(games: ReadonlyMap<string, Game>, spans: readonly Span[]): Batch {
  const lines: string[] = [];
  for (const { game, firstSeq, lastSeq } of spans) {
    for (let seq = firstSeq; seq <= lastSeq; seq += 1) lines.push(lineOf(games.get(game) as Game, seq));
  }
  const payload = new Uint8Array(new TextEncoder().encode(`${lines.join('\n')}\n`));
  return { payload, count: lines.length, spans };
}

/**
 * Moments of a game with this newest seq that no policy it ever had may have taken away, each as the first and the last seq
 * of those that will do for it.
 */
export function mustStay(game: Game, newest: number): [first: number, last: number][] {
  if (game.grain === 'batches') return [[newest, newest]];
  const must: [number, number][] = [[newest, newest]];
  const mostTime = mostTimeUpTo(game, newest);
  for (let seq = 1; seq < newest; seq += 1) {
    if (game.grain === 'ticks' && !isEndOfTick(game, seq)) continue;
    const until = game.policies.map((policy) => lastThatWillDo(game, policy, seq, newest, mostTime));
    if (until.every((last) => last !== undefined)) must.push([seq, Math.max(...until)]);
  }
  return must;
}

/** Whether no policy may have taken away who asked for what in this record. */
export function keepsCommand(game: Game, seq: number, newest: number, mostTime: number): boolean {
  if (game.jumps && game.grain === 'batches') return false;
  // A step is as old as its end.
  let time = timeAt(game, seq);
  for (let end = seq; end < newest && !isEndOfTick(game, end); end += 1) time = Math.min(time, timeAt(game, end + 1));
  return game.policies.every(({ strategy, keepRecords, tiers = [] }) => {
    if (strategy === 'snapshot' || (keepRecords && seq <= newest - keepRecords)) return false;
    const tier = tiers.find(({ forMs }) => forMs === 'ever' || mostTime - time < forMs);
    return tiers.length === 0 || (tier !== undefined && typeof tier.every !== 'object');
  });
}

/** Undefined when the policy may take this moment away. */
function lastThatWillDo(
  game: Game,
  { strategy, keepRecords, tiers = [] }: Persistence,
  seq: number,
  newest: number,
  mostTime: number,
): number | undefined {
  if (strategy === 'snapshot' || (keepRecords && seq < newest - keepRecords)) return undefined;
  if (tiers.length === 0) return seq;
  const age = mostTime - timeAt(game, seq);
  const tier = tiers.find(({ forMs }) => forMs === 'ever' || age < forMs);
  if (!tier) return undefined;
  const { every } = tier;
  if (every === 'step' || isWhole(game, seq)) return seq;
  if (!isEndOfTick(game, seq)) return undefined;
  if (every === 'tick') return seq;
  // A clock that jumped makes stretches of time that are hard to tell.
  if (game.jumps) return undefined;
  const stretch = (each: number): number => Math.floor(timeAt(game, each) / every.ms);
  let last = seq;
  while (last < newest && stretch(last + 1) === stretch(seq)) {
    last += 1;
    if (isEndOfTick(game, last)) return undefined;
  }
  return last;
}
