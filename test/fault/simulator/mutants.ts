// The protocol with one thing wrong in it, again and again: each of these loses data in some crash or takes something for
// whole that is not, and the simulator has to see it. Edits are of compiled files, so that they can be made exactly.

import { BATCH_MUTANTS } from './batch-mutants.ts';
import { OPENING_MUTANTS } from './opening-mutants.ts';
import type { Lie } from './recording-files.ts';
import type { Edit } from './variant.ts';
import type { Workload } from './workload.ts';

export interface Mutant {
  readonly name: string;
  readonly edits?: readonly Edit[];
  /** Of the disk below. */
  readonly lies?: readonly Lie[];
  /** Seen sooner by damage than by crashes. */
  readonly damage?: true;
  /** Where dice would take long to come to it. */
  readonly workload?: Workload;
}

const JOURNAL = 'storage/sqlite/journal/journal.js';
const CHECKPOINT = 'storage/sqlite/worker/checkpoint.js';
const MANIFEST = 'storage/sqlite/image/manifest.js';
const IMAGE = 'storage/sqlite/image/image.js';
const OPEN = 'storage/sqlite/recovery/open-shard.js';
const READ_SHARD = 'storage/sqlite/recovery/read-shard.js';
const SCAN = 'storage/sqlite/journal/scan.js';
const SEGMENT_SCAN = 'storage/sqlite/journal/segment-scan.js';
const OWNER = 'storage/sqlite/worker/owner.js';

const COMMIT = { do: 'commit', batch: { games: { a: 1 }, filler: 0 } } as const;

const SECOND_SYNC_FAILS: Workload = {
  steps: [COMMIT, COMMIT, COMMIT],
  fault: { errno: 'EIO', moment: 'before', nth: 2, lasting: false, calls: ['dataSync'] },
};

