// A directory whose games have a past, and everything that ever was in it, kept in memory beside it: what the commands of the
// past are held against. Half of the past lies in the image, half in the journal of a process that is still open.

import { join } from 'node:path';
import { defineGame, type Orrery, openOrrery, table } from '#index.ts';
import { emptyFolder } from '../command-line.ts';

export interface Moment {
  readonly seq: number;
  readonly tick: number;
  readonly state: unknown;
}

export interface RecordedCommand {
  readonly seq: number;
  readonly tick: number;
  readonly name: string;
  readonly player: string | null;
  readonly args: unknown;
}

export interface Recorded {
  readonly directory: string;
  /** Of each game: after every seq from 0 on, whether it is a visible moment or not. */
  readonly moments: { readonly [game: string]: Moment[] };
  readonly commands: { readonly [game: string]: RecordedCommand[] };
  close(): Promise<void>;
}

interface Port {
  id: string;
  gold: number;
  owner: string | null;
  'goods/all': { [name: string]: number };
}

const port = (id: string): Port => ({ id, gold: 10, owner: null, 'goods/all': { salt: 1 } });

/** The same rules twice: every command is a moment of its own, or every tick. */
const rules = {
  version: 2,
  initial: () => ({
    ports: table([port('a'), port('b'), port('c')], ({ id }) => id),
    news: [] as string[],
    purse: { total: 30, 'n~1': null as null | { deep: number[] } },
  }),
};

interface Trade {
  port: string;
  gold: number;
}

const commands = {
  trade(draft: Draft, { port: id, gold }: Trade) {
    const found = draft.ports.get(id);
    if (!found) throw new Error('no such port');
    found.gold += gold;
    draft.purse.total += gold;
    draft.news.unshift(`${id} has ${found.gold}`);
    if (draft.news.length > 4) draft.news.splice(1, 2);
  },
  take(draft: Draft, id: string, ctx: { readonly player?: string | undefined }) {
    const found = draft.ports.get(id);
    if (found) found.owner = ctx.player ?? null;
  },
  raze(draft: Draft, id: string) {
    draft.ports.delete(id);
  },
  settle(draft: Draft, id: string) {
    draft.ports.set(id, { ...port(id), 'goods/all': { salt: 1, '': 2 } });
  },
  dream(draft: Draft, numbers: number[]) {
    draft.purse['n~1'] = numbers.length === 0 ? null : { deep: numbers };
  },
};

interface Draft {
  readonly ports: {
    get(id: string): Port | undefined;
    set(id: string, of: Port): unknown;
    delete(id: string): unknown;
  };
  news: string[];
  purse: { total: number; 'n~1': null | { deep: number[] } };
}

const byCommand = defineGame('port-by-command', { ...rules, history: 'commands', commands });
const byTick = defineGame('port-by-tick', { ...rules, history: 'ticks', commands });

export const PLAYERS = ['ada', 'bob, the 2nd', 'Ωmega'] as const;

/** The seqs that are visible moments of a game: each, or the last of each tick. */
export function visibleSeqs(game: string, moments: readonly Moment[]): number[] {
  const seqs = moments.filter(
    ({ seq, tick }, index) => game === 'every' || seq === 0 || moments[index + 1]?.tick !== tick,
  );
  return seqs.map(({ seq }) => seq);
}

export function documentsOf(stdout: string): unknown[] {
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as unknown);
}

/** Numbers from 0 up to `below`, the same in every run. */
function* dice(): Generator<number, never, number> {
  let state = 12345;
  let below = 2;
  for (;;) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    below = yield Math.floor((state / 2 ** 32) * below);
  }
}

/** What the two types have in common. */
interface Played {
  readonly seq: number;
  readonly tick: number;
  toJSON(): object;
  dispatch(name: string, args: unknown, options: { readonly player: string }): unknown;
  advance(): unknown;
}

export async function makeRecorded(): Promise<Recorded> {
  const directory = join(emptyFolder(), 'ports');
  const moments: Recorded['moments'] = { every: [], merged: [] };
  const recorded: Recorded['commands'] = { every: [], merged: [] };
  const throwing = dice();
  throwing.next();
  const roll = (below: number): number => throwing.next(below).value;
  const one = <T>(of: readonly T[]): T => of[roll(of.length)] as T;

  const play = (id: string, game: Played, turns: number): void => {
    const told = moments[id] as Moment[];
    const log = recorded[id] as RecordedCommand[];
    if (told.length === 0) told.push({ seq: 0, tick: 0, state: game.toJSON() });
    const note = (name: string, player: string | null, args: unknown): void => {
      told.push({ seq: game.seq, tick: game.tick, state: game.toJSON() });
      log.push({ seq: game.seq, tick: game.tick, name, player, args });
    };
    for (let turn = 0; turn < turns; turn += 1) {
      for (let left = roll(4); left > 0; left -= 1) {
        const player = one(PLAYERS);
        const known = Object.keys((game.toJSON() as { ports: object }).ports);
        const [name, args] = one<() => readonly [string, unknown]>([
          () => ['trade', { port: one(known), gold: roll(9) - 4 }],
          () => ['trade', { port: one(known), gold: roll(9) - 4 }],
          () => ['take', one(known)],
          () => (known.length > 2 ? ['raze', one(known)] : ['settle', one(['a', 'b', 'c', 'p/7'])]),
          () => ['dream', Array.from({ length: roll(4) }, () => roll(5))],
        ])();
        game.dispatch(name, args, { player });
        note(name, player, args);
      }
      game.advance();
      note('@tick', null, null);
    }
  };
  const playBoth = async (orrery: Orrery): Promise<void> => {
    play('every', (await orrery.open(byCommand, 'every')) as unknown as Played, TURNS);
    play('merged', (await orrery.open(byTick, 'merged')) as unknown as Played, TURNS);
    await orrery.flush();
  };

  const options = { directory, games: [byCommand, byTick], shards: 2 };
  const first = await openOrrery(options);
  await playBoth(first);
  await first.close();
  const second = await openOrrery(options);
  await playBoth(second);
  return { directory, moments, commands: recorded, close: () => second.close() };
}

/** Before and after the directory is opened anew. */
const TURNS = 20;
