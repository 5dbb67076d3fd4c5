// Verification on helper threads, beside whatever this thread does. Before it: Orrery.verify and `orrery verify`; after
// it: workers/rerun.ts, one piece of a past at a time. A pool of its own: owners of shards never wait for this.

import { availableParallelism } from 'node:os';
import { MessageChannel } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { errorFromData, OrreryError } from '../../core/errors.ts';
import type { HistoryReader } from '../../storage/history-reader.ts';
import { importPiscina } from '../../storage/late-import.ts';
import { workerFile } from '../../storage/worker-file.ts';
import type { Difference } from './explanation.ts';
import type { SectionReply, SectionTask } from './section-task.ts';
import { lower, type Piece, sectionsOf } from './sections.ts';
import type { Source } from './source.ts';
import {
  boundsOf,
  MOST_DIFFERENCES,
  measureOf,
  NOTHING,
  sumOf,
  type Verification,
  type VerifyOptions,
} from './verify.ts';

/**
 * So many pieces for each thread: the last ones end at about the same time, and a difference early on spares the rest.
 */
export const SECTIONS_A_THREAD = 4;

/** Pieces shorter than this cost more to hand out than to run. */
export const LEAST_SECTION = 256;

const NONE_FOUND = 2 ** 31 - 1;

/** Unless somebody says otherwise: the thread that asks has a game to play, and keeps a processor for it. */
export function usualThreads(processors: number = availableParallelism()): number {
  return Math.max(1, processors - 1);
}

export interface ThreadOptions {
  /** Default: as many as the machine has processors, less the one that plays. */
  readonly threads?: number;
  /**
   * Where workers/rerun.js is, for bundled programs. Default: in the package, or beside the `workerUrl` of the orrery.
   */
  readonly workerUrl?: URL;
}

export class RerunThreads {
  readonly #pool: Piscina;
  readonly #threads: number;
  readonly #module: string;
  #failure: unknown;

  private constructor(pool: Piscina, threads: number, module: string) {
    this.#pool = pool;
    this.#threads = threads;
    this.#module = module;
    // What a thread threw outside of a task. Without a listener it would end the process.
    this.#pool.on('error', (cause: unknown) => {
      this.#failure = cause;
    });
  }

  /**
   * `module` is a file: or data: URL that each thread imports game types from. @throws OrreryError INVALID_OPTION,
   * BUNDLED.
   */
  static async start(
    module: string,
    { threads = usualThreads(), workerUrl = workerFile('rerun') }: ThreadOptions = {},
  ): Promise<RerunThreads> {
    if (!Number.isSafeInteger(threads) || threads < 1 || threads > 256) {
      throw new OrreryError({
        code: 'INVALID_OPTION',
        what: `the number of threads is ${String(threads)}`,
        hint: 'Use a whole number from 1 to 256.',
      });
    }
    const pool = new (await importPiscina())({
      filename: workerUrl.href,
      minThreads: 1,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      execArgv: hooksOf(process.execArgv),
    });
    return new RerunThreads(pool, threads, module);
  }

  /**
   * Verifies one game. `past` says where the snapshots are; every thread opens `source` for itself.
   *
   * @throws OrreryError GAMES_MODULE, what the past throws, and INTERNAL when a thread died.
   */
  async verify(past: HistoryReader, source: Source, options: VerifyOptions = {}): Promise<Verification> {
    const { row } = past;
    const range = await boundsOf(past, options);
    const { tolerance, goesOn: all } = measureOf(row.id, options);
    const total = Math.max(0, range.toSeq - range.fromSeq + 1);
    const count = Math.max(1, Math.min(this.#threads * SECTIONS_A_THREAD, Math.floor(total / LEAST_SECTION)));
    const pieces = sectionsOf(await past.snapshots(), range, count);
    const earliest = new Int32Array(new SharedArrayBuffer(4)).fill(NONE_FOUND);
    const done = pieces.map(() => 0);
    const tell = (piece: number, records: number): void => {
      done[piece] = records;
      options.onProgress?.({ game: row.id, done: done.reduce((sum, each) => sum + each, 0), total });
    };
    const replies = await Promise.allSettled(
      pieces.map((piece, number) => this.#run({ source, game: row.id, piece, number, tolerance, all, earliest, tell })),
    );
    return { ...merge(replies, all), game: row.id, type: row.type, ...range };
  }

  /** Ends the threads. */
  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #run({ source, game, piece, number, tell, ...shared }: Handed): Promise<Verification> {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (records: number) => tell(number, records));
    const task: SectionTask = {
      source,
      game,
      module: this.#module,
      piece: number,
      ...piece,
      ...shared,
      port: port2,
    };
    try {
      const reply = (await this.#pool.run(task, { transferList: [port2] })) as SectionReply;
      if (!reply.ok) throw errorFromData(reply.error);
      tell(number, piece.toSeq - piece.fromSeq + 1);
      return reply.value;
    } catch (error) {
      // Later pieces are worth nothing; an earlier one may hold the first difference all the same.
      lower(shared.earliest, number);
      throw error instanceof OrreryError ? error : died(game, this.#failure ?? error);
    } finally {
      port1.close();
    }
  }
}

interface Handed {
  readonly source: Source;
  readonly game: string;
  readonly piece: Piece;
  readonly number: number;
  readonly tolerance: number;
  readonly all: boolean;
  readonly earliest: Int32Array<SharedArrayBuffer>;
  readonly tell: (piece: number, records: number) => void;
}

/** The first difference is the end, unless all are asked for, and what failed before it fails the whole. */
function merge(
  replies: readonly PromiseSettledResult<Verification>[],
  all: boolean,
): Omit<Verification, 'game' | 'type' | 'fromSeq' | 'toSeq'> {
  let counts = NOTHING;
  const differences: Difference[] = [];
  for (const reply of replies) {
    if (reply.status === 'rejected') throw reply.reason;
    counts = sumOf(counts, reply.value);
    differences.push(...reply.value.differences);
    // Behind what fits nothing there is nothing to hold the rest against.
    if (differences.length > 0 && (!all || differences.at(-1)?.kind === 'damaged')) break;
  }
  return { ...counts, difference: differences[0], differences: differences.slice(0, MOST_DIFFERENCES) };
}

/**
 * Whether a thread can load a module that this one has loaded: what runs TypeScript here (tsx) may not reach into
 * threads.
 */
export function threadsLoad(module: string): boolean {
  const runsTypeScript = (process.features as { typescript?: unknown }).typescript;
  return Boolean(runsTypeScript) || !/^file:.*\.[cm]?tsx?$/.test(module);
}

/**
 * Of the flags of this process, those that say how modules are loaded: a thread imports the same module as this one
 * did.
 */
export function hooksOf(execArgv: readonly string[]): string[] {
  const isHook = (flag: string): boolean =>
    /^(?:-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--experimental-\w+-types)(?:=|$)/.test(
      flag,
    );
  const takesNext = (flag: string | undefined): boolean =>
    flag !== undefined && isHook(flag) && !flag.includes('=') && !flag.endsWith('-types');
  return execArgv.filter((flag, at) => isHook(flag) || takesNext(execArgv[at - 1]));
}

function died(game: string, cause: unknown): OrreryError {
  return new OrreryError({
    code: 'INTERNAL',
    what: 'a thread that ran commands again has ended',
    hint: 'A command that ends the process or takes all memory does that: run it again with one thread to see which.',
    context: { game },
    cause,
  });
}
