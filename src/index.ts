// The public names of Orrery, one by one.

// Public types name those of Node, also where a tsconfig lists no types (the default of TypeScript 6).
/// <reference types="node" preserve="true" />

export type { Operation as JsonPatchOperation } from 'fast-json-patch';
export { OrreryError, type OrreryErrorCode, type OrreryErrorContext } from './core/errors.ts';
export type { Conflict, Resolver } from './core/game/conflict.ts';
export type { CommandContext } from './core/game/context.ts';
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
} from './core/game/define.ts';
export type { Change, DispatchOptions, Game } from './core/game/game.ts';
export type { Migration, MigrationContext, Migrations } from './core/game/migration.ts';
export type { CheckedPersistence, Persistence, Resolution, Strategy, Tier } from './core/game/persistence.ts';
export type { Receipt } from './core/game/recording.ts';
export type { StateSchema, Validation } from './core/game/schema.ts';
export { type ReadonlyTable, type Table, table } from './core/game/table.ts';
export type { CommandMessage, CommandsOf, GameOf, StateOf } from './core/game/type-of.ts';
export type { Json, JsonArray, JsonObject, Patch, Path, PathSegment } from './core/patch/patch.ts';
export { toJsonPatch, toPointer } from './core/patch/pointer.ts';
export type {
  ColumnDefinition,
  ColumnType,
  ProjectionDefinition,
  Projections,
  ReferenceDefinition,
} from './core/projection/definition.ts';
export type { GrowthWarning } from './engine/growth.ts';
export type { CommitQueueHealth } from './engine/health.ts';
export type { Loop, LoopClock, LoopOptions } from './engine/loop.ts';
export type { CacheMetrics, Distribution, GameMetrics, OrreryMetrics, ShardMetrics } from './engine/metrics.ts';
export type { OpenPackOptions } from './histories.ts';
export type { BlameEntry, BlameOptions } from './history/blame.ts';
export type { Difference, DifferenceChange, DiffOptions, MomentRead } from './history/difference.ts';
export type { HistoryEntry, HistoryQuery } from './history/entries.ts';
export type {
  GameHistory,
  HistoryBlameOptions,
  HistoryDiffOptions,
  HistoryTryOptions,
  StateAtOptions,
} from './history/game/game-history.ts';
export type { HistoryRange } from './history/range.ts';
export type { Fork, ForkOptions } from './history/recover/fork.ts';
export type { RecoveryMode, Tried, UnsoundRecord } from './history/recover/plan.ts';
export type { QuarantinedRange, Recovery } from './history/recover/recover.ts';
export type { RecoverOptions } from './history/recover/recovery-options.ts';
export type { StateCheck } from './history/recover/soundness.ts';
export type { ReplayRange, ReplayStep } from './history/replay.ts';
export type { Difference as RerunDifference } from './history/rerun/explanation.ts';
export type { Refused, Trial, TriedRecord, TryOptions, TryReport } from './history/rerun/trial.ts';
export type { Verification, VerifyMeasure, VerifyOptions, VerifyProgress } from './history/rerun/verify.ts';
export type { VerifyAllOptions, VerifyGameOptions } from './history/rerun/verify-games.ts';
export { mergeByPath, ours, type PathConflict, type PathResolver, theirs } from './history/upgrade/merge.ts';
export type {
  GameMigration,
  MigrateAllOptions,
  MigrationProgress,
  MigrationReport,
} from './history/upgrade/migrate-all.ts';
export type { Submission, SubmissionReceipt } from './history/upgrade/submission.ts';
export { loadGameTypes, migrationsIn, openOrrery, openPack } from './on-demand.ts';
export type { OrreryOptions } from './options.ts';
export type { CloseOptions, Orrery, OrreryEvents, OrreryHealth } from './orrery.ts';
export type { UnpackOptions } from './packs.ts';
export { runLoop } from './run-loop.ts';
export type { GameInfo, Quarantine } from './storage/game-info.ts';
export type {
  Moment,
  MomentLike,
  MomentOptions,
  PastStep,
  SnapshotEntry,
  StateAt,
  StepRange,
} from './storage/history-reader.ts';
export { MemoryStore } from './storage/memory/memory-store.ts';
export type { Opening, RuntimeDifference, RuntimeInfo } from './storage/openings.ts';
export { shardOf } from './storage/shard-of.ts';
export type { PackOptions } from './storage/sqlite/pack/packing.ts';
export type { PackDescription } from './storage/sqlite/pack/reading.ts';
export type { CommandEntry, Step } from './storage/steps.ts';
export type {
  Batch,
  CheckpointReport,
  PastPage,
  RecoveryReport,
  Span,
  Store,
  StoreCapabilities,
  StoredGame,
  StoredMoment,
  StoreLoad,
  StoreStats,
} from './storage/store.ts';
