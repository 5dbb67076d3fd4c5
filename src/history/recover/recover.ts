// Brings a game back to a state that it can go on from, without touching another. Nothing is taken away: the state
// comes as a record of its own behind the newest, and what is given up stays in the history, in quarantine. Before it:
// orrery.ts, whose `recover` this is; after it: plan.ts, which finds the state, and the sink of the game.

import { OrreryError } from '../../core/errors.ts';
import type { GameActor } from '../../core/game/actor.ts';
import { anonymousType } from '../../core/game/anonymous.ts';
import type { AnyGameType } from '../../core/game/define.ts';
import { checkGameId } from '../../core/game/id.ts';
import type { GameSeed } from '../../core/game/seed.ts';
import { WorkingState } from '../../core/game/state.ts';
import type { Json } from '../../core/patch/patch.ts';
import { RECOVER } from '../../core/patch/record.ts';
import { gameUnreadable } from '../../core/patch/unreadable.ts';
import type { CommitQueue } from '../../engine/commit-queue.ts';
import type { LoadedGames } from '../../engine/loaded-games.ts';
import { assemble } from '../../storage/assemble.ts';
import type { HistoryReader } from '../../storage/history-reader.ts';
import { Lineage, type SeqRange } from './lineage.ts';
import { nameOf, type Plan, planRecovery, type RecoveryMode, type Tried, type UnsoundRecord } from './plan.ts';
import { isDamage, Probe } from './probe.ts';
import { checkModes, type RecoverOptions } from './recovery-options.ts';
import { soundnessOf, type Taken, take } from './soundness.ts';

/** What a recovery did. */
export interface Recovery {
  readonly game: string;
  /** The mode that led to a state to go on from. */
  readonly used: RecoveryMode;
  /** Those that did not, in the order in which they were tried. */
  readonly tried: readonly Tried[];
  /** False when the game was sound: then it is as it was. */
  readonly written: boolean;
  /** The moment whose state the game goes on with. */
  readonly from: { readonly seq: number; readonly tick: number; readonly time: number; readonly version: number };
  /** The newest seq of the game now. */
  readonly seq: number;
  /** What is in quarantine because of this. */
  readonly givenUp: (SeqRange & { readonly count: number }) | undefined;
  /** The first record after which the game was not sound, when that was looked for. */
  readonly firstUnsound: UnsoundRecord | undefined;
  /** As it stands in the record and in the quarantine. Undefined when nothing was written. */
  readonly reason: string | undefined;
}

/** A range of seqs that a recovery gave up. Its steps stay in the history. */
export interface QuarantinedRange extends SeqRange {
  /** Of the recovery, milliseconds since 1970. */
  readonly time: number;
  readonly mode: string;
  readonly reason: string;
}

export interface RecoverParts {
  readonly loadedGames: LoadedGames;
  /** The types whose code is here. */
  readonly types: readonly AnyGameType[];
  openPast(game: string): Promise<HistoryReader>;
  /** The same past with its merged steps taken apart, where there is code for that. */
  readonly expanded?: (past: HistoryReader) => HistoryReader;
}

/** A game over the bound of its commit queue is given so many chances to come below it. */
const MOST_ATTEMPTS = 1000;

