// Damage is no crash: a bit that turned, a file that is gone, a file put back from another copy of the shard, the whole folder
// put back from an older one. The promise is another one too: the shard is refused, or holds a prefix of what was acknowledged, and never anything else.

import { OrreryError } from '#core/errors.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import type { Dice } from '../../programs/script.ts';
import { type Chain, describe, type Standings } from './chain.ts';
import { type Content, DiskImage, withChanges } from './disk-image.ts';
import { type Engine, SHARD } from './engine.ts';
import { describeError, Play, type Scene } from './play.ts';
import { type Lie, RecordingFiles } from './recording-files.ts';
import type { Tally } from './tally.ts';
import type { Step } from './workload.ts';

interface Damaged {
  readonly kind: 'bit' | 'file gone' | 'foreign file' | 'older shard';
  readonly what: string;
  readonly image: DiskImage;
  /** Histories that may be found, whole or without their newest batches. */
  readonly chains: readonly Chain[];
  /** How many of the newest batches may be missing without a word. */
  readonly mayMiss: number;
  /** The older generation stands in for it: it must not be refused. */
  readonly harmless: boolean;
}

const PLACES = /\/(segment|image|MANIFEST)-\d+|\.record$/;
const REFUSALS = ['DAMAGED', 'FORMAT_TOO_NEW', 'SHARD_MISSING', 'SHARD_REPLACED', 'SHARD_OLDER'];

/** Two ways that one shard goes on, with the same names for different files. */
const FORK: readonly Step[] = [
  { do: 'commit', batch: { games: { a: 1 }, filler: 10 } },
  { do: 'commit', batch: { games: { b: 1 }, filler: 200 } },
  { do: 'checkpoint', slice: 2, batch: { games: { a: 1 }, filler: 0 } },
];
/** Behind the checkpoint's own frame: only the manifest knows that one durable, or only the frames behind it know it. */
const ENDINGS: readonly (readonly Step[])[] = [
  [],
  [{ do: 'commit', batch: { games: { a: 2 }, filler: 30 } }],
  [
    { do: 'commit', batch: { games: { a: 2 }, filler: 30 } },
    { do: 'commit', batch: { games: { c: 1 }, filler: 0 } },
    { do: 'commit', batch: { games: { b: 1 }, filler: 7 } },
  ],
];

/** Damages one thing. The result is a broken promise, or nothing. */
export function exploreDamage(
  engine: Engine,
  scene: Scene,
  lies: ReadonlySet<Lie>,
  roll: Dice,
  tally: Tally,
): { readonly violation: string; readonly what: readonly string[] } | undefined {
  const steps = [...FORK, ...(ENDINGS[roll(ENDINGS.length)] as readonly Step[])];
  const tell = [`opens, then ${JSON.stringify(steps)}, all of it durable`];
  const settled = goOn(engine, scene, `d${tally.states}`, steps, lies);
  if (typeof settled === 'string') return { violation: settled, what: tell };
  const kind = roll(5);
  const damaged =
    kind === 0
      ? olderShard(scene, settled)
      : kind < 3
        ? foreignFile(engine, scene, settled, steps, lies, roll)
        : harm(settled, roll);
  if (damaged === undefined) return undefined;
  const { outcome, violation } = judge(engine, damaged, lies);
  tally.damage(`${damaged.kind}${damaged.harmless ? ' with a stand-in' : ''}`, outcome);
  return violation === undefined ? undefined : { violation, what: [...tell, damaged.what] };
}

interface Settled extends Scene {
  /** How many batches were acknowledged after the newest manifest: the manifest says that all before them are durable. */
  readonly sinceManifest: number;
}

/** The shard some batches later, all of it durable; or what went wrong already. */
function goOn(
  engine: Engine,
  scene: Scene,
  name: string,
  steps: readonly Step[],
  lies: ReadonlySet<Lie>,
): Settled | string {
  const play = new Play(engine, scene, name, lies);
  play.run(steps);
  if (play.violation !== undefined) return play.violation;
  const { log } = play.disk;
  const image = scene.image.clone();
  for (const operation of log) image.apply(operation);
  const chain = play.marks.at(-1)?.chain as Chain;
  const published = log.findLastIndex(
    (each) => (each.kind === 'link' || each.kind === 'rename') && isManifest(each.name),
  );
  const then = play.marks.findLast(({ at }) => at <= published)?.chain as Chain;
  const sinceManifest = chain.stepsBackTo(then.standings) as number;
  return { image: durable(image), chain, inFlight: undefined, closed: false, sinceManifest };
}

function durable(image: DiskImage): DiskImage {
  const names = image.namesNow();
  const contents = new Map<number, Content>();
  for (const inode of names.values()) {
    const { durable: bytes, adrift, pending } = image.contents.get(inode) as Content;
    contents.set(inode, { durable: withChanges(bytes, [...adrift, ...pending]), pending: [], adrift: [] });
  }
  return new DiskImage(names, [], contents);
}

