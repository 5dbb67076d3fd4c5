// A store whose owner sits in this very thread, on whatever disk a test gives it: no worker, no waiting, and rows of its image
// that can be damaged by SQL while everything that vouches for the image is put right again.

import initSqlJs, { type SqlValue } from 'sql.js';
import { errorFromData, errorToData } from '#core/errors.ts';
import type { Files } from '#storage/sqlite/files.ts';
import { sha256 } from '#storage/sqlite/image/body.ts';
import { decodeManifest, encodeManifest, type Manifest } from '#storage/sqlite/image/manifest.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import type { OwnerOptions } from '#storage/sqlite/worker/protocol.ts';
import type { Batch, Store } from '#storage/store.ts';
import { openOwner } from '../fault/shard-script.ts';
import type { MemoryFolder } from '../recovery/memory-folder.ts';

type Answers = Pick<Owner, 'commit' | 'compact' | 'checkpoint' | 'load' | 'list' | 'stats' | 'close'> &
  Pick<Owner, 'stateAt' | 'past' | 'snapshots'>;

export class OwnerStore implements Store {
  readonly capabilities = { durable: true, images: true };
  readonly #files: Files;
  readonly #options: Partial<OwnerOptions>;
  #owner: Owner | undefined;

  constructor(files: Files, options: Partial<OwnerOptions> = {}) {
    this.#files = files;
    this.#options = options;
  }

  async open() {
    this.#owner = await openOwner(this.#files, { sliceMs: 1000, ...this.#options });
    return this.#owner.recovery;
  }

  commit = (batch: Batch) => this.#ask((owner) => owner.commit(batch));
  compact = () => this.#ask((owner) => owner.compact());
  checkpoint = () => this.#ask((owner) => owner.checkpoint());
  load = (game: string) => this.#ask((owner) => owner.load(game));
  list = () => this.#ask((owner) => owner.list());
  stats = () => this.#ask((owner) => owner.stats());
  close = () => this.#ask((owner) => owner.close());
  snapshots = (game: string) => this.#ask((owner) => owner.snapshots(game));
  stateAt = (...of: Parameters<Answers['stateAt']>) => this.#ask((owner) => owner.stateAt(...of));
  past = (...of: Parameters<Answers['past']>) => this.#ask((owner) => owner.past(...of));
  quarantine = (game: string) => this.#ask((owner) => owner.answer({ kind: 'quarantine', game })) as never;

  async destroy(): Promise<void> {
    this.#owner?.abandon();
    this.#owner = undefined;
  }

  /** Errors come as they come from a thread. */
  async #ask<T>(work: (owner: Owner) => T): Promise<Awaited<T>> {
    try {
      return await work(this.#owner as Owner);
    } catch (error) {
      throw errorFromData(errorToData(error));
    }
  }
}

/** What the newest image answers. */
export async function asked(folder: MemoryFolder, sql: string, ...values: SqlValue[]): Promise<SqlValue[][]> {
  const sqlJs = await initSqlJs();
  const database = new sqlJs.Database(new Uint8Array(folder.bytesOf(folder.paths('image-').at(-1) as string)));
  const [result] = database.exec(sql, values);
  database.close();
  return result?.values ?? [];
}

/** The folder with its newest image changed by SQL, and a manifest that vouches for it and knows no other. */
export async function changedBy(
  folder: MemoryFolder,
  ...statements: readonly (readonly [sql: string, ...values: SqlValue[]])[]
): Promise<MemoryFolder> {
  const path = folder.paths('MANIFEST-').at(-1) as string;
  const file = folder.paths('image-').at(-1) as string;
  const sqlJs = await initSqlJs();
  const database = new sqlJs.Database(new Uint8Array(folder.bytesOf(file)));
  for (const [sql, ...values] of statements) database.run(sql, values);
  const bytes = database.export();
  database.close();
  const manifest = decodeManifest(folder.bytesOf(path), path);
  const [newest] = manifest.images;
  const images = [{ ...newest, bytes: bytes.length, sha256: Buffer.from(sha256(bytes)).toString('hex') }];
  return folder.with(file, bytes).with(path, encodeManifest({ ...manifest, images } as Manifest));
}
