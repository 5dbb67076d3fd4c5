// The package attacked through what it exports and gives out, and nothing else.

import { expect, it } from 'vitest';
import * as orreryPackage from '#index.ts';
import { type Change, defineGame, MemoryStore, openOrrery, runLoop, table } from '#index.ts';
import { Attack } from './attack.ts';
import { reach } from './reachable.ts';

const SESSIONS = 3;
/** ORRERY_ATTACK_SECONDS=600 goes on for so long from a random seed, ORRERY_ATTACK_SEED=7 runs that one alone. */
const SECONDS = Number(process.env['ORRERY_ATTACK_SECONDS'] ?? 0);
const GIVEN = process.env['ORRERY_ATTACK_SEED'];
const USUAL = 2;
/** How threads interleave is not in the seed: rounds are added until so much was acknowledged. */
const ENOUGH = 40;
const MOST = 12;

const counter = defineGame('counter', {
  version: 1,
  initial: () => ({ n: 0, plain: { deep: [1] }, units: table({ a: { hp: 1 } }) }),
  commands: {
    keep(draft, args: { list: number[] }, context) {
      over = draft;
      kept.push(draft.units, args, context);
      draft.n += 1;
      draft.plain.deep = args.list;
    },
  },
});
const kept: unknown[] = [];
/** The draft of a command that is over: whatever is asked of it throws. */
let over: unknown;

async function everything() {
  const store = new MemoryStore();
  const orrery = await openOrrery({ directory: 'unused', games: [counter], store: () => store });
  const game = await orrery.open(counter, 'g');
  const changes: Change<object>[] = [];
  game.subscribe((change) => changes.push(change));
  const receipt = game.dispatch('keep', { list: [1, 2] });
  await receipt.durable;
  const loop = runLoop(orrery, { hz: 1 });
  loop.stop();
  const submission = await orrery.submit('g', { state: game.toJSON(), baseSeq: 1 });
  const past = await orrery.history(counter, 'g');
  const found: unknown[] = [past.info, await past.at(1), await past.diff(0, 1), await past.verify(), await past.try()];
  for await (const entry of past.entries()) found.push(entry);
  for await (const entry of past.blame('')) found.push(entry);
  for await (const step of past.replay()) found.push(step);
  const error = await orrery.load(counter, 'none').catch((thrown: unknown) => thrown);
  const answers = [await orrery.list(), await orrery.stats(), await orrery.metrics(), orrery.recovery];
  const given = { over, orrery, game, receipt, submission, loop, past, found, error, changes, kept, answers };
  return { orrery, game, past, store, roots: { ...given, loaded: [...orrery.loaded()], events: orrery.on } };
}

it('[PU1] a game has what users need and nothing else', async () => {
  const { orrery, game } = await everything();
  const names = Reflect.ownKeys(Object.getPrototypeOf(game) as object).map(String);
  expect(names.sort()).toEqual(
    [
      'constructor',
      'state',
      'seq',
      'tick',
      'loaded',
      'dispatch',
      'update',
      'save',
      'patch',
      'advance',
      'subscribe',
      'toJSON',
      'copy',
    ].sort(),
  );
  expect(Reflect.ownKeys(game)).toEqual(['id', 'type']);
  expect(Object.isFrozen(game)).toBe(true);
  await orrery.close();
});

it('[PU1] nothing that is meant for the engine can be reached from what is exported or given out', async () => {
  const { orrery, roots } = await everything();
  const { objects, functions } = reach({ ...roots, package: orreryPackage }, 8);
  const classes = new Set<string>();
  for (const [object, path] of objects) {
    if (typeof object !== 'object' || object === over || /prototype/.test(path)) continue;
    const made = Object.getPrototypeOf(object) as { readonly constructor?: { readonly name: string } } | null;
    const name = made?.constructor?.name;
    if (name !== undefined && !ALLOWED.has(name)) classes.add(`${name} at ${path}`);
  }
  expect([...classes]).toEqual([]);
  const forEngine =
    /\.(create|restore|adopt|evict|sink|append|attach|apart|exclusively|loaded games|commit queues|registry|engine|tickFailed|start|code|unjudged|ready|behind)$/;
  const found = functions.map(({ path }) => path).concat([...objects.values()]);
  expect(found.filter((path) => forEngine.test(path) && !path.startsWith('package.MemoryStore'))).toEqual([]);
  await orrery.close();
});

