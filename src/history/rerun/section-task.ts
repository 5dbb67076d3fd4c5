// One piece of a game's past, verified: what a helper thread does. Before it: threads.ts, which cuts the past into
// pieces; after it: verify.ts. What was opened for a piece stays open for the next one of the same game.

import type { MessagePort } from 'node:worker_threads';
import { type ErrorData, errorToData } from '../../core/errors.ts';
import type { HistoryReader } from '../../storage/history-reader.ts';
import { loadGameTypes, typesFor } from './games-module.ts';
import { lower } from './sections.ts';
import type { Source } from './source.ts';
import { type Verification, verify } from './verify.ts';

export interface SectionTask {
  readonly source: Source;
  readonly game: string;
  /** A file: or data: URL. */
  readonly module: string;
  /** The number of the piece: a difference in an earlier one makes this one worthless. */
  readonly piece: number;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly tolerance: number;
  readonly all: boolean;
  /** The least number of a piece with a difference, in shared memory. */
  readonly earliest: Int32Array<SharedArrayBuffer>;
  /** Where the number of records gone through is told. */
  readonly port: MessagePort;
}

export type SectionReply =
  | { readonly ok: true; readonly value: Verification }
  | { readonly ok: false; readonly error: ErrorData };

/** Runs pieces one after the other. */
export class SectionRunner {
  readonly #open: (source: Source, game: string) => Promise<HistoryReader>;
  #opened: { readonly key: string; readonly past: HistoryReader } | undefined;

  constructor(open: (source: Source, game: string) => Promise<HistoryReader>) {
    this.#open = open;
  }

  async verify(task: SectionTask): Promise<SectionReply> {
    const { game, module, piece, fromSeq, toSeq, tolerance, all, earliest, port } = task;
    const isStopped = (): boolean => Atomics.load(earliest, 0) < piece;
    try {
      const types = await loadGameTypes(module, '/');
      const past = await this.#pastOf(task);
      const options = {
        from: fromSeq,
        to: toSeq,
        tolerance,
        all,
        isStopped,
        onProgress: ({ done }: { done: number }) => port.postMessage(done),
      };
      const value = await verify(past, typesFor(types, { ...past.row, id: game }), options);
      if (value.difference && !all) lower(earliest, piece);
      return { ok: true, value };
    } catch (error) {
      return { ok: false, error: errorToData(error) };
    } finally {
      port.close();
    }
  }

  /** Opening reads a whole shard, which for a short piece is most of the work. */
  async #pastOf({ source, game, toSeq }: SectionTask): Promise<HistoryReader> {
    const key = JSON.stringify([source, game]);
    if (this.#opened?.key === key && this.#opened.past.row.seq >= toSeq) return this.#opened.past;
    const before = this.#opened;
    this.#opened = undefined;
    await before?.past.close();
    const past = await this.#open(source, game);
    this.#opened = { key, past };
    return past;
  }
}
