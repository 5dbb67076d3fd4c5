// A file of lines of JSON that grows at its end, for contenders without a database: lines gather in memory, and a write
// makes them durable.

import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { createInterface } from 'node:readline';

export class LogFile {
  readonly #file: FileHandle;
  #lines: string[] = [];

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** A new file. */
  static async create(path: string): Promise<LogFile> {
    return new LogFile(await open(path, 'ax'));
  }

  add(line: string): void {
    this.#lines.push(line);
  }

  /** Writes the lines so far. Resolves when they are durable. One call at a time. */
  async write(): Promise<void> {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    await this.#file.appendFile(`${lines.join('\n')}\n`);
    await this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  static async *read(path: string): AsyncGenerator<string, void, undefined> {
    yield* createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  }
}

/**
 * A file that is there as a whole or, after a crash, as it was before: temporary file, fsync, rename, fsync of the
 * folder.
 */
export async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  const path = `${folder}/${name}`;
  const temporary = await open(`${path}.new`, 'w');
  try {
    await temporary.writeFile(text);
    await temporary.sync();
  } finally {
    await temporary.close();
  }
  await rename(`${path}.new`, path);
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