function harm({ image, chain, sinceManifest }: Settled, roll: Dice): Damaged {
  const names = [...image.names.keys()].filter((name) => PLACES.test(name)).sort();
  const name = names[roll(names.length)] as string;
  const inode = image.names.get(name) as number;
  const bytes = Uint8Array.from((image.contents.get(inode) as Content).durable);
  const newest = names.findLast((each) => each.includes('image-'));
  // FORK has published, and what was there before it had: there must be another generation.
  const harmless = name === newest || isManifest(name);
  if (roll(4) === 0) {
    const gone = image.clone();
    gone.names.delete(name);
    // With the newest manifest gone, the record of the shard still says what was durable.
    const stoodIn = harmless && !isManifest(name);
    const mayMiss = stoodIn ? 0 : sinceManifest;
    return {
      kind: 'file gone',
      what: `${name} is taken away`,
      image: gone,
      chains: [chain],
      mayMiss,
      harmless: stoodIn,
    };
  }
  const at = roll(bytes.length);
  bytes[at] = (bytes[at] as number) ^ (1 << roll(8));
  const turned = image.clone();
  turned.contents.set(inode, { durable: bytes, pending: [], adrift: [] });
  const what = `a bit of byte ${at} of ${name} turns`;
  // No later frame and no manifest speaks of the newest batch, unless the manifest is newer than the batch.
  const mayMiss = harmless ? 0 : Math.min(1, sinceManifest);
  return { kind: 'bit', what, image: turned, chains: [chain], mayMiss, harmless };
}

function isManifest(name: string): boolean {
  return name.includes('MANIFEST');
}

/** One file of the shard as it would be had it gone on in another way. */
function foreignFile(
  engine: Engine,
  scene: Scene,
  settled: Settled,
  steps: readonly Step[],
  lies: ReadonlySet<Lie>,
  roll: Dice,
): Damaged | undefined {
  const other = goOn(engine, scene, 'fork', steps, lies);
  if (typeof other === 'string') return undefined;
  const shared = [...settled.image.names.keys()]
    .filter((name) => PLACES.test(name) && other.image.names.has(name))
    .sort();
  const name = shared[roll(shared.length)];
  if (name === undefined) return undefined;
  const image = settled.image.clone();
  const inode = other.image.names.get(name) as number;
  image.names.set(name, inode);
  image.contents.set(inode, other.image.contents.get(inode) as Content);
  const what = `${name} is put back from a copy that went on in another way`;
  const mayMiss = Number.POSITIVE_INFINITY;
  return { kind: 'foreign file', what, image, chains: [settled.chain, other.chain], mayMiss, harmless: false };
}

/** The folder of the shard as the crash had left it, put back beside the record of what it came to: FORK publishes. */
function olderShard(scene: Scene, settled: Scene): Damaged {
  const image = durable(scene.image);
  const record = `${SHARD}.record`;
  const inode = settled.image.names.get(record) as number;
  image.names.set(record, inode);
  image.contents.set(inode, settled.image.contents.get(inode) as Content);
  const what = 'the folder is put back from before, and its record is not';
  return { kind: 'older shard', what, image, chains: [settled.chain], mayMiss: 0, harmless: false };
}

function judge(
  engine: Engine,
  { kind, image, chains, mayMiss, harmless }: Damaged,
  lies: ReadonlySet<Lie>,
): { readonly outcome: string; readonly violation?: string } {
  let owner: Owner;
  const disk = new RecordingFiles(image, lies);
  try {
    owner = engine.open(disk);
  } catch (error) {
    const refused = error instanceof OrreryError && REFUSALS.includes(error.code);
    if (!refused) return { outcome: 'failed', violation: `not refused as damaged: ${describeError(error)}` };
    if (harmless) return { outcome: 'refused', violation: `refused although nothing is lost: ${describeError(error)}` };
    return { outcome: 'refused' };
  }
  let found: Standings;
  try {
    found = engine.look(owner);
  } catch (error) {
    return { outcome: 'unreadable', violation: `opens and cannot be read: ${describeError(error)}` };
  } finally {
    owner.abandon();
  }
  if (kind === 'older shard')
    return { outcome: 'taken', violation: 'an older copy of the shard is taken for the newest' };
  const missing = Math.min(...chains.map((chain) => chain.stepsBackTo(found) ?? Number.POSITIVE_INFINITY));
  if (missing === 0) return { outcome: 'nothing missing' };
  const [chain] = chains as [Chain];
  const story = `acknowledged: ${describe(chain.standings)}; found: ${describe(found)}`;
  if (missing === Number.POSITIVE_INFINITY) return { outcome: 'wrong', violation: `never was like this. ${story}` };
  // What nothing on the disk speaks of any more cannot be missed.
  if (missing > mayMiss) {
    return {
      outcome: `${missing} missing`,
      violation: `${missing} acknowledged batches are silently missing. ${story}`,
    };
  }
  return { outcome: 'the newest missing' };
}
