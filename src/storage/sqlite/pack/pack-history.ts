// The past of the game in a pack, read like that of any other: history, blame, replay and the rest do not know the
// difference. Before it: reading.ts, which trusts nothing of the file.

import type { Quarantine } from '../../game-info.ts';
import type {
  HistoryReader,
  Moment,
  MomentOptions,
  PastStep,
  SnapshotEntry,
  StateAt,
  StepRange,
} from '../../history-reader.ts';
import type { Opening } from '../../openings.ts';
import { StoredHistory } from '../compaction/stored-history.ts';
import { DirectoryPast } from '../directory-history.ts';
import { nodeFiles } from '../files.ts';
import { readQuarantine } from '../image/rows.ts';
import { openingsIn } from './pack-openings.ts';
import { asPackFault, type OpenPack, openPack, type PackDescription } from './reading.ts';

/**
 * The past of the one game in a pack. What a row holds is checked when it is read.
 *
 * @throws OrreryError PACK_NOT_FOUND, PACK_DAMAGED, FORMAT_TOO_NEW, IO_FAILED.
 */
export async function openPackPast(file: string): Promise<PackPast> {
  return new PackPast(await openPack(nodeFiles, file));
}

export class PackPast implements HistoryReader {
  readonly description: PackDescription;
  readonly #file: string;
  readonly #past: DirectoryPast;
  readonly #database: OpenPack['database'];

  constructor({ file, database, row, description, close }: OpenPack) {
    this.#file = file;
    this.#database = database;
    this.description = description;
    this.#past = new DirectoryPast(new StoredHistory(database, row, undefined), close, openingsIn(database));
  }

  get row(): HistoryReader['row'] {
    return this.#past.row;
  }

  stateAt(moment: Moment, options?: MomentOptions): Promise<StateAt> {
    return this.#reading(this.#past.stateAt(moment, options));
  }

  async *steps(range?: StepRange): AsyncGenerator<PastStep, void, undefined> {
    try {
      yield* this.#past.steps(range);
    } catch (error) {
      throw asPackFault(error, this.#file);
    }
  }

  snapshots(): Promise<readonly SnapshotEntry[]> {
    return this.#reading(this.#past.snapshots());
  }

  idAt(seq: number): string {
    return this.#past.idAt(seq);
  }

  get importedSeq(): number {
    return this.#past.importedSeq;
  }

  get openings(): readonly Opening[] {
    return this.#past.openings;
  }

  get seed(): HistoryReader['seed'] {
    return this.#past.seed;
  }

  /** What recoveries had given up when the game was packed, oldest first. */
  quarantine(): Promise<readonly Omit<Quarantine, 'game'>[]> {
    const read = async (): Promise<readonly Omit<Quarantine, 'game'>[]> =>
      readQuarantine(this.#database, this.row.id).map(({ game: _game, ...range }) => range);
    return this.#reading(read());
  }

  close(): Promise<void> {
    return this.#past.close();
  }

  /** A row that is not what it should be is the file's fault: the remedy is not in a directory of the reader's. */
  async #reading<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw asPackFault(error, this.#file);
    }
  }
}