it('[PU2] no class that can be reached makes a game, a history or an orrery', async () => {
  const { orrery, game, past } = await everything();
  const { objects } = reach({ orrery, game, past }, 4);
  const odd = [
    [],
    [undefined],
    [{}, game],
    [Symbol('made by the engine'), game, orrery],
    ['g', counter, {}],
    [game, orrery, {}],
  ];
  for (const made of [game.constructor, orrery.constructor, past.constructor]) {
    expect(objects.has(made)).toBe(true);
    for (const args of odd) {
      expect(() => Reflect.construct(made, args)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    }
  }
  await orrery.close();
});

it('[PU3] nothing that is given out changes a game by being changed', async () => {
  const { orrery, game, store, roots } = await everything();
  const before = JSON.stringify(game);
  for (const [object, path] of reach(roots, 8).objects) {
    if (typeof object !== 'object' || object === over || /prototype/.test(path)) continue;
    for (const key of Reflect.ownKeys(object)) {
      try {
        Reflect.set(object, key, 'spoilt');
      } catch {
        // The table of a command that is over, or the length of a list.
      }
    }
  }
  expect(JSON.stringify(game)).toBe(before);
  game.dispatch('keep', { list: [3] });
  await orrery.close();
  const again = await openOrrery({ directory: 'unused', games: [counter], store: () => store });
  const reopened = await again.load(counter, 'g');
  expect(JSON.parse(JSON.stringify(reopened))).toEqual({ ...JSON.parse(before), n: 2, plain: { deep: [3] } });
  await again.close();
});

it('[PU4] a command is named by a string, and nothing else is taken for one', async () => {
  const { orrery, game, store } = await everything();
  const before = game.seq;
  for (const name of [['keep'], { toString: () => 'keep' }, Symbol('keep'), undefined, null, 1]) {
    expect(() => (game.dispatch as (...args: unknown[]) => unknown).call(game, name, { list: [] })).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_COMMAND' }),
    );
  }
  expect(() => game.subscribe(undefined as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  expect(() => orrery.on('error', 1 as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  expect(() => runLoop({} as never, { hz: 1 })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  expect(game.seq).toBe(before);
  await orrery.close();
  const again = await openOrrery({ directory: 'unused', games: [counter], store: () => store });
  expect((await again.load(counter, 'g')).seq).toBe(before);
  await again.close();
});

it('[PU5] whatever is called and whenever, what was acknowledged is there, no seq is given twice, and states come back', async () => {
  const first = GIVEN === undefined ? (SECONDS > 0 ? Math.floor(Math.random() * 2 ** 31) : 1) : Number(GIVEN);
  const end = performance.now() + SECONDS * 1000;
  let acknowledged = 0;
  const goesOn = (round: number): boolean =>
    round < USUAL || performance.now() < end || (acknowledged <= ENOUGH && round < MOST);
  for (let round = 0; GIVEN === undefined ? goesOn(round) : round < 1; round += 1) {
    const seed = first + round;
    const attack = new Attack(seed);
    let faults: readonly string[];
    try {
      faults = await attack.run(SESSIONS);
    } catch (error) {
      faults = [String(error), (error as Error).stack ?? ''];
    }
    const told = `ORRERY_ATTACK_SEED=${seed}, the last calls:\n${attack.log.slice(-30).join('\n')}`;
    expect(faults, told).toEqual([]);
    acknowledged += attack.acknowledged;
  }
  // An attack in which nothing is played proves nothing.
  expect(acknowledged, `from ORRERY_ATTACK_SEED=${first} on`).toBeGreaterThan(GIVEN === undefined ? ENOUGH : 0);
});

/** The classes of what users hold, and plain data. */
const ALLOWED = new Set([
  'Object',
  'Array',
  'Function',
  'Promise',
  'String',
  'Module',
  'Game',
  'Orrery',
  'GameHistory',
  'Step',
  'BatchReceipt',
  'Loop',
  'OrreryError',
  'Error',
  'GameContext',
  'TableView',
  'TableDraft',
  'MemoryStore',
  // Of a past, which commands are run again with: it has no fields and no methods.
  'GameSeed',
  'RecordableHistogram',
  'Histogram',
  'Map',
  'SafeMap',
]);
