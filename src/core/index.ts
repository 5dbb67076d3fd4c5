// The public names of `orrery/core`, one by one: what defines games and runs them in memory, on any platform.

export type { Operation as JsonPatchOperation } from 'fast-json-patch';
export { OrreryError, type OrreryErrorCode, type OrreryErrorContext } from './errors.ts';
export type { Conflict, Resolver } from './game/conflict.ts';
export type { CommandContext } from './game/context.ts';
export {
  type Command,
  type CommandArgs,
  type Commands,
  defineGame,
  type GameDefinition,
  type GameType,
  type History,
  type Immutable,
  type NoCommands,
  type StateCopy,
} from './game/define.ts';
export type { Change, DispatchOptions, Game } from './game/game.ts';
export type { Migration, MigrationContext, Migrations } from './game/migration.ts';
export type { CheckedPersistence, Persistence, Resolution, Strategy, Tier } from './game/persistence.ts';
export type { Receipt } from './game/recording.ts';
export { type RunGameOptions, runGame } from './game/run-game.ts';
export type { StateSchema } from './game/schema.ts';
export { type ReadonlyTable, type Table, table } from './game/table.ts';
export type { CommandMessage, CommandsOf, GameOf, StateOf } from './game/type-of.ts';
export { fold as applyPatches, type ValueOwnership } from './patch/apply.ts';
export type { Json, JsonArray, JsonObject, Patch, Path, PathSegment } from './patch/patch.ts';
export { toJsonPatch, toPointer } from './patch/pointer.ts';
export { decodeRecord, encodeRecord, type Record as GameRecord } from './patch/record.ts';
export type {
  ColumnDefinition,
  ColumnType,
  ProjectionDefinition,
  Projections,
  ReferenceDefinition,
} from './projection/definition.ts';
