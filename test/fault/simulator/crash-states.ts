// Which states a crash can leave of a disk: every subset of the changes that were not durable, writes in pieces of 512
// bytes, and what a lost piece of a file that grew may read as. All of them when they are few, else some, by dice.

import type { Dice } from '../../programs/script.ts';
import {
  applyName,
  type Content,
  type ContentChange,
  DiskImage,
  type NameChange,
  type Operation,
  SECTOR,
} from './disk-image.ts';

/** The smallest thing that is there after a crash or is not. */
type Atom =
  | { readonly of: 'name'; readonly change: NameChange }
  | { readonly of: 'content'; readonly change: ContentChange; readonly from: number; readonly to: number };

/**
 * A file that grew, and whose newest sectors were lost, has kept its old length, or has the new one. Then the sectors read
 * as zeros, or as what was there before the file got them.
 */
type Gap = 'short' | 'zeros' | 'stale';
const GAPS: readonly Gap[] = ['short', 'zeros', 'stale'];

export interface CrashState {
  readonly image: DiskImage;
  /** In words, for a story: what was lost. */
  readonly lost: () => string;
}

/**
 * The states after `last`, the newest operation of the log. When nothing was promised since the operation before
 * (`fresh` is false), those in which `last` is lost were there before it already, and do not come again.
 */
export function* crashStates(
  image: DiskImage,
  last: Operation | undefined,
  fresh: boolean,
  most: number,
  roll: Dice,
): Generator<CrashState> {
  const atoms = atomsOf(image);
  const mustKeep = fresh ? undefined : last;
  if (areFew(atoms, most)) {
    for (let mask = 0; mask < 2 ** atoms.length; mask += 1) {
      const kept = atoms.map((_, bit) => (mask >> bit) & 1);
      if (!keeps(atoms, kept, mustKeep)) continue;
      for (const gap of gapsOf(atoms, kept)) yield crashed(image, atoms, kept, gap, roll);
    }
    return;
  }
  for (let sample = 0; sample < most; sample += 1) {
    const likely = [2, 5, 8][roll(3)] as number;
    const kept: number[] = atoms.map(() => (roll(10) < likely ? 1 : 0));
    if (sample < 2) kept.fill(sample);
    if (!keeps(atoms, kept, mustKeep)) continue;
    const gaps = gapsOf(atoms, kept);
    yield crashed(image, atoms, kept, gaps[roll(gaps.length)] as Gap, roll);
  }
}

/** Whether `crashStates` gives all states of a crash. */
export function isExhaustive(image: DiskImage, most: number): boolean {
  return areFew(atomsOf(image), most);
}

function areFew(atoms: readonly Atom[], most: number): boolean {
  return atoms.length < 20 && 2 ** atoms.length <= most;
}

function keeps(atoms: readonly Atom[], kept: readonly number[], change: Operation | undefined): boolean {
  return change === undefined || atoms.some((atom, index) => atom.change === change && kept[index] === 1);
}

function atomsOf(image: DiskImage): Atom[] {
  const atoms: Atom[] = image.nameChanges.map((change) => ({ of: 'name', change }));
  for (const content of image.contents.values()) {
    for (const change of content.adrift) cut(change, atoms);
    for (const change of content.pending) cut(change, atoms);
  }
  return atoms;
}

function cut(change: ContentChange, atoms: Atom[]): void {
  if (change.kind === 'truncate') {
    atoms.push({ of: 'content', change, from: change.length, to: change.length });
    return;
  }
  const end = change.at + change.bytes.length;
  for (let from = change.at; from < end; ) {
    const to = Math.min(end, from - (from % SECTOR) + SECTOR);
    atoms.push({ of: 'content', change, from, to });
    from = to;
  }
}

function gapsOf(atoms: readonly Atom[], kept: readonly number[]): readonly Gap[] {
  const lost = atoms.some((atom, index) => atom.of === 'content' && atom.change.kind === 'write' && kept[index] === 0);
  return lost ? GAPS : ['short'];
}

function crashed(image: DiskImage, atoms: readonly Atom[], kept: readonly number[], gap: Gap, roll: Dice): CrashState {
  const names = new Map(image.names);
  atoms.forEach((atom, index) => {
    if (atom.of === 'name' && kept[index] === 1) applyName(names, atom.change);
  });
  const contents = new Map<number, Content>();
  for (const inode of names.values()) {
    const content = image.contents.get(inode) as Content;
    if (content.pending.length === 0 && content.adrift.length === 0) {
      contents.set(inode, content);
      continue;
    }
    const stale = gap === 'stale' ? staleBytes(image, roll) : undefined;
    contents.set(inode, { durable: leftOf(content, atoms, kept, gap, stale), pending: [], adrift: [] });
  }
  return { image: new DiskImage(names, [], contents), lost: () => inWords(image, atoms, kept, gap) };
}

function leftOf(
  content: Content,
  atoms: readonly Atom[],
  kept: readonly number[],
  gap: Gap,
  stale: Uint8Array | undefined,
): Uint8Array {
  const changes = new Set<ContentChange>([...content.adrift, ...content.pending]);
  let length = content.durable.length;
  let longest = length;
  atoms.forEach((atom, index) => {
    if (atom.of === 'name' || !changes.has(atom.change)) return;
    const counts = kept[index] === 1 || (gap !== 'short' && atom.change.kind === 'write');
    if (counts) length = atom.change.kind === 'truncate' ? atom.to : Math.max(length, atom.to);
    longest = Math.max(longest, length);
  });
  const bytes = new Uint8Array(longest);
  bytes.set(content.durable);
  atoms.forEach((atom, index) => {
    if (atom.of === 'name' || !changes.has(atom.change)) return;
    const { change, from, to } = atom;
    if (change.kind === 'truncate') {
      if (kept[index] === 1) bytes.fill(0, from);
    } else if (kept[index] === 1) {
      bytes.set(change.bytes.subarray(from - change.at, to - change.at), from);
    } else if (stale !== undefined && from >= content.durable.length && stale.length > 0) {
      // A block that belonged to another file, or to another place of this one.
      const begin = from < stale.length ? from : from % stale.length;
      bytes.set(stale.subarray(begin, begin + to - from), from);
    }
  });
  return bytes.subarray(0, length);
}

/** Something that this disk holds already. */
function staleBytes(image: DiskImage, roll: Dice): Uint8Array {
  const contents = [...image.contents.values()];
  return (contents[roll(contents.length)] as Content).durable;
}

function inWords(image: DiskImage, atoms: readonly Atom[], kept: readonly number[], gap: Gap): string {
  const names = new Map<number, string>();
  for (const [name, inode] of image.namesNow()) names.set(inode, name.slice(name.lastIndexOf('/') + 1));
  const words = atoms.flatMap((atom, index) => {
    if (kept[index] === 1) return [];
    const { change } = atom;
    if (atom.of === 'name') return [`${change.kind} ${(change as NameChange).name.replace(/^.*\//, '')}`];
    const file = names.get((change as ContentChange).inode) ?? 'a file without a name';
    return [`${change.kind} of bytes ${atom.from} to ${atom.to} of ${file}`];
  });
  return words.length === 0 ? 'nothing' : `${words.join('; ')} (what is missing: ${gap})`;
}