/** For Orrery.recover. Resolves when what was written is durable. */
export async function recoverGame(parts: RecoverParts, id: string, options: RecoverOptions): Promise<Recovery> {
  checkGameId(id);
  const modes = checkModes(id, options);
  const { loadedGames } = parts;
  return loadedGames.exclusively(id, async () => {
    for (;;) {
      await loadedGames.commitQueueOf(id).flush();
      const past = await parts.openPast(id);
      try {
        // A record behind the newest that can be read would stand among those that cannot.
        if (past.row.unreadable) throw gameUnreadable(id, past.row.unreadable);
        const type = newestOf(parts.types, past.row.type);
        const game = loadedOf(loadedGames, id);
        const notLoadable = await whyNotLoaded(loadedGames, id);
        const expanded = parts.expanded?.(past) ?? past;
        const probe = await probeOf({ past, expanded }, type, options, await rangesOf(loadedGames, id));
        const plan = await planRecovery({ past: expanded, probe, notLoadable }, modes);
        if (!plan.needed) return sound(id, plan, plan.newestSeq);
        const taken = takeOver(type, game, plan, past.seed);
        const attached = type ?? anonymousType(past.row.type, past.row.version, 'ticks');
        let target = await targetOf(parts, id, attached);
        // Others may have gone on between the promise and here. From here to the record nobody can.
        for (let count = 1; !isAtRest(loadedGames, target); count += 1) {
          if (count === MOST_ATTEMPTS) throw restless(id);
          target = await targetOf(parts, id, attached);
        }
        // It went on in memory and left it since: what was the newest state is not any more.
        if (givesNothingUp(plan) && !target.isLoaded && target.newestSeq !== plan.newestSeq) continue;
        return await write(loadedGames.commitQueueOf(id), target, plan, taken, options.reason);
      } finally {
        await past.close();
      }
    }
  });
}

/** For Orrery.quarantine. */
export async function quarantineOf(parts: RecoverParts, id: string): Promise<readonly QuarantinedRange[]> {
  checkGameId(id);
  // A game without a quarantine and a game that does not exist both have none.
  const past = await parts.openPast(id);
  await past.close();
  return rangesOf(parts.loadedGames, id);
}

async function rangesOf(loadedGames: LoadedGames, id: string): Promise<readonly QuarantinedRange[]> {
  const ranges = await loadedGames.commitQueueOf(id).request((store) => store.quarantine(id));
  return ranges.map(({ game: _game, ...range }) => range);
}

/** The newest of the types of a name: a module may have several versions. */
export function newestOf(types: readonly AnyGameType[], name: string): AnyGameType | undefined {
  const known = types.filter((type) => type.name === name).sort((a, b) => b.version - a.version);
  return known[0];
}

/** Looks at a past as the game type and the caller judge it. */
export async function probeOf(
  { past, expanded }: { readonly past: HistoryReader; readonly expanded: HistoryReader },
  type: AnyGameType | undefined,
  { check }: Pick<RecoverOptions, 'check'>,
  quarantined: readonly SeqRange[],
): Promise<Probe> {
  const lineage = new Lineage(past.row.firstSeq, past.row.seq, quarantined);
  return new Probe({ past, expanded }, soundnessOf(type, past.seed, check), lineage, await past.snapshots());
}

function loadedOf(loadedGames: LoadedGames, id: string): GameActor | undefined {
  const known = loadedGames.registry.get(id);
  return known?.loaded ? known : undefined;
}

/** What the state comes to that an opening would load. */
async function whyNotLoaded(loadedGames: LoadedGames, id: string): Promise<OrreryError | undefined> {
  try {
    const stored = await loadedGames.commitQueueOf(id).request((store) => store.load(id));
    if (stored) await assemble(stored.pieces, stored.tables);
    return undefined;
  } catch (error) {
    if (isDamage(error)) return error;
    throw error;
  }
}

/** Throws MIGRATION_MISSING where a game in memory cannot have the state: its code knows no way from that version. */
function takeOver(
  type: AnyGameType | undefined,
  game: GameActor | undefined,
  plan: Plan,
  seed: GameSeed | undefined,
): Taken {
  const taken = take(type, plan.state, seed);
  if (!game || taken.version === game.type.version) return taken;
  throw new OrreryError({
    code: 'MIGRATION_MISSING',
    what: `the moment is of version ${taken.version}, and the game is in memory with version ${game.type.version}`,
    hint: 'Recover to a moment of the version that it has, or give the game type its migrations.',
    context: { game: game.id, from: taken.version, to: game.type.version },
  });
}

function sound(game: string, { used, tried, state }: Plan, seq: number): Recovery {
  const { tick, time, version } = state;
  const from = { seq: state.seq, tick, time, version };
  return {
    game,
    used,
    tried,
    written: false,
    from,
    seq,
    givenUp: undefined,
    firstUnsound: undefined,
    reason: undefined,
  };
}

