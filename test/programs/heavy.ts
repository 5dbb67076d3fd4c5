// A process whose owners have little memory, or that has little itself: plays in one of several ways and tells as JSON what was
// acknowledged, what was thrown and what it heard of its shards. That it comes to its end is the point.

import { pino } from 'pino';
import { defineGame, type Orrery, OrreryError, openOrrery, shardOf, table } from '#index.ts';
import { ask } from '../history/ask.ts';

export const SHARDS = 2;

export const heavy = defineGame('heavy', {
  version: 1,
  initial: (wide: number) => ({
    count: 0,
    text: '',
    wide: wideList(wide),
    units: table<{ id: string; hp: number; tags: number[] }>(),
  }),
  commands: {
    add(draft, by: number) {
      draft.count += by;
    },
    widen(draft, count: number) {
      draft.wide = [...draft.wide, ...wideList(count)];
    },
    write(draft, length: number) {
      draft.text = 'x'.repeat(length);
    },
    recruit(draft, { from, count }: { from: number; count: number }) {
      for (let at = from; at < from + count; at += 1)
        draft.units.set(`u${at}`, { id: `u${at}`, hp: at, tags: [1, 2, 3] });
    },
  },
});

/** So small things that they are many times larger in a heap than as JSON. */
function wideList(length: number): number[][] {
  return Array.from({ length }, (_, at) => [at]);
}

/** Two ids of games, one in each shard. */
export function idsOf(): readonly [string, string] {
  const ids = Array.from({ length: 32 }, (_, at) => `game-${at}`);
  return [0, 1].map((shard) => ids.find((id) => shardOf(id, SHARDS) === shard)) as [string, string];
}

export interface Told {
  /** What ended it early, if anything did. */
  readonly thrown?: { readonly code: string; readonly message: string; readonly game?: string };
  /** The count that is durable, by game. */
  readonly acknowledged: { readonly [game: string]: number };
  readonly events: readonly {
    readonly event: string;
    readonly code: string;
    readonly game?: string;
    readonly message: string;
  }[];
}

const [FIRST, SECOND] = idsOf();

type Way = (
  orrery: Orrery,
  acknowledge: (id: string) => Promise<void>,
  acknowledged: { [game: string]: number },
) => Promise<void>;

const WAYS: { readonly [way: string]: Way } = {
  grow: async (orrery, acknowledge) => {
    const game = await orrery.open(heavy, FIRST, 0);
    for (let round = 0; round < 25; round += 1) {
      game.dispatch('recruit', { from: round * 1000, count: 1000 });
      await acknowledge(FIRST);
    }
    for (let at = 0; at < 300; at += 1) {
      const many = await orrery.open(heavy, `many-${at}`, 200);
      many.dispatch('add', 1);
      if (at % 100 === 99) await acknowledge(`many-${at}`);
    }
    await orrery.checkpoint();
    for (const length of [1_000_000, 3_000_000, 15_000_000]) {
      await acknowledge(FIRST);
      const again = await orrery.open(heavy, FIRST, 0);
      await again.dispatch('write', length).durable;
    }
  },
  open: async (_, acknowledge) => acknowledge(SECOND),
  question: async (orrery, acknowledge) => {
    const past = await ask(orrery, FIRST).reader();
    const failure = await past.stateAt({ seq: 1 }).catch((error: unknown) => error);
    await acknowledge(SECOND);
    if (failure instanceof Error) throw failure;
  },
  hopeless: async (orrery, acknowledge, acknowledged) => {
    const failed = new Promise((resolve) => orrery.on('failed', resolve));
    await acknowledge(SECOND);
    const game = await orrery.open(heavy, FIRST, 0);
    // A snapshot of it has to be made now and then.
    const grown = (async () => {
      for (let round = 0; round < 200; round += 1) {
        await game.dispatch('widen', 5000).durable;
        await game.dispatch('add', 1).durable;
        acknowledged[FIRST] = game.state.count;
      }
    })();
    await Promise.race([failed, grown.catch(() => failed)]);
    await acknowledge(SECOND);
  },
};

async function main(way: string, directory: string, ownerMemoryMb: number | undefined): Promise<Told> {
  const acknowledged: { [game: string]: number } = {};
  const events: Told['events'][number][] = [];
  const asThrown = (error: unknown): NonNullable<Told['thrown']> => {
    if (!(error instanceof OrreryError)) throw error;
    const { code, message, context } = error;
    return { code, message, ...(context.game === undefined ? {} : { game: context.game }) };
  };
  let orrery: Orrery;
  try {
    orrery = await openOrrery({
      directory,
      games: [heavy],
      shards: SHARDS,
      maxLoadedGames: 8,
      logger: pino({ level: 'silent' }),
      ...(ownerMemoryMb === undefined ? {} : { ownerMemoryMb }),
    });
  } catch (error) {
    return { thrown: asThrown(error), acknowledged, events };
  }
  for (const event of ['degraded', 'failed'] as const) {
    orrery.on(event, (error) => events.push({ event, ...asThrown(error) }));
  }
  let thrown: Told['thrown'];
  try {
    await (WAYS[way] as Way)(
      orrery,
      async (id) => {
        const game = await orrery.open(heavy, id, 0);
        await game.dispatch('add', 1).durable;
        acknowledged[id] = game.state.count;
      },
      acknowledged,
    );
  } catch (error) {
    thrown = asThrown(error);
  }
  await orrery.close().catch(() => undefined);
  return { ...(thrown ? { thrown } : {}), acknowledged, events };
}

const [way, directory, memory] = process.argv.slice(2);
if (way !== undefined && directory !== undefined && process.env['ORRERY_HEAVY'] === '1') {
  process.stdout.write(
    `${JSON.stringify(await main(way, directory, memory === undefined ? undefined : Number(memory)))}\n`,
  );
}