export const MUTANTS: readonly Mutant[] = [
  ...BATCH_MUTANTS,
  ...OPENING_MUTANTS,
  {
    name: 'an image with half of a frame that was begun between two turns of thinning',
    edits: [{ file: OWNER, find: 'this.#backlog.finishFrame();', replace: '' }],
  },
  { name: 'a disk whose fdatasync lies', lies: ['dataSync'] },
  { name: 'a disk whose fsync lies', lies: ['sync'] },
  { name: 'a disk whose fsync of a folder lies', lies: ['syncDirectory'] },
  { name: 'a disk that calls half a write a whole one', lies: ['half a write'] },
  {
    name: 'a new name replaces the file that has it',
    lies: ['publishNew replaces'],
    // The other owner begins its segment between the look for leases and the name.
    workload: {
      steps: [
        COMMIT,
        {
          do: 'takeover',
          deed: 'checkpoint',
          amid: 'deed',
          nth: 4,
          batch: { games: { a: 1 }, filler: 0 },
          afterwards: 'commit',
        },
        COMMIT,
      ],
      fault: undefined,
    },
  },
  {
    name: 'acknowledged before fdatasync',
    edits: [
      {
        file: 'storage/sqlite/worker/segments.js',
        find: 'const frame = journal.append([payload], count);\n        journal.sync();',
        replace: 'journal.sync();\n        const frame = journal.append([payload], count);',
      },
    ],
  },
  {
    name: 'a segment whose name is not made durable',
    edits: [{ file: JOURNAL, find: 'files.syncDirectory(dirname(draft.path));', replace: '' }],
  },
  {
    name: 'a segment that gets its name before its contents are durable',
    edits: [
      { file: JOURNAL, find: 'files.sync(handle);\n', replace: '\n' },
      {
        file: JOURNAL,
        find: 'files.syncDirectory(dirname(draft.path));',
        replace: 'files.syncDirectory(dirname(draft.path));\n        files.sync(draft.handle);',
      },
    ],
  },
  {
    name: 'a manifest whose name is not made durable',
    edits: [{ file: MANIFEST, find: 'files.syncDirectory(directory);', replace: '' }],
  },
  {
    name: 'a manifest that gets its name before its contents are durable',
    edits: [
      {
        file: MANIFEST,
        find: 'files.sync(handle);\n        files.publishNew(handle.path, path);',
        replace: 'files.publishNew(handle.path, path);\n        files.sync(handle);',
      },
    ],
  },
  {
    name: 'an image whose name is not made durable before its manifest',
    edits: [{ file: IMAGE, find: 'files.syncDirectory(directory);', replace: '' }],
  },
  {
    name: 'an image that is not made durable',
    edits: [{ file: IMAGE, find: 'files.sync(handle);', replace: '' }],
  },
  {
    name: 'an image that was exported before it was brought up to date',
    edits: [
      {
        file: CHECKPOINT,
        find: 'compaction.flush({ shard, shard_number: parts.number, generation, epoch: lease.epoch });\n    const content = database.freeze();',
        replace:
          'const content = database.freeze();\n    compaction.flush({ shard, shard_number: parts.number, generation, epoch: lease.epoch });',
      },
    ],
  },
  {
    name: 'a checkpoint that does not wait for compaction',
    edits: [
      {
        file: OWNER,
        find: 'while (this.#backlog.isBefore(firstFrame)) {',
        replace: 'while (false) {',
      },
    ],
  },
  {
    name: 'the older generation is swept before the new manifest is there',
    edits: [
      {
        file: CHECKPOINT,
        find: 'publishManifest(files, directory, manifest);',
        replace: 'sweep(files, directory, manifest);\n        publishManifest(files, directory, manifest);',
      },
      {
        file: CHECKPOINT,
        find: 'const oldestImage = manifest.images.at(-1).generation;',
        replace: 'const oldestImage = manifest.generation;',
      },
    ],
  },
  {
    name: 'the record of a shard is written before its manifest',
    edits: [
      { file: CHECKPOINT, find: 'parts.record?.keep(manifest);', replace: 'undefined;' },
      {
        file: CHECKPOINT,
        find: 'publishManifest(files, directory, manifest);',
        replace: 'parts.record?.keep(manifest);\n        publishManifest(files, directory, manifest);',
      },
    ],
  },
  {
    name: 'the record of a shard gets its name before its contents are durable',
    edits: [
      {
        file: 'storage/sqlite/files.js',
        find: 'files.write(handle, bytes, 0);\n        files.sync(handle);',
        replace: 'files.write(handle, bytes, 0);',
      },
    ],
  },
  {
    name: 'the record of a shard is not compared with it',
    damage: true,
    edits: [{ file: OPEN, find: 'if (discrepancy)\n', replace: 'if (false)\n' }],
  },
  {
    name: 'a shard that was made once and is empty is made anew',
    damage: true,
    edits: [{ file: 'storage/sqlite/recovery/shard-reader.js', find: 'if (recorded)\n', replace: 'if (false)\n' }],
  },
  {
    name: 'only the newest generation is kept',
    edits: [
      {
        file: CHECKPOINT,
        find: 'const oldestImage = manifest.images.at(-1).generation;',
        replace: 'const oldestImage = manifest.generation;',
      },
    ],
  },
  {
    name: 'a manifest that stands in for a damaged one asks for what was swept since',
    damage: true,
    edits: [{ file: READ_SHARD, find: 'if (left <= 0)', replace: 'if (true)' }],
  },
  {
    name: 'no payload CRC is checked',
    edits: [{ file: SEGMENT_SCAN, find: 'crc32(payload, last.chain) !== header.payloadCrc', replace: 'false' }],
  },
  {
    name: 'the chain is not checked',
    edits: [
      { file: SCAN, find: 'if (header.previousChain !== position.chain) {', replace: 'if (false) {' },
      { file: SCAN, find: 'if (position.frame !== from.frame || position.chain === from.chain)\n', replace: '' },
    ],
  },
  {
    name: 'the CRC of a manifest is not checked',
    damage: true,
    edits: [
      {
        file: MANIFEST,
        find: 'if (!match || crc32(match[1]) !== Number.parseInt(match[2], 16)) {',
        replace: 'if (!match) {',
      },
    ],
  },
  {
    name: 'the SHA-256 of an image is not checked',
    edits: [
      {
        file: IMAGE,
        find: "if (Buffer.from(sha256).toString('hex') !== entry.sha256) {",
        replace: 'if (false) {',
      },
    ],
  },
  {
    name: 'a torn tail is taken for damage',
    edits: [
      {
        file: 'storage/sqlite/journal/verdict.js',
        find: "'bad frame, open, unknown': 'torn'",
        replace: "'bad frame, open, unknown': 'damaged'",
      },
    ],
  },
  {
    name: 'damage is taken for a torn tail',
    edits: [
      {
        file: 'storage/sqlite/journal/verdict.js',
        find: "'bad frame, open, acknowledged': 'damaged'",
        replace: "'bad frame, open, acknowledged': 'torn'",
      },
    ],
  },
  {
    name: 'what an owner abandoned in a segment is read on',
    edits: [
      {
        file: SCAN,
        find: 'until === undefined ? { knownDurable } : { knownDurable, until }',
        replace: '{ knownDurable }',
      },
    ],
  },
  {
    name: 'the segments of an owner that was replaced are taken',
    // An attempt that failed has used up a number, so the segment that comes too late is not stopped by its name.
    workload: {
      steps: [
        COMMIT,
        { do: 'checkpoint', slice: 0, batch: { games: { a: 1 }, filler: 0 } },
        {
          do: 'takeover',
          deed: 'checkpoint',
          amid: 'deed',
          nth: 4,
          batch: { games: { a: 1 }, filler: 0 },
          afterwards: 'commit',
        },
        COMMIT,
      ],
      fault: { errno: 'EIO', moment: 'before', nth: 6, lasting: false, calls: ['createNew'] },
    },
    edits: [
      { file: SCAN, find: 'if (newest !== undefined && header.epoch < newest.epoch)\n', replace: 'if (false)\n' },
    ],
  },
  {
    name: 'the newest frames are not written again by a recovery',
    edits: [
      {
        file: OPEN,
        find: 'firstFrame: tail.durable.frame + 1,\n        previousChain: tail.durable.chain,\n    };',
        replace: 'firstFrame: tail.last.frame + 1,\n        previousChain: tail.last.chain,\n    };',
      },
      { file: OPEN, find: 'start, tail.pending, superseded);', replace: 'start, [], superseded);' },
    ],
  },
  {
    name: 'the journal is read before the shard is leased',
    edits: [
      {
        file: OPEN,
        find: 'const lease = Lease.take(files, directory, newestEpoch(files, directory));',
        replace: 'const lease = { check() {} };',
      },
      {
        file: OPEN,
        find: 'if (!manifest) {',
        replace: 'if (!manifest) {\n        lease = Lease.take(files, directory, newestEpoch(files, directory));',
      },
      {
        file: OPEN,
        find: 'const opened = goOn(files, directory, lease,',
        replace:
          'lease = Lease.take(files, directory, newestEpoch(files, directory));\n        const opened = goOn(files, directory, lease,',
      },
    ],
  },
  {
    name: 'a batch that was only read is acknowledged by an owner without a segment',
    edits: [{ file: OWNER, find: 'this.#segments.ready();', replace: '' }],
    workload: {
      steps: [COMMIT, COMMIT, { do: 'kill' }, COMMIT],
      fault: { errno: 'EIO', moment: 'before', nth: 6, lasting: true, calls: ['dataSync', 'sync'] },
    },
  },
  {
    name: 'the lease is looked at before the write instead of after',
    edits: [
      {
        file: OWNER,
        find: 'const { frame, chain, bytes } = this.#segments.append',
        replace: 'this.#shard.lease.check();\n        const { frame, chain, bytes } = this.#segments.append',
      },
      {
        file: OWNER,
        find: 'this.#records += batch.count;\n        this.#shard.lease.check();',
        replace: 'this.#records += batch.count;',
      },
    ],
  },
  {
    name: 'the lease is not looked at',
    edits: [
      {
        file: OWNER,
        find: 'this.#records += batch.count;\n        this.#shard.lease.check();',
        replace: 'this.#records += batch.count;',
      },
    ],
  },
  {
    name: 'an fdatasync that failed is tried again on the same descriptor',
    workload: SECOND_SYNC_FAILS,
    edits: [
      {
        file: JOURNAL,
        find: 'this.#guard(() => this.#files.dataSync(this.#handle));',
        replace:
          'try { this.#files.dataSync(this.#handle); } catch { this.#guard(() => this.#files.dataSync(this.#handle)); }',
      },
    ],
  },
  {
    name: 'a segment goes on after a write to it has failed',
    workload: SECOND_SYNC_FAILS,
    edits: [{ file: JOURNAL, find: "this.#state = 'broken';", replace: '' }],
  },
  {
    name: 'a seal that is not made durable',
    edits: [
      { file: JOURNAL, find: "this.sync();\n        this.#state = 'sealed';", replace: "this.#state = 'sealed';" },
    ],
  },
  {
    name: 'what later frames say of a bad one is not believed',
    damage: true,
    edits: [
      { file: SEGMENT_SCAN, find: 'if (synced > knownDurable)\n            knownDurable = synced;', replace: '' },
    ],
  },
  {
    name: 'what a manifest says is durable is not believed',
    damage: true,
    edits: [
      // The record beside the shard says it as well.
      { file: OPEN, find: 'compare ? readRecord(files, directory) : undefined', replace: 'undefined' },
      { file: READ_SHARD, find: 'knownDurable: manifest.durableFrame', replace: 'knownDurable: 0' },
    ],
  },
  {
    name: 'the image of a manifest that has its name is taken away',
    workload: {
      steps: [COMMIT, { do: 'checkpoint', slice: 0, batch: { games: { a: 1 }, filler: 0 } }],
      fault: { errno: 'EIO', moment: 'before', nth: 8, lasting: false, calls: ['syncDirectory'] },
    },
    edits: [{ file: CHECKPOINT, find: 'if (!files.exists(', replace: 'if (true || !files.exists(' }],
  },
];
