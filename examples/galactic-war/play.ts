// Orrery in a game loop, from beginning to end. Run it, stop it in any way you like, and run it again: it goes on.
//
//   node dist/examples/galactic-war/play.js [directory] [--seconds N] [--galaxies N] [--stars FILE]
//
// README.md in this folder walks through the steps.

import { parseArgs } from 'node:util';
import { OrreryError, openOrrery, runLoop } from 'orrery';
import { Bots, botNames, mapOf } from './bots.ts';
import { type Galaxy, galaxy, give } from './galaxy.ts';
import { PACES } from './rules.ts';
import { loadStars, StarFileError } from './stars.ts';

const NAMES = ['andromeda', 'triangulum', 'whirlpool', 'sombrero', 'pinwheel', 'cartwheel', 'sunflower', 'cigar'];

const HZ = 20;
const PLAYERS_PER_GALAXY = 8;
const ORDERS_PER_TICK = 4;

/** A mistake in the command line: told without a stack. */
class UsageError extends Error {}

async function play(directory: string, seconds: number, galaxies: number, starFile: string | undefined): Promise<void> {
  const setup = { stars: loadStars(starFile), pace: PACES.blitz };

  // Step 1. Open the directory. `await using` closes it however this function ends: what was accepted becomes durable,
  // and a last image is published, so that the next start has nothing to replay.
  await using orrery = await openOrrery({ directory, games: [galaxy] });

  // Step 2. Open the games. An id that the directory knows is loaded, and the setup is then not looked at; another id
  // becomes a new galaxy. Either way the result is the state after the last command that was durable.
  const games: Galaxy[] = [];
  for (let index = 0; index < galaxies; index += 1) {
    const id = NAMES[index] ?? `galaxy ${index + 1}`;
    const game = await orrery.open(galaxy, id, setup);
    games.push(game);
    console.log(
      game.seq === 0 ? `${id}: new, ${game.state.systems.size} systems` : `${id}: goes on at tick ${game.tick}`,
    );
  }

  // The players. They read game.state, which is immutable: nothing they do to it could reach the game.
  const crews = games.map((game, index) => ({
    game,
    bots: new Bots({ players: botNames(PLAYERS_PER_GALAXY), seed: game.seq * 31 + index, map: mapOf(game.state) }),
  }));
  const count = { accepted: 0, refused: 0, durable: 0 };
  let failure: unknown;

  // Step 3. What to do with each command. `give` is one game.dispatch: synchronous, so the next line already sees the
  // new state, and atomic, so a refused order has changed nothing. Being accepted is not being durable: the receipt's
  // promise says when the order is on disk. A server would answer its player then; this loop only counts.
  const act = (game: Galaxy, bots: Bots): void => {
    const order = bots.next(game.state, game.tick);
    if (!order) return;
    try {
      const receipt = give(game, order);
      count.accepted += 1;
      receipt.durable.then(
        () => {
          count.durable += 1;
        },
        (error: unknown) => {
          failure ??= error;
        },
      );
    } catch (error) {
      // The rules said no: that is part of the game. Anything else is not.
      if (!(error instanceof OrreryError && error.code === 'COMMAND_REFUSED')) throw error;
      count.refused += 1;
    }
  };

  // Step 4. The loop. It counts a tick of every open game, 20 times a second without drift; beforeTick is where
  // commands that came in since the last tick belong. Nothing here waits for the disk.
  const loop = runLoop(orrery, {
    hz: HZ,
    beforeTick: () => {
      for (const { game, bots } of crews) {
        for (let turn = 0; turn < ORDERS_PER_TICK; turn += 1) act(game, bots);
      }
    },
  });

  // Step 5. Look at it from outside, whenever you like.
  const show = setInterval(() => console.log(table(games)), 1000);
  const tickMs = (percent: number): string => (loop.histogram.percentile(percent) / 1e6).toFixed(2);
  try {
    await untilTimeOrSignal(seconds);
  } finally {
    clearInterval(show);
    loop.stop();
  }

  // Step 6. Leave. flush() waits until everything accepted is durable; closing would do so too.
  await orrery.flush();
  if (failure !== undefined) throw failure;
  console.log(`${table(games)}\n`);
  for (const { tick, text } of games[0]!.state.news.slice(-5)) console.log(`  tick ${tick}: ${text}`);
  console.log(
    `\n${loop.ticks} ticks of ${games.length} galaxies, p50 ${tickMs(50)} ms and p99 ${tickMs(99)} ms each; ` +
      `${count.accepted} orders accepted, ${count.durable} of them durable, ${count.refused} refused.`,
  );
  console.log(`Run this again to go on, or look inside: node dist/src/cli/main.js ls ${directory}`);
}

/** The three best players of each galaxy. */
function table(games: readonly Galaxy[]): string {
  const lines = games.map(({ id, tick, state }) => {
    const best = state.ranking.slice(0, 3).map((name) => {
      const player = state.players.get(name)!;
      return `${name} ${player.score} (${player.systems.length})`;
    });
    return `${id.padEnd(12)} tick ${String(tick).padStart(6)}  ${best.map((entry) => entry.padEnd(20)).join(' ')}`.trimEnd();
  });
  return `\n${lines.join('\n')}`;
}

/** Ctrl-C and SIGTERM end the game as its time does; SIGKILL may, and nothing that was durable is lost. */
function untilTimeOrSignal(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, seconds * 1000);
    process.once('SIGINT', done).once('SIGTERM', done);
    function done(): void {
      clearTimeout(timer);
      process.off('SIGINT', done).off('SIGTERM', done);
      resolve();
    }
  });
}

function wholeNumber(text: string, option: string, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= most) return number;
  throw new UsageError(`--${option} takes a whole number from 1 to ${most}, not ${JSON.stringify(text)}`);
}

function parse(): ReturnType<typeof parseArgs> {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seconds: { type: 'string', default: '10' },
        galaxies: { type: 'string', default: '3' },
        stars: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

const USAGE = 'Usage: play.js [directory] [--seconds N] [--galaxies N] [--stars FILE]';

try {
  const { values, positionals } = parse();
  if (values['help']) {
    console.log(`${USAGE}\n\nPlays some galaxies with bots, keeping them in the directory (./galaxies).`);
  } else {
    if (positionals.length > 1) throw new UsageError(`one directory is enough: ${positionals.join(', ')}`);
    await play(
      positionals[0] ?? './galaxies',
      wholeNumber(String(values['seconds']), 'seconds', 86_400),
      wholeNumber(String(values['galaxies']), 'galaxies', 100),
      values['stars'] === undefined ? undefined : String(values['stars']),
    );
  }
} catch (error) {
  if (error instanceof UsageError) console.error(`${error.message}\n${USAGE}`);
  else if (error instanceof StarFileError || error instanceof OrreryError) console.error(error.message);
  else throw error;
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
