// The public names of Orrery, one by one.

// Public types name those of Node, also where a tsconfig lists no types (the default of TypeScript 6).
/// <reference types="node" preserve="true" />

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
export type { Loop, LoopClock, LoopOptions } from './game/loop.ts';
export type { Migration, MigrationContext, Migrations } from './game/migration.ts';
export type { CheckedPersistence, Persistence, Resolution, Strategy, Tier } from './game/persistence.ts';
export type { Receipt } from './game/recording.ts';
export type { StateSchema, Validation } from './game/schema.ts';
export { type ReadonlyTable, type Table, table } from './game/table.ts';
export type { CommandMessage, CommandsOf, GameOf, StateOf } from './game/type-of.ts';
export type { CommandEntry, Step } from './image/batches.ts';
export type { GameRow, Quarantine } from './image/rows.ts';
export type { Opening, Otherwise, Surroundings } from './openings.ts';
export type { OrreryOptions } from './options.ts';
export {
  type CloseOptions,
  type Orrery,
  type OrreryEvents,
  type OrreryHealth,
  openOrrery,
  runLoop,
  shardOf,
} from './orrery.ts';
export type { GrowthWarning } from './outbox/growth.ts';
export type { OutboxHealth } from './outbox/health.ts';
export type { CacheMetrics, Distribution, GameMetrics, OrreryMetrics, ShardMetrics } from './outbox/metrics.ts';
export type { UnpackOptions } from './pack/live.ts';
export { openPackPast } from './pack/pack-past.ts';
export type { PackOptions } from './pack/packing.ts';
export type { PackDescription } from './pack/reading.ts';
export type { BlameEntry, BlameOptions } from './past/blame.ts';
export type { Difference, DifferenceChange, DiffOptions, MomentRead } from './past/difference.ts';
export type { HistoryEntry, HistoryQuery, HistoryQuery as HistoryRange } from './past/history.ts';
export type {
  Moment,
  MomentLike,
  MomentOptions,
  Past,
  PastStep,
  SnapshotEntry,
  StateAt,
  StepRange,
} from './past/past.ts';
export type { ReplayRange, ReplayStep } from './past/replay.ts';
export type { Json, JsonArray, JsonObject, Patch, Path, PathSegment } from './patch/patch.ts';
export { toJsonPatch, toPointer } from './patch/pointer.ts';
export type {
  ColumnDefinition,
  ColumnType,
  ProjectionDefinition,
  Projections,
  ReferenceDefinition,
} from './projection/definition.ts';
export type { Fork, ForkOptions } from './renewal/fork.ts';
export type { Culprit, RecoveryMode, Tried } from './renewal/plan.ts';
export type { QuarantinedRange, Recovery } from './renewal/recover.ts';
export type { RecoverOptions } from './renewal/recovery-options.ts';
export type { StateCheck } from './renewal/soundness.ts';
export type { Difference as RerunDifference } from './rerun/explanation.ts';
export { loadGameTypes } from './rerun/games-module.ts';
export type { BlameAnywhereOptions, DiffAnywhereOptions, LiveVerifyOptions, StateAtOptions } from './rerun/reruns.ts';
export {
  type Refused,
  type Trial,
  type TriedRecord,
  type TryOptions,
  type TryReport,
  tryOut,
} from './rerun/try-out.ts';
export {
  type Verification,
  type VerifyMeasure,
  type VerifyOptions,
  type VerifyProgress,
  verify,
} from './rerun/verify.ts';
export { MemoryStore } from './store/memory.ts';
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
} from './store/store.ts';
export { migrationsIn } from './versions/discover.ts';
export { mergeByPath, ours, type PathConflict, type PathResolver, theirs } from './versions/merge.ts';
export type {
  GameMigration,
  MigrateAllOptions,
  MigrationProgress,
  MigrationReport,
} from './versions/migrate-all.ts';
export type { Submission, SubmissionReceipt } from './versions/submission.ts';
