// What a disk may hold: contents and names that are durable, and the changes that are not yet. recording-files.ts writes the
// log of operations, this file follows it, and crash-states.ts chooses which of the undurable changes a crash leaves.

export const SECTOR = 512;

/** One change of the disk. Syncs change nothing that can be read, and everything that a crash leaves. */
export type Operation =
  | { readonly kind: 'create'; readonly name: string; readonly inode: number }
  | Write
  | { readonly kind: 'truncate'; readonly inode: number; readonly length: number }
  /** `content` is the whole file as it was read at that moment. */
  | { readonly kind: 'sync'; readonly inode: number; readonly content: Uint8Array }
  /** A sync that failed: the pages count as clean and are not on the disk, and no later sync will put them there. */
  | { readonly kind: 'failed sync'; readonly inode: number }
  | { readonly kind: 'link'; readonly name: string; readonly inode: number }
  | { readonly kind: 'unlink'; readonly name: string }
  | { readonly kind: 'rename'; readonly from: string; readonly name: string; readonly inode: number }
  /** Of the names in this folder, and in no other. */
  | { readonly kind: 'sync directory'; readonly folder: string };

export interface Write {
  readonly kind: 'write';
  readonly inode: number;
  readonly at: number;
  readonly bytes: Uint8Array;
}

export type ContentChange = Extract<Operation, { kind: 'write' | 'truncate' }>;
export type NameChange = Extract<Operation, { kind: 'create' | 'link' | 'unlink' | 'rename' }>;

/** Never changed in place: images share them. */
export interface Content {
  readonly durable: Uint8Array;
  /** Not synced, in order. */
  readonly pending: readonly ContentChange[];
  /** Of a sync that failed: they may be on the disk, and stay in doubt. */
  readonly adrift: readonly ContentChange[];
}

const EMPTY: Content = { durable: new Uint8Array(0), pending: [], adrift: [] };

export class DiskImage {
  /** Durable. */
  readonly names: Map<string, number>;
  readonly nameChanges: NameChange[];
  readonly contents: Map<number, Content>;

  constructor(
    names: Map<string, number> = new Map(),
    nameChanges: NameChange[] = [],
    contents: Map<number, Content> = new Map(),
  ) {
    this.names = names;
    this.nameChanges = nameChanges;
    this.contents = contents;
  }

  clone(): DiskImage {
    return new DiskImage(new Map(this.names), [...this.nameChanges], new Map(this.contents));
  }

  apply(operation: Operation): void {
    switch (operation.kind) {
      case 'create':
        this.contents.set(operation.inode, EMPTY);
        this.nameChanges.push(operation);
        return;
      case 'link':
      case 'unlink':
      case 'rename':
        this.nameChanges.push(operation);
        return;
      case 'sync directory': {
        const settled = this.nameChanges.filter(({ name }) => folderOf(name) === operation.folder);
        const open = this.nameChanges.filter((change) => !settled.includes(change));
        for (const change of settled) applyName(this.names, change);
        this.nameChanges.splice(0, Number.POSITIVE_INFINITY, ...open);
        this.#forgetNameless();
        return;
      }
      default:
        this.#change(operation);
    }
  }

  /** The names as a process sees them. */
  namesNow(): Map<string, number> {
    const names = new Map(this.names);
    for (const change of this.nameChanges) applyName(names, change);
    return names;
  }

  #change(operation: Exclude<Operation, NameChange | { kind: 'sync directory' }>): void {
    const content = this.contents.get(operation.inode);
    // A file without a name is written to in vain.
    if (content === undefined) return;
    this.contents.set(operation.inode, changed(content, operation));
  }

  #forgetNameless(): void {
    const named = new Set([...this.names.values(), ...this.nameChanges.map(inodeOf)]);
    for (const inode of this.contents.keys()) if (!named.has(inode)) this.contents.delete(inode);
  }
}

function changed(content: Content, operation: Exclude<Operation, NameChange | { kind: 'sync directory' }>): Content {
  switch (operation.kind) {
    case 'write': {
      if (content.adrift.length === 0) return { ...content, pending: [...content.pending, operation] };
      // What is written over is dirty again, and the next sync takes it along.
      const again = content.adrift.filter((each) => overlaps(each, operation));
      const adrift = content.adrift.filter((each) => !again.includes(each));
      return { ...content, adrift, pending: [...again, ...content.pending, operation] };
    }
    case 'truncate':
      return { ...content, pending: [...content.pending, operation] };
    case 'failed sync':
      return { ...content, adrift: [...content.adrift, ...content.pending], pending: [] };
    case 'sync':
      if (content.adrift.length === 0) return { durable: operation.content, pending: [], adrift: [] };
      return { ...content, durable: withChanges(content.durable, content.pending), pending: [] };
  }
}

/** Of an unlinked name none. */
function inodeOf(change: NameChange): number | undefined {
  return change.kind === 'unlink' ? undefined : change.inode;
}

/** A name is renamed within its folder. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function overlaps(change: ContentChange, write: Write): boolean {
  if (change.kind === 'truncate') return false;
  return change.at < write.at + write.bytes.length && write.at < change.at + change.bytes.length;
}

export function applyName(names: Map<string, number>, change: NameChange): void {
  if (change.kind === 'unlink') {
    names.delete(change.name);
    return;
  }
  if (change.kind === 'rename') names.delete(change.from);
  names.set(change.name, change.inode);
}

/** A file with changes made to it, all of them. */
export function withChanges(durable: Uint8Array, changes: readonly ContentChange[]): Uint8Array {
  if (changes.length === 0) return durable;
  let length = durable.length;
  let longest = length;
  for (const change of changes) {
    length = change.kind === 'truncate' ? change.length : Math.max(length, change.at + change.bytes.length);
    longest = Math.max(longest, length);
  }
  const bytes = new Uint8Array(longest);
  bytes.set(durable);
  for (const change of changes) {
    if (change.kind === 'truncate') bytes.fill(0, change.length);
    else bytes.set(change.bytes, change.at);
  }
  return bytes.subarray(0, length);
}
