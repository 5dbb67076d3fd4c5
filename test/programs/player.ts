// A process that plays the test world until it is told to stop, or killed. It says what it does, line by line, on standard
// output, each line written before the next step is taken:
//
//   ready                            everything is imported; it waits for a line of JSON (see Orders)
//   opening | running | closing | closed
//   publishing                       about to publish images of all shards, while it goes on
//   doomed "..."                     its worker is about to kill it there (see doomed-owner.ts)
//   recovery {...}                   by shard, when it had anything to do
//   listed {"alpha": 17, ...}        the games that are there, with their seqs, before any is opened
//   found [game, seq, tick, sha]     the state of a game after opening it
//   sent {"alpha": 25, ...}          about to be dispatched, up to this seq
//   durable {"alpha": 24, ...}       acknowledged, up to this seq

import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { openOrrery } from '#index.ts';
import { dice, GAMES, SHARDS } from './script.ts';
import { play, type World, world } from './world.ts';

export interface Orders {
  readonly directory: string;
  readonly seed: number;
  /** Commands after which it ends. */
  readonly commands: number;
  /** What it does then. */
  readonly ending: 'close' | 'exit' | 'throw' | 'wait';
  /** Another worker in place of the one that owns a shard. */
  readonly workerUrl?: string;
  /** Set in the environment of the workers. */
  readonly environment?: { readonly [name: string]: string };
}

function say(what: string, value?: unknown): void {
  const line = Buffer.from(value === undefined ? `${what}\n` : `${what} ${JSON.stringify(value)}\n`, 'utf8');
  for (let done = 0; done < line.length; ) {
    try {
      done += writeSync(1, line, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

async function readOrders(): Promise<Orders> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return JSON.parse(text) as Orders;
}

/** Acknowledgements that come together go out together. */
class Durable {
  #seqs: { [game: string]: number } = {};
  #due = false;

  add(game: string, seq: number): void {
    this.#seqs[game] = Math.max(seq, this.#seqs[game] ?? 0);
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      say('durable', this.#seqs);
      this.#seqs = {};
    });
  }
}

say('ready');
const { directory, seed, commands, ending, workerUrl, environment } = await readOrders();
Object.assign(process.env, environment);
const roll = dice(seed);
const durability = (['group', 'group', 'strict', 'relaxed'] as const)[roll(4)] as 'group' | 'strict' | 'relaxed';

say('opening');
const orrery = await openOrrery({
  directory,
  games: [world],
  shards: SHARDS,
  durability,
  coalescingDelayMs: 5,
  checkpointBytes: 8_000 + roll(40_000),
  autoSaveIntervalMs: 20 + roll(60),
  commandIndex: roll(4) === 0,
  ...(workerUrl === undefined ? {} : { workerUrl: new URL(workerUrl) }),
});
for (const report of orrery.recovery) if (report.replayedFrames > 0 || report.tornBytes > 0) say('recovery', report);
say('listed', Object.fromEntries((await orrery.list()).map(({ id, seq }) => [id, seq])));
const durable = new Durable();
const games: World[] = await Promise.all(
  GAMES.map(async (id) => {
    const game = await orrery.open(world, id);
    durable.add(id, game.seq);
    const sha = createHash('sha256').update(JSON.stringify(game.state)).digest('hex');
    say('found', [id, game.seq, game.tick, sha]);
    return game;
  }),
);

say('running');
for (let sent = 0; sent < commands; ) {
  const burst = 1 + roll(roll(8) === 0 ? 60 : 8);
  const players = Array.from({ length: burst }, () => games[roll(games.length)] as World);
  const upTo: { [game: string]: number } = {};
  for (const game of players) upTo[game.id] = (upTo[game.id] ?? game.seq) + 1;
  say('sent', upTo);
  let last: Promise<void> = Promise.resolve();
  for (const game of players) {
    const receipt = play(game);
    last = receipt.durable.then(() => durable.add(game.id, receipt.seq));
  }
  sent += burst;
  if (roll(30) === 0) {
    say('publishing');
    orrery.checkpoint().catch(() => undefined);
  }
  const rest = roll(10);
  if (rest < 3) await last;
  else if (rest < 7) await nextTurn();
  else if (rest < 9) await pause(roll(4));
}

if (ending === 'exit') process.exit(3);
if (ending === 'throw') throw new Error('nobody catches this');
if (ending === 'wait') await pause(60_000);
say('closing');
await orrery.close();
say('closed');
process.exit(0);
