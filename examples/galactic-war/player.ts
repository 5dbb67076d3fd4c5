// One player, and the ranking of all of them.

import { refuse } from './refusal.ts';
import type { GalaxyDraft, Turn } from './state.ts';

export interface Player {
  id: string;
  joined: number;
  /** The system the player began in. */
  home: string;
  /** Every system the player owns, in the order they were won. */
  systems: string[];
  /** The scores of these systems together. */
  score: number;
  /** Fleets under way. */
  fleets: number;
}

/** Letters of any script, digits and a few marks: a name has to be legible in a list. */
const PLAYER_ID = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._-]{0,31}$/u;

export function playerIdOf(turn: Turn): string {
  const { player } = turn;
  if (player === undefined) refuse('this command needs a player');
  return player;
}

/** The id of the player who sent the command and has joined this galaxy. */
export function memberOf(draft: GalaxyDraft, turn: Turn): string {
  const id = playerIdOf(turn);
  if (!draft.players.has(id)) refuse(`${id} has not joined this galaxy`);
  return id;
}

export function checkNewcomer(draft: GalaxyDraft, id: string): void {
  if (draft.players.has(id)) refuse(`${id} has already joined`);
  if (!PLAYER_ID.test(id))
    refuse('a player is named with 1 to 32 letters, digits, spaces, dots, dashes or underscores');
}

export function enlist(draft: GalaxyDraft, id: string, tick: number, home: string): void {
  draft.players.set(id, { id, joined: tick, home, systems: [], score: 0, fleets: 0 });
  draft.ranking.push(id);
  climb(draft, id);
}

export function openPlayer(draft: GalaxyDraft, id: string): Player {
  const player = draft.players.get(id);
  if (!player) throw new Error(`there is no player ${id}`);
  return player;
}

export function addScore(draft: GalaxyDraft, id: string, points: number): void {
  openPlayer(draft, id).score += points;
  climb(draft, id);
}

/** Scores only grow, so a player only ever moves up. */
function climb(draft: GalaxyDraft, id: string): void {
  const { ranking, players } = draft;
  const scoreOf = (player: string): number => players.peek(player)?.score ?? 0;
  const score = scoreOf(id);
  const from = ranking.indexOf(id);
  let to = from;
  while (to > 0) {
    const above = ranking[to - 1]!;
    if (scoreOf(above) > score || (scoreOf(above) === score && above < id)) break;
    to -= 1;
  }
  if (to === from) return;
  ranking.splice(from, 1);
  ranking.splice(to, 0, id);
}
