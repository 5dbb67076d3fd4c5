// Every option of openOrrery: its unit, its effect, its default. The names carry the units.

import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { OrreryError } from './core/errors.ts';
import { boolean, byDefault, checked, listOf, objectOf, oneOf, optional, such, text, whole } from './core/fields.ts';
import type { AnyGameType } from './core/game/define.ts';
import type { Validation } from './core/game/schema.ts';
import { assertClaims } from './core/projection/definition.ts';
import { heapFlagMb, largestRecord } from './storage/sqlite/owner-memory.ts';
import type { Store } from './storage/store.ts';

export const DEFAULTS = {
  durability: 'group',
  flushIntervalMs: 20,
  coalescingDelayMs: 1_000,
  autoSaveIntervalMs: 30_000,
  shutdownTimeoutMs: 10_000,
  stalledAfterMs: 5_000,
  batchBytes: 4 * 1024 * 1024,
  commitQueueBytes: 64 * 1024 * 1024,
  overflow: 'reject',
  compactionLagBytes: 16 * 1024 * 1024,
  checkpointBytes: 8 * 1024 * 1024,
  maxImageBytes: 256 * 1024 * 1024,
  pageCacheBytes: 64 * 1024 * 1024,
  maxStateBytes: 256 * 1024 * 1024,
  maxRecordBytes: 16 * 1024 * 1024,
  maxLoadedGames: 10_000,
  commandIndex: false,
  predictableRandom: false,
  readOnly: false,
  validate: 'development',
} as const;

/** Shards of a new directory when nothing is said. */
export const DEFAULT_SHARDS = 1;

export interface OrreryOptions {
  /**
   * Where everything is kept. Made if it is not there. A relative path counts from where the process stands when it is
   * opened.
   */
  readonly directory: string;
  /** The types of game that may be opened. */
  readonly games: readonly AnyGameType[];
  /**
   * Owner threads, each with a journal and an image of its own; a game belongs to one by a hash of its id. Fixed when
   * the directory is made. Default: what the directory has, 1 for a new one.
   */
  readonly shards?: number;
  /**
   * 'group' (default): a batch is written as soon as the owner is idle. A crash loses at most what no receipt has
   * acknowledged: typically the last few milliseconds. 'strict': the same, and subscribers hear of a change only when
   * it is durable. Await receipts before you answer players. 'relaxed': a batch is written every `coalescingDelayMs`. A
   * crash loses up to that much unacknowledged play. None of them ever loses what a receipt has acknowledged.
   */
  readonly durability?: 'group' | 'strict' | 'relaxed';
  /** Milliseconds. With 'group' and 'strict', the longest that background work holds up a batch. Default 20. */
  readonly flushIntervalMs?: number;
  /** Milliseconds. With 'relaxed', how long the first record of a batch waits for others. Default 1,000. */
  readonly coalescingDelayMs?: number;
  /** Milliseconds between checkpoints while anything changes; they keep recovery short. Default 30,000. */
  readonly autoSaveIntervalMs?: number;
  /**
   * Milliseconds that close() may take to make everything durable before it reports what it could not. Default 10,000.
   */
  readonly shutdownTimeoutMs?: number;
  /** Milliseconds that openOrrery may take before it gives up with OPEN_TIMEOUT. Default: as long as it takes. */
  readonly openTimeoutMs?: number;
  /**
   * Milliseconds. A shard is degraded when an accepted command has waited for longer to become durable, or its owner
   * has not answered for longer, and recovers when that is over. With 'relaxed', `coalescingDelayMs` comes on top.
   * Default 5,000.
   */
  readonly stalledAfterMs?: number;
  /**
   * Bytes of records at which a batch takes no more: the next ones wait for the next fdatasync. Smaller batches are
   * acknowledged sooner, larger ones cost less each. Default 4 MiB.
   */
  readonly batchBytes?: number;
  /** Bytes of records per shard that may wait to become durable. Default 64 MiB. */
  readonly commitQueueBytes?: number;
  /**
   * What happens at that bound. 'reject' (default): commands throw BACKPRESSURE. 'coalesce': commands go on, and when
   * there is room again the newest state of each game is sent whole; what lay between is not in the history.
   */
  readonly overflow?: 'reject' | 'coalesce';
  /**
   * Bytes of journal per shard that may wait to be folded into the image before commits wait for that. Default 16 MiB.
   */
  readonly compactionLagBytes?: number;
  /** Bytes of journal per shard that make a checkpoint due, unless half the image is more. Default 8 MiB. */
  readonly checkpointBytes?: number;
  /**
   * Bytes. An image that would be larger is not published: `health` is degraded, and the journal keeps everything and
   * grows until the bound is raised. From half of it on, the event `imageGrowing` and the log warn, and say what to do.
   * Default 256 MiB.
   */
  readonly maxImageBytes?: number;
  /**
   * Bytes, for all shards together. So much of the SQLite databases is in memory, besides what a batch is changing; the
   * rest is read from the images when it is asked for. At least 1 MiB. Default 64 MiB.
   */
  readonly pageCacheBytes?: number;
  /** Bytes of JSON. A command that makes a game's state larger is refused. At most 500 MiB. Default 256 MiB. */
  readonly maxStateBytes?: number;
  /** Bytes of JSON. A command whose arguments and patches are more is refused. At most 500 MiB. Default 16 MiB. */
  readonly maxRecordBytes?: number;
  /**
   * MiB of heap that the thread of each shard may have. It holds the records that are taken into the database, and
   * whole states when somebody asks for a moment of the past; the database itself lies outside. When it is not enough
   * the thread ends (OWNER_DIED, which names the game), another takes over, and the process and the other shards go on.
   * A flag of Node (--max-old-space-size) goes before it. With either of them `maxRecordBytes` is at most a sixteenth.
   * Default: what Node gives a thread.
   */
  readonly ownerMemoryMb?: number;
  /**
   * Games in memory. When one more is opened, those idle longest leave, if they are durable and nobody subscribes.
   * Default 10,000.
   */
  readonly maxLoadedGames?: number;
  /** Fill the SQL table `commands` as commands arrive, for about 5 us of worker time each. Default false. */
  readonly commandIndex?: boolean;
  /**
   * When the schema of a game type is applied after every command, which costs its state's size. 'development'
   * (default): unless NODE_ENV is 'production'. On creation, on load and after a migration it is applied whatever
   * stands here.
   */
  readonly validate?: Validation;
  /**
   * For tests alone: `ctx.random` follows from game id and seq, so that each run draws the same numbers. New games get
   * no secret then, anybody can compute what is drawn next, and a refused command shows it. Default false.
   */
  readonly predictableRandom?: boolean;
  /** A pino logger. Default: warnings to standard error; ORRERY_LOG names another level. */
  readonly logger?: Logger;
  /** Where orrery/worker is, for programs that have Orrery in a bundle: docs/BUNDLING.md. Default: in the package. */
  readonly workerUrl?: URL;
  /**
   * Look and write nothing, not a byte: for a disk that is full or read-only, a backup, or beside the process that
   * plays. Games can be loaded and their past read, verified and packed as they stood when this was opened; whatever
   * would write throws READ_ONLY. No lock is taken, nor the directory made. Default false.
   */
  readonly readOnly?: boolean;
  /** Another store, one per shard. Default: journal and SQLite images in `directory`. */
  readonly store?: (shard: number) => Store;
}

