import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import {
  alreadyExists,
  atomicWrite,
  createNodeFiles,
  type FileSystem,
  isMissing,
  isTemporary,
  nodeFiles,
} from '#storage/sqlite/files.ts';
import { failingFiles, temporaryFolder } from './disk.ts';

const windows = process.platform === 'win32';

function thrown(work: () => unknown): OrreryError {
  try {
    work();
  } catch (error) {
    if (error instanceof OrreryError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: made up`), { code });
}

/** The real file system with some of its calls replaced. */
function filesWith(replaced: Partial<FileSystem>) {
  return createNodeFiles({ ...fs, ...replaced });
}

function put(path: string, text: string): void {
  atomicWrite(nodeFiles, path, Buffer.from(text));
}

function get(path: string): string {
  return Buffer.from(nodeFiles.read(path)).toString();
}

describe('names', () => {
  test('[J1] createNew refuses a name that is taken, also by a dangling link, and says so', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'one');
    nodeFiles.close(nodeFiles.createNew(path));
    expect(alreadyExists(thrown(() => nodeFiles.createNew(path)))).toBe(true);
    fs.symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
    expect(alreadyExists(thrown(() => nodeFiles.createNew(join(folder, 'link'))))).toBe(true);
    expect(nodeFiles.list(folder)).toEqual(['link', 'one']);
  });

  test('[J1] publishNew moves a file to a free name and never replaces a file', () => {
    const folder = temporaryFolder();
    put(join(folder, 'draft'), 'new');
    put(join(folder, 'taken'), 'old');
    expect(alreadyExists(thrown(() => nodeFiles.publishNew(join(folder, 'draft'), join(folder, 'taken'))))).toBe(true);
    expect(get(join(folder, 'taken'))).toBe('old');
    nodeFiles.publishNew(join(folder, 'draft'), join(folder, 'free'));
    expect(nodeFiles.list(folder)).toEqual(['free', 'taken']);
    expect(get(join(folder, 'free'))).toBe('new');
  });

  test('[J1] publishNew does the same on a file system without hard links', () => {
    const folder = temporaryFolder();
    const files = filesWith({
      linkSync() {
        throw errno('EPERM');
      },
    });
    put(join(folder, 'draft'), 'new');
    put(join(folder, 'taken'), 'old');
    expect(alreadyExists(thrown(() => files.publishNew(join(folder, 'draft'), join(folder, 'taken'))))).toBe(true);
    expect(get(join(folder, 'taken'))).toBe('old');
    files.publishNew(join(folder, 'draft'), join(folder, 'free'));
    expect(nodeFiles.list(folder)).toEqual(['free', 'taken']);
  });

  test('[J1] rename and link replace what had the name, and leave no other name behind', () => {
    const folder = temporaryFolder();
    put(join(folder, 'a'), 'a');
    put(join(folder, 'b'), 'b');
    nodeFiles.link(join(folder, 'a'), join(folder, 'latest'));
    nodeFiles.link(join(folder, 'a'), join(folder, 'latest'));
    nodeFiles.link(join(folder, 'b'), join(folder, 'latest'));
    expect(get(join(folder, 'latest'))).toBe('b');
    nodeFiles.rename(join(folder, 'a'), join(folder, 'b'));
    expect(nodeFiles.list(folder)).toEqual(['b', 'latest']);
    expect([get(join(folder, 'b')), get(join(folder, 'latest'))]).toEqual(['a', 'b']);
  });

  test('[J1] removing what is not there is no failure; reading, opening and listing it is, and says so', () => {
    const path = join(temporaryFolder(), 'nothing');
    nodeFiles.remove(path);
    expect(nodeFiles.exists(path)).toBe(false);
    for (const work of [nodeFiles.read, nodeFiles.openWrite, nodeFiles.list, nodeFiles.size]) {
      expect(isMissing(thrown(() => work(path)))).toBe(true);
    }
  });

  test('[J2] what a user names is followed over links, what is not there is left as it is', () => {
    const folder = fs.realpathSync(temporaryFolder());
    put(join(folder, 'file'), 'x');
    fs.symlinkSync('file', join(folder, 'link'));
    fs.symlinkSync('circle', join(folder, 'circle'));
    expect(nodeFiles.follow(join(folder, 'link'))).toBe(join(folder, 'file'));
    expect(nodeFiles.follow(join(folder, 'nothing'))).toBe(join(folder, 'nothing'));
    expect(thrown(() => nodeFiles.follow(join(folder, 'circle'))).context['errno']).toBe('ELOOP');
    expect(nodeFiles.identity(join(folder, 'link'))).toBe(nodeFiles.identity(join(folder, 'file')));
    expect(nodeFiles.identity(join(folder, 'file'))).not.toBe(nodeFiles.identity(folder));
    expect(nodeFiles.identity(join(folder, 'nothing'))).toBeUndefined();
  });

  test.skipIf(windows)(
    '[J2] files are 0600, folders 0700 with all those above them, and links are not followed',
    () => {
      const folder = temporaryFolder();
      const deep = join(folder, 'a', 'b', 'c');
      nodeFiles.makeDirectory(deep);
      nodeFiles.makeDirectory(deep);
      put(join(deep, 'file'), 'x');
      for (const path of [join(folder, 'a'), join(folder, 'a', 'b'), deep]) {
        expect(fs.statSync(path).mode & 0o777).toBe(0o700);
      }
      expect(fs.statSync(join(deep, 'file')).mode & 0o777).toBe(0o600);
      fs.symlinkSync(join(deep, 'file'), join(folder, 'link'));
      for (const work of [nodeFiles.read, nodeFiles.openWrite]) {
        expect(thrown(() => work(join(folder, 'link'))).context['errno']).toBe('ELOOP');
      }
      expect(nodeFiles.exists(join(folder, 'link'))).toBe(true);
    },
  );

  test.skipIf(windows)('[J2] a folder is durable on return: the folder above each new one is synced', () => {
    const folder = temporaryFolder();
    const opened: string[] = [];
    const files = filesWith({
      openSync(path, flags, mode) {
        opened.push(String(path));
        return fs.openSync(path, flags, mode);
      },
    });
    files.makeDirectory(join(folder, 'a', 'b'));
    expect(opened).toEqual([join(folder, 'a'), folder]);
  });
});

describe('contents', () => {
  test('[J3] a short write is carried on until all bytes stand at their place', () => {
    const path = join(temporaryFolder(), 'file');
    const counts: number[] = [];
    const files = filesWith({
      writeSync: ((descriptor: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
        counts.push(length);
        return fs.writeSync(descriptor, bytes, offset, Math.min(length, 3), position);
      }) as typeof fs.writeSync,
    });
    const handle = files.createNew(path);
    files.write(handle, Buffer.from('0123456789'), 0);
    files.write(handle, Buffer.from('abcd'), 2);
    files.close(handle);
    expect(get(path)).toBe('01abcd6789');
    expect(counts).toEqual([10, 7, 4, 1, 4, 1]);
  });

  test('[J3] a write that makes no progress is IO_FAILED, not an endless loop', () => {
    const path = join(temporaryFolder(), 'file');
    const files = filesWith({ writeSync: (() => 0) as typeof fs.writeSync });
    const error = thrown(() => files.write(files.createNew(path), Buffer.from('x'), 0));
    expect(error.code).toBe('IO_FAILED');
    expect(error.message).toContain('no progress');
  });

  test('[J3] a short read is carried on, a limit is kept, and a file that shrinks under it ends early', () => {
    const path = join(temporaryFolder(), 'file');
    put(path, '0123456789');
    const slow = filesWith({
      readSync: ((descriptor: number, bytes: Buffer, offset: number, length: number, position: number) =>
        fs.readSync(descriptor, bytes, offset, Math.min(length, 4), position)) as typeof fs.readSync,
    });
    expect(Buffer.from(slow.read(path)).toString()).toBe('0123456789');
    expect(Buffer.from(slow.read(path, 6)).toString()).toBe('012345');
    expect(slow.read(path, 100)).toHaveLength(10);
    const shrinking = filesWith({
      fstatSync: ((descriptor: number) =>
        Object.assign(fs.fstatSync(descriptor), { size: 20 })) as unknown as typeof fs.fstatSync,
    });
    expect(shrinking.read(path)).toHaveLength(10);
  });

  test('[J3] truncate, size and openWrite do what they say', () => {
    const path = join(temporaryFolder(), 'file');
    put(path, '0123456789');
    const handle = nodeFiles.openWrite(path);
    nodeFiles.truncate(handle, 4);
    nodeFiles.dataSync(handle);
    nodeFiles.close(handle);
    expect(nodeFiles.size(path)).toBe(4);
    expect(get(path)).toBe('0123');
  });

  test.each(['ENOSPC', 'EDQUOT'])('[J4] %s is DISK_FULL with the file and the errno', (code) => {
    const path = join(temporaryFolder(), 'file');
    const files = filesWith({
      writeSync: (() => {
        throw errno(code);
      }) as typeof fs.writeSync,
    });
    const error = thrown(() => files.write(files.createNew(path), Buffer.from('x'), 0));
    expect(error.code).toBe('DISK_FULL');
    expect(error.context).toEqual({ file: path, errno: code });
    expect(error.message).toContain('Free some space');
  });

  test.each(['EIO', 'EROFS', 'EACCES', 'EMFILE', 'ENFILE', 'EPERM', 'ENXIO'])('[J4] %s is IO_FAILED', (code) => {
    const fail = () => {
      throw errno(code);
    };
    const files = filesWith({ openSync: fail, fdatasyncSync: fail, fsyncSync: fail, ftruncateSync: fail });
    const handle = { path: '/made/up', descriptor: -1 };
    const works = [
      () => files.createNew('/made/up'),
      () => files.read('/made/up'),
      () => files.dataSync(handle),
      () => files.sync(handle),
      () => files.truncate(handle, 0),
    ];
    for (const work of works) {
      const error = thrown(work);
      expect([error.code, error.context]).toEqual(['IO_FAILED', { file: '/made/up', errno: code }]);
      expect((error.cause as Error).message).toContain(code);
    }
  });
});

describe('atomicWrite', () => {
  test('[J5] the bytes are synced before the name is given, and the folder after', () => {
    const files = failingFiles(() => undefined);
    atomicWrite(files, join(temporaryFolder(), 'file'), Buffer.from('x'));
    expect(files.calls).toEqual(['createNew', 'write', 'sync', 'close', 'rename', 'syncDirectory']);
  });

  test.each(['write', 'sync', 'rename'])(
    '[J5] when %s fails the old file stands and nothing is left beside it',
    (step) => {
      const folder = temporaryFolder();
      const path = join(folder, 'file');
      put(path, 'old');
      const files = failingFiles((operation) => (operation === step ? errno('EIO') : undefined));
      expect(() => atomicWrite(files, path, Buffer.from('new'))).toThrow('EIO');
      expect(nodeFiles.list(folder)).toEqual(['file']);
      expect(get(path)).toBe('old');
    },
  );

  test('[J5] what a crash leaves is known by its name', () => {
    const folder = temporaryFolder();
    const files = failingFiles((operation) => (operation !== 'createNew' ? errno('EIO') : undefined));
    expect(() => atomicWrite(files, join(folder, 'file'), Buffer.from('new'))).toThrow('EIO');
    expect(nodeFiles.list(folder).map(isTemporary)).toEqual([true]);
    expect(isTemporary('segment-0000000001.journal')).toBe(false);
  });
});
