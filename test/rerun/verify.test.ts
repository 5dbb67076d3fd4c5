// Re-execution on this thread: what is found, how it is named, and what is left out.

import { fc, test } from '@fast-check/vitest';
import { afterAll, describe, expect, it } from 'vitest';
import type { AnyGameType, History } from '#core/game/define.ts';
import type { AnyGame } from '#core/game/game.ts';
import { fold } from '#core/patch/apply.ts';
import type { Json, JsonObject, Patch } from '#core/patch/patch.ts';
import { verify } from '#history/rerun/verify.ts';
import { type CommandContext, defineGame, type Table, table } from '#index.ts';
import type { HistoryReader, PastStep, StepRange } from '#storage/history-reader.ts';
import { versions, Workshop } from './played.ts';
import { RememberedPast } from './remembered-past.ts';

const workshop = new Workshop();
afterAll(() => workshop.clean());

interface Well {
  depth: number;
  log: string[];
}

interface State {
  wells: Table<Well>;
  total: number;
  news: string[];
  marks: { [name: string]: number };
}

type Rule = (draft: State, args: { readonly id: string; readonly by: number }, context: CommandContext) => void;

const dig: Rule = (draft, { id, by }, context) => {
  const well = draft.wells.get(id);
  if (!well) draft.wells.set(id, { depth: by, log: [] });
  else {
    well.depth += by;
    well.log.push(`${context.player ?? '?'} ${context.now}`);
    if (well.log.length > 3) well.log.shift();
  }
  draft.total += by + Math.floor(context.random() * 3);
};

/** A game of wells whose rule for digging is the one given. */
function wells(history: History, rule: Rule = dig, more: { readonly limit?: number; readonly without?: 'name' } = {}) {
  const commands = {
    dig: rule,
    name(draft: State, name: string) {
      delete draft.marks[name];
      draft.marks[name] = draft.total;
      draft.news.unshift(name);
      if (draft.news.length > 4) draft.news.pop();
    },
    fill(draft: State, id: string) {
      if (!draft.wells.delete(id)) throw new Error('there is no such well');
    },
  };
  const { name: _name, ...rest } = commands;
  return defineGame('wells', {
    version: 1,
    history,
    initial: (): State => ({ wells: table<Well>(), total: 0, news: [], marks: {} }),
    commands: (more.without === 'name' ? rest : commands) as typeof commands,
    onTick(draft) {
      draft.total += 1;
      const { limit } = more;
      if (limit !== undefined && draft.total > limit) throw new Error('too deep');
    },
  });
}

/** Ten ticks with three commands in each; every other tick has one that is refused and leaves nothing. */
function workday(game: AnyGame): void {
  for (let tick = 1; tick <= 10; tick += 1) {
    game.advance();
    game.dispatch('dig', { id: `w${tick % 4}`, by: tick }, { player: 'ada' });
    game.dispatch('name', `n${tick % 3}`);
    if (tick % 2 === 0) expect(() => game.dispatch('fill', 'nowhere')).toThrow('there is no such well');
    game.dispatch('dig', { id: 'w9', by: 2 }, { player: 'bo' });
  }
}

function remember(type: AnyGameType, work: (game: AnyGame) => void): HistoryReader {
  return new RememberedPast(type, 'a', work);
}

const ALL = 40;
const GRAINS = ['commands', 'ticks', 'batches'] as const;

