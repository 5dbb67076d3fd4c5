// The public names of Orrery, one by one.

export { OrreryError, type OrreryErrorCode, type OrreryErrorContext } from './errors.ts';
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
} from './game/define.ts';
export type { Change, DispatchOptions, Game } from './game/game.ts';
export type { Loop, LoopClock, LoopOptions } from './game/loop.ts';
export type { Receipt } from './game/recording.ts';
export { type ReadonlyTable, type Table, table } from './game/table.ts';
export type { CommandEntry, Step } from './image/batches.ts';
export type { GameRow } from './image/rows.ts';
export type { OrreryOptions } from './options.ts';
export { type Orrery, type OrreryEvents, type OrreryHealth, openOrrery, runLoop, shardOf } from './orrery.ts';
export type { OutboxHealth } from './outbox/health.ts';
export type { HistoryRange } from './outbox/history.ts';
export type { CacheMetrics, Distribution, GameMetrics, OrreryMetrics, ShardMetrics } from './outbox/metrics.ts';
export type { Json, JsonArray, JsonObject, Patch, Path, PathSegment } from './patch/patch.ts';
export { toJsonPatch, toPointer } from './patch/pointer.ts';
export { MemoryStore } from './store/memory.ts';
export type {
  Batch,
  CheckpointReport,
  HistoryPage,
  RecoveryReport,
  Span,
  Store,
  StoreCapabilities,
  StoredGame,
  StoreLoad,
  StoreStats,
} from './store/store.ts';