/** Where the record goes. */
interface Target {
  readonly game: GameActor;
  /** Whether the game is in memory. If not, nobody can load it meanwhile. */
  readonly isLoaded: boolean;
  /** Of a game that is not: it does not tell by itself. */
  readonly newestSeq: number;
}

async function targetOf(parts: RecoverParts, id: string, type: AnyGameType): Promise<Target> {
  const { loadedGames } = parts;
  const loaded = loadedOf(loadedGames, id);
  if (loaded) {
    await loadedGames.commitQueueOf(id).flush();
    if (loaded.loaded) return { game: loaded, isLoaded: true, newestSeq: loaded.seq };
  }
  // What is still on its way would be missing from the row.
  await loadedGames.commitQueueOf(id).settled(id);
  const past = await parts.openPast(id);
  await past.close();
  return { game: loadedGames.detached(type, id).actor, isLoaded: false, newestSeq: past.row.seq };
}

/** States that wait to be sent whole would come after the record, and contradict it. */
function isAtRest(loadedGames: LoadedGames, { game, isLoaded }: Target): boolean {
  return !isLoaded || (game.loaded && loadedGames.commitQueueOf(game.id).isDurable(game, 'orQueued'));
}

async function write(
  commitQueue: CommitQueue,
  { game, isLoaded, newestSeq }: Target,
  plan: Plan,
  { state: taken, version }: Taken,
  given: string | undefined,
): Promise<Recovery> {
  const newest = isLoaded ? game.seq : newestSeq;
  const { seq, tick, time, state } =
    isLoaded && givesNothingUp(plan) ? now(game, plan) : { ...plan.state, state: taken };
  // A game in memory may have gone on since: what it did then is given up as well.
  const givenUp = rangeOf(seq + 1, newest);
  const reason = reasonOf(plan, given);
  const args: { [key: string]: Json } = { mode: nameOf(plan.used), from: seq, reason };
  if (givenUp) args['givenUp'] = [givenUp.firstSeq, givenUp.lastSeq];
  const receipt = game.adopt(state, { command: RECOVER, seq: newest + 1, tick, version, args });
  commitQueue.sendNow();
  try {
    await receipt.durable;
  } finally {
    if (!isLoaded) game.evict();
  }
  const from = { seq, tick, time, version: plan.state.version };
  const { used, tried, firstUnsound } = plan;
  return { game: game.id, used, tried, written: true, from, seq: newest + 1, givenUp, firstUnsound, reason };
}

/** The newest state was wanted, and is sound: it only cannot be loaded from where it is kept. */
function givesNothingUp({ used, state, newestSeq }: Plan): boolean {
  return typeof used === 'string' && state.seq === newestSeq;
}

/** In memory the game is whole, and may have gone on since. */
function now(
  game: GameActor,
  { state: { time } }: Plan,
): { seq: number; tick: number; time: number; state: WorkingState } {
  const state = WorkingState.fromJson(game.toJSON(), game.tableNames);
  return { seq: game.seq, tick: game.tick, time, state };
}

function rangeOf(firstSeq: number, lastSeq: number): (SeqRange & { readonly count: number }) | undefined {
  return firstSeq > lastSeq ? undefined : { firstSeq, lastSeq, count: lastSeq - firstSeq + 1 };
}

/** What was found, in the caller's words first. */
export function reasonOf(
  { problem, firstUnsound }: Pick<Plan, 'problem' | 'firstUnsound'>,
  given: string | undefined,
): string {
  const found = problem && (firstUnsound ? `${problem.what}, from seq ${firstUnsound.seq} on` : problem.what);
  if (given === undefined) return found ?? 'asked for';
  return found === undefined ? given : `${given} (${found})`;
}

function restless(game: string): OrreryError {
  return new OrreryError({
    code: 'BACKPRESSURE',
    what: 'more is dispatched all the time than can become durable',
    hint: 'Stop the loop of the game while it is recovered. Nothing was changed.',
    context: { game },
  });
}