describe('verification', () => {
  it.each(GRAINS)(
    '[RR1] with history %j the same code makes what was recorded, and every record counts',
    async (grain) => {
      const past = await workshop.past(await workshop.play(wells(grain), 'a', workday), 'a');
      const told: number[] = [];
      const found = await verify(past, versions(wells(grain)), { onProgress: ({ done }) => told.push(done) });
      expect(found).toMatchObject({
        game: 'a',
        type: 'wells',
        fromSeq: 1,
        toSeq: ALL,
        commands: ALL,
        difference: undefined,
      });
      expect(found.steps).toBe({ commands: ALL, ticks: 10, batches: found.steps }[grain]);
      expect(found.skipped).toEqual({ version: 0, anonymous: 0, whole: 0, 'not kept': 0 });
      expect(told.at(-1)).toBe(ALL);
    },
  );

  it('[RR2] the first difference has seq, tick, command, player, place and both values', async () => {
    const past = remember(wells('commands'), workday);
    const changed: Rule = (draft, args, context) => dig(draft, args.by === 6 ? { ...args, by: 7 } : args, context);
    const { difference, commands } = await verify(past, versions(wells('commands', changed)));
    expect(difference).toMatchObject({
      kind: 'state',
      seq: 22,
      tick: 6,
      command: 'dig',
      player: 'ada',
      args: { id: 'w2', by: 6 },
      path: '/wells/w2/depth',
      recorded: 8,
      rerun: 9,
      isCertain: true,
      randomUse: [],
      isUnstable: false,
    });
    expect(difference?.message).toBe(
      'seq 22, tick 6, dig by "ada": /wells/w2/depth was 8 when it was recorded and is 9 now.',
    );
    expect(commands).toBe(21);
  });

  it('[RR2] of merged commands the one whose patches touch the place is named, and that it is one of several', async () => {
    const past = remember(wells('ticks'), workday);
    const changed: Rule = (draft, args, context) => dig(draft, args.by === 6 ? { ...args, by: 7 } : args, context);
    const { difference } = await verify(past, versions(wells('ticks', changed)));
    expect(difference).toMatchObject({ seq: 22, command: 'dig', firstSeq: 21, lastSeq: 24, tick: 6, isCertain: true });
    expect(difference).toMatchObject({ path: '/wells/w2/depth', recorded: 8, rerun: 9 });
  });

  it('[RR3] a command that is refused now, or is not there any more, is a difference with the reason', async () => {
    const past = remember(wells('commands'), workday);
    const strict = await verify(past, versions(wells('commands', dig, { limit: 30 })));
    expect(strict.difference).toMatchObject({ kind: 'refused', command: '@tick', path: '', recorded: undefined });
    expect(strict.difference?.reason).toMatchObject({ code: 'COMMAND_REFUSED', cause: 'too deep' });
    expect(strict.difference?.message).toMatch(/accepted when it was recorded and is refused now .*too deep/);
    const without = await verify(past, versions(wells('commands', dig, { without: 'name' })));
    expect(without.difference).toMatchObject({ kind: 'refused', command: 'name', seq: 3 });
    expect(without.difference?.reason?.code).toBe('UNKNOWN_COMMAND');
  });

  it.each<[string, () => number]>([
    ['Math.random()', () => Math.random()],
    ['Date.now()', () => Date.now() - 86_400_000],
    ['new Date()', () => new Date().setUTCFullYear(2000)],
    ['performance.now()', () => performance.now() + 1],
    ['crypto.randomUUID()', () => Number.parseInt(crypto.randomUUID().slice(0, 8), 16)],
    ['process.hrtime()', () => Number(process.hrtime.bigint() % 1_000_000_007n)],
  ])('[RR4] a command that used %s is found, and the message says so', async (used, number) => {
    const chancy: Rule = (draft, args, context) => {
      dig(draft, args, context);
      if (args.by === 3) draft.total += number();
    };
    for (const grain of ['commands', 'ticks'] as const) {
      const past = remember(wells(grain, chancy), workday);
      const { difference } = await verify(past, versions(wells(grain, chancy)));
      expect(difference).toMatchObject({ seq: 10, command: 'dig', path: '/total', randomUse: [used] });
      expect(difference?.message).toContain(`It uses ${used}`);
      expect(difference?.message).toContain('context.random()');
    }
  });

  it('[RR4] what was watched is as it was before', async () => {
    const before = [Math.random, Date, Date.now, performance.now, process.hrtime, crypto.randomUUID];
    const chancy: Rule = (draft, args, context) => dig(draft, { ...args, by: Math.random() }, context);
    const past = remember(wells('commands', chancy), workday);
    expect((await verify(past, versions(wells('commands', chancy)))).difference).toMatchObject({ isUnstable: true });
    expect([Math.random, Date, Date.now, performance.now, process.hrtime, crypto.randomUUID]).toEqual(before);
    expect(Math.random).toBe(before[0]);
    expect(Date).toBe(before[1]);
  });

  it('[RR4] chance that a module took hold of before is seen by running twice', async () => {
    const { random } = Math;
    const chancy: Rule = (draft, args, context) => dig(draft, { ...args, by: random() }, context);
    const past = remember(wells('commands', chancy), workday);
    const { difference } = await verify(past, versions(wells('commands', chancy)));
    expect(difference).toMatchObject({ seq: 2, randomUse: [], isUnstable: true });
    expect(difference?.message).toContain('Two runs one after the other come out differently');
    expect(difference?.message).toContain('Perhaps it keeps something outside of the state');
  });

  it('[RR5] anonymous recipes and saved states are taken over and counted, and what follows is compared', async () => {
    const work = (game: AnyGame): void => {
      workday(game);
      game.update((draft: State) => {
        draft.wells.get('w9')!.depth = 1000;
        draft.wells.delete('w1');
        draft.wells.set('new', { depth: 1, log: ['x'] });
        draft.news.splice(1, 2);
        delete draft.marks['n1'];
      });
      const plain = JSON.parse(JSON.stringify(game.state)) as State;
      plain.total = 5;
      game.save(plain);
      game.dispatch('dig', { id: 'w9', by: 1 });
      game.dispatch('dig', { id: 'new', by: 1 });
    };
    const past = remember(wells('commands'), work);
    const found = await verify(past, versions(wells('commands')));
    expect(found.difference).toBeUndefined();
    expect(found).toMatchObject({ commands: ALL + 2, skipped: { anonymous: 2 } });
    const ticks = remember(wells('ticks'), work);
    expect(await verify(ticks, versions(wells('ticks')))).toMatchObject({
      commands: ALL - 4,
      skipped: { anonymous: 8 },
      difference: undefined,
    });
    const changed: Rule = (draft, args, context) => dig(draft, args.id === 'new' ? { ...args, by: 2 } : args, context);
    expect((await verify(past, versions(wells('commands', changed)))).difference).toMatchObject({
      seq: ALL + 4,
      path: '/wells/new/depth',
      recorded: 2,
      rerun: 3,
    });
  });

  it('[RR6] records of a version that the code does not have are counted and passed over', async () => {
    const past = remember(wells('ticks'), workday);
    const newer = { ...wells('ticks'), version: 2 };
    const found = await verify(past, new Map([[2, newer]]));
    expect(found).toMatchObject({ steps: 0, commands: 0, skipped: { version: ALL }, difference: undefined });
  });

  it('[RR7] a range begins and ends where it is told', async () => {
    const past = remember(wells('commands'), workday);
    const changed: Rule = (draft, args, context) => dig(draft, args.by === 6 ? { ...args, by: 7 } : args, context);
    const types = versions(wells('commands', changed));
    expect(await verify(past, types, { from: 1, to: 21 })).toMatchObject({ commands: 21, difference: undefined });
    expect(await verify(past, types, { from: 23 })).toMatchObject({ commands: ALL - 22, difference: undefined });
    expect((await verify(past, types, { from: 20, to: 30 })).difference?.seq).toBe(22);
  });
});