/** A definition that was not passed to defineGame has no name, and nobody has looked at it. */
function isGameType(type: unknown): boolean {
  if (typeof type !== 'object' || type === null) return false;
  const { name, initial, commands } = type as Partial<AnyGameType>;
  return typeof name === 'string' && typeof initial === 'function' && typeof commands === 'object';
}

/** An owner that holds nothing needs about 10. */
const LEAST_MEMORY_MB = 16;

/** What a string can hold, with room for what stands around a state in a record and in a row of the past. */
const LARGEST_TEXT_BYTES = 500 * 2 ** 20;

/** The largest delay that a timer of Node takes. */
const LONGEST_MS = 2 ** 31 - 1;

type Defaults = typeof DEFAULTS;

/** Options with their defaults filled in. */
export type CheckedOptions = Omit<OrreryOptions, keyof Defaults> & {
  readonly [K in keyof Defaults]: NonNullable<OrreryOptions[K]>;
};

const optionFields = objectOf<CheckedOptions>(
  {
    directory: text('a path', (path) => path !== '' && !path.includes('\0')),
    games: listOf(such<AnyGameType>('a type from defineGame', isGameType), 1),
    shards: optional(whole(1, 256)),
    durability: byDefault(oneOf('group', 'strict', 'relaxed'), DEFAULTS.durability),
    flushIntervalMs: byDefault(whole(1, 10_000), DEFAULTS.flushIntervalMs),
    coalescingDelayMs: byDefault(whole(1, 600_000), DEFAULTS.coalescingDelayMs),
    autoSaveIntervalMs: byDefault(whole(1, LONGEST_MS), DEFAULTS.autoSaveIntervalMs),
    shutdownTimeoutMs: byDefault(whole(1, LONGEST_MS), DEFAULTS.shutdownTimeoutMs),
    openTimeoutMs: optional(whole(1, LONGEST_MS)),
    stalledAfterMs: byDefault(whole(1, LONGEST_MS), DEFAULTS.stalledAfterMs),
    batchBytes: byDefault(whole(1, 2 ** 28), DEFAULTS.batchBytes),
    commitQueueBytes: byDefault(whole(1), DEFAULTS.commitQueueBytes),
    overflow: byDefault(oneOf('reject', 'coalesce'), DEFAULTS.overflow),
    compactionLagBytes: byDefault(whole(1), DEFAULTS.compactionLagBytes),
    checkpointBytes: byDefault(whole(1), DEFAULTS.checkpointBytes),
    maxImageBytes: byDefault(whole(1, 2 ** 31 - 1), DEFAULTS.maxImageBytes),
    pageCacheBytes: byDefault(whole(2 ** 20), DEFAULTS.pageCacheBytes),
    maxStateBytes: byDefault(whole(1, LARGEST_TEXT_BYTES), DEFAULTS.maxStateBytes),
    maxRecordBytes: byDefault(whole(1, LARGEST_TEXT_BYTES), DEFAULTS.maxRecordBytes),
    ownerMemoryMb: optional(whole(LEAST_MEMORY_MB, 2 ** 20)),
    maxLoadedGames: byDefault(whole(1), DEFAULTS.maxLoadedGames),
    commandIndex: byDefault(boolean, DEFAULTS.commandIndex),
    validate: byDefault(oneOf('always', 'development', 'never'), DEFAULTS.validate),
    predictableRandom: byDefault(boolean, DEFAULTS.predictableRandom),
    logger: optional(such<Logger>('a pino logger', isLogger)),
    workerUrl: optional(such<URL>('a URL', (url) => url instanceof URL)),
    readOnly: byDefault(boolean, DEFAULTS.readOnly),
    store: optional(such<(shard: number) => Store>('a function', (store) => typeof store === 'function')),
  },
  'refused',
);

