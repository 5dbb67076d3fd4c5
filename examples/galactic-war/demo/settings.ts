// The fixed numbers of the demo. What can be chosen on the command line is in options.ts.

/** Ticks a second of the game. */
export const HZ = 20;

export const PLAYERS_PER_GALAXY = 20;

/** How many orders the players of a galaxy are asked for in one tick. Some have nothing to do but to wait. */
export const ORDERS_PER_TICK = 10;

/** Less than the default, so that checkpoints come every few seconds and kills hit them too. */
export const CHECKPOINT_BYTES = 2 * 1024 * 1024;

/** A child that is neither ready nor gone after so many milliseconds is stuck. */
export const PATIENCE_MS = 60_000;
