// A shard's folder on the real disk, made once and copied for each test, so that it can be damaged and put right again.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { OrreryError, type OrreryErrorCode } from '#core/errors.ts';
import { nodeFiles } from '#storage/sqlite/files.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { commit, expectRecovered, openOwner, perform, type Told, toldNothing } from '../fault/shard-script.ts';

/**
 * The folder of a shard that was killed: images and manifests of two checkpoints, journal behind the newest with several
 * batches in it, all of them acknowledged.
 */
export class ShardTemplate {
  readonly path = mkdtempSync(join(tmpdir(), 'orrery-shard-'));
  readonly #told = toldNothing();

  static async make(shard = 0): Promise<ShardTemplate> {
    const template = new ShardTemplate();
    const told = template.#told;
    const owner = await openOwner(nodeFiles, { directory: template.path, shard });
    for (const round of [1, 2]) {
      commit(owner, { a: 3, b: 2 }, told);
      perform(owner, { do: 'checkpoint', games: { a: 1, [`round${round}`]: 2 } }, told);
    }
    for (let batch = 0; batch < 4; batch += 1) commit(owner, { a: 2, late: 1 }, told);
    owner.abandon();
    return template;
  }

  copy(): ShardFolder {
    const path = mkdtempSync(join(tmpdir(), 'orrery-shard-'));
    cpSync(this.path, path, { recursive: true });
    return new ShardFolder(path, copyOf(this.#told));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function copyOf(told: Told): Told {
  return { sent: new Map(told.sent), acknowledged: new Map(told.acknowledged), unsettled: undefined };
}

export class ShardFolder {
  readonly path: string;
  readonly #told: Told;

  constructor(path: string, told: Told) {
    this.path = path;
    this.#told = told;
  }

  /** Names that begin with something, oldest first. */
  names(start: string): string[] {
    return readdirSync(this.path)
      .filter((name) => name.startsWith(start))
      .sort();
  }

  /** The newest name that begins with something. */
  newest(start: string): string {
    const name = this.names(start).at(-1);
    if (name === undefined) throw new Error(`no ${start} in ${this.path}`);
    return name;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  read(name: string): Buffer {
    return readFileSync(this.file(name));
  }

  write(name: string, bytes: Uint8Array): void {
    // Not in place: images have a second name, latest.sqlite.
    rmSync(this.file(name), { force: true });
    writeFileSync(this.file(name), bytes);
  }

  flip(name: string, byte: number, bit = 0): void {
    const bytes = this.read(name);
    bytes[byte] = (bytes[byte] as number) ^ (1 << bit);
    this.write(name, bytes);
  }

  delete(name: string): void {
    rmSync(this.file(name));
  }

  /** Everything but claims, which every attempt to open leaves behind. */
  contents(): Map<string, string> {
    const names = readdirSync(this.path).filter((name) => !name.startsWith('OWNER-'));
    return new Map(names.sort().map((name) => [name, readFileSync(this.file(name)).toString('base64')]));
  }

  open(shard = 0): Promise<Owner> {
    return openOwner(nodeFiles, { directory: this.path, shard });
  }

  /** It opens, everything that was acknowledged is there, and it goes on. */
  async expectWhole(): Promise<Owner['recovery']> {
    const told = copyOf(this.#told);
    const owner = await this.open();
    expectRecovered(owner, told, 'opened');
    commit(owner, { a: 1, new: 2 }, told);
    owner.close();
    const again = await this.open();
    expectRecovered(again, told, 'opened again');
    again.close();
    return owner.recovery;
  }

  #restore(files: ReadonlyMap<string, Buffer>): void {
    for (const name of readdirSync(this.path)) this.delete(name);
    for (const [name, bytes] of files) this.write(name, bytes);
  }

  /** It is refused for a reason that names a file, nothing is changed by that, and put right again it opens whole. */
  async expectRefused(code: OrreryErrorCode, file: string, damage: () => void): Promise<OrreryError> {
    const whole = new Map(readdirSync(this.path).map((name) => [name, this.read(name)]));
    damage();
    const damaged = this.contents();
    let refusal: unknown;
    for (const attempt of [1, 2]) {
      refusal = await this.open().then(
        (owner) => {
          owner.abandon();
          return `attempt ${attempt} opened it`;
        },
        (error: unknown) => error,
      );
      expect(refusal).toBeInstanceOf(OrreryError);
      expect((refusal as OrreryError).code, String(refusal)).toBe(code);
      const { context } = refusal as OrreryError;
      expect(String(context.file ?? context.directory)).toContain(file);
      expect(this.contents()).toEqual(damaged);
    }
    this.#restore(whole);
    await this.expectWhole();
    this.#restore(whole);
    return refusal as OrreryError;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