/** Within one step a patch may undo another: then there is nothing to find. Entities of a table have no order. */
function outcomeOf(state: JsonObject, patches: readonly Patch[]): string {
  try {
    const after = fold(structuredClone(state), structuredClone(patches)) as { readonly wells: JsonObject };
    return JSON.stringify({ ...after, wells: Object.entries(after.wells).sort(([a], [b]) => (a < b ? -1 : 1)) });
  } catch {
    return 'nothing';
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A past in which one step says something else than what was recorded. */
class Corrupted implements HistoryReader {
  readonly #past: HistoryReader;
  readonly #change: (step: PastStep) => PastStep;

  constructor(past: HistoryReader, change: (step: PastStep) => PastStep) {
    this.#past = past;
    this.#change = change;
  }

  get row(): HistoryReader['row'] {
    return this.#past.row;
  }

  get seed(): HistoryReader['seed'] {
    return this.#past.seed;
  }

  stateAt: HistoryReader['stateAt'] = (...args) => this.#past.stateAt(...args);
  snapshots: HistoryReader['snapshots'] = () => this.#past.snapshots();
  close: HistoryReader['close'] = async () => undefined;

  async *steps(range?: StepRange): AsyncGenerator<PastStep, void, undefined> {
    for await (const step of this.#past.steps(range)) yield this.#change(step);
  }
}

describe('a corrupted patch', () => {
  const stepsOf = async (past: HistoryReader): Promise<PastStep[]> => collect(past.steps());

  test.prop(
    [
      fc.constantFrom<History>('commands', 'ticks'),
      fc.nat(1000),
      fc.nat(1000),
      fc.constantFrom('value', 'lost', 'twice', 'elsewhere'),
      fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.constant({ a: [1] })),
    ],
    { numRuns: 150, seed: 20261121 },
  )('[RR8] is always found, at the seq of its step', async (grain, whichStep, whichPatch, way, value) => {
    const past = remember(wells(grain), workday);
    const changing = (await stepsOf(past)).filter(({ patches }) => patches.length > 0);
    const chosen = changing[whichStep % changing.length]!;
    const at = whichPatch % chosen.patches.length;
    const corrupt = (patches: readonly Patch[]): Patch[] => {
      const copy = structuredClone(patches) as Patch[];
      const patch = copy[at]!;
      const wrong =
        patch.op === 'remove' || JSON.stringify(patch.value) === JSON.stringify(value) ? 'wrong' : (value as Json);
      if (way === 'lost' || patch.op === 'remove') copy.splice(at, 1);
      else if (way === 'twice') copy.splice(at, 0, { op: 'add', path: ['extra'], value: wrong });
      else if (way === 'elsewhere') copy[at] = { op: 'add', path: ['elsewhere'], value: wrong };
      else copy[at] = { ...patch, value: wrong };
      return copy;
    };
    const corrupted = new Corrupted(past, (step) =>
      step.lastSeq === chosen.lastSeq ? { ...step, patches: corrupt(step.patches) } : step,
    );
    const before = (await past.stateAt({ seq: chosen.firstSeq - 1 })).state;
    fc.pre(outcomeOf(before, chosen.patches) !== outcomeOf(before, corrupt(chosen.patches)));
    const { difference } = await verify(corrupted, versions(wells(grain)));
    expect(difference).toMatchObject({ firstSeq: chosen.firstSeq, lastSeq: chosen.lastSeq, tick: chosen.tick });
    expect(['state', 'damaged']).toContain(difference?.kind);
  });
});