function isLogger(logger: unknown): boolean {
  return typeof logger === 'object' && logger !== null && 'warn' in logger;
}

/** Throws INVALID_OPTION that names every option at fault. */
export function checkOptions(options: OrreryOptions): CheckedOptions {
  const { value, fault } = checked(optionFields, options);
  if (fault !== undefined) {
    throw new OrreryError({
      code: 'INVALID_OPTION',
      what: `the options of openOrrery cannot be used: ${fault}`,
      hint: 'See OrreryOptions for units and bounds.',
    });
  }
  if (value.readOnly && value.store) {
    throw new OrreryError({
      code: 'INVALID_OPTION',
      what: '`readOnly` is about a directory, and `store` keeps the games elsewhere',
      hint: 'Leave one of the two out.',
    });
  }
  const names = new Set<string>();
  for (const { name } of value.games) {
    if (names.has(name)) {
      throw new OrreryError({
        code: 'INVALID_OPTION',
        what: `two game types have the name ${JSON.stringify(name)}`,
        hint: 'Give each type of game a name of its own.',
        context: { type: name },
      });
    }
    names.add(name);
  }
  const maxRecordBytes = recordBound(options, value);
  assertClaims(value.games.map(({ name, projections }) => [name, Object.keys(projections ?? {})]));
  return { ...value, maxRecordBytes, directory: absolute(value.directory) };
}

/** What an owner with so little memory can take in. Throws INVALID_OPTION when more was asked for. */
function recordBound(asked: OrreryOptions, { maxRecordBytes, ownerMemoryMb }: CheckedOptions): number {
  const flag = heapFlagMb();
  const memory = flag ?? ownerMemoryMb;
  if (memory === undefined) return maxRecordBytes;
  const most = largestRecord(memory);
  if (asked.maxRecordBytes === undefined || maxRecordBytes <= most) return Math.min(maxRecordBytes, most);
  const bound = flag === undefined ? '`ownerMemoryMb`' : '--max-old-space-size';
  throw new OrreryError({
    code: 'INVALID_OPTION',
    what: `\`maxRecordBytes\` is ${maxRecordBytes}, and an owner with ${memory} MiB of memory can take in ${most}`,
    hint: `Raise ${bound}, or lower \`maxRecordBytes\`: what is larger could be written and never be read back.`,
  });
}

/** Once and for all: where a process stands may change while its directory is open. */
function absolute(directory: string): string {
  try {
    return resolve(directory);
  } catch (cause) {
    throw new OrreryError({
      code: 'DIRECTORY_UNUSABLE',
      what: '`directory` is relative, and the working directory of this process is gone',
      hint: 'Pass an absolute path.',
      context: { directory },
      cause,
    });
  }
}
