// What proves a game, row by row: each thing that does not add up is named, and what comes before it is kept. The rows stand
// in a real database; what a Compaction would read from its batches is said by hand, as damage might have left it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import type { Patch } from '#core/patch/patch.ts';
import type { GameInfo } from '#storage/game-info.ts';
import type { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { writeGame } from '#storage/sqlite/image/rows.ts';
import { writeSnapshot } from '#storage/sqlite/image/snapshots.ts';
import { writeUnreadable } from '#storage/sqlite/image/unreadable-records.ts';
import { complaintOf, type GameProof, proveGame } from '#storage/sqlite/recovery/game-proof.ts';
import type { ReadableShard, RemainingImage } from '#storage/sqlite/recovery/readable-shard.ts';
import { gamesOf, type SalvagedGame, salvageGame } from '#storage/sqlite/salvage/salvage.ts';
import type { CommandEntry, Step } from '#storage/steps.ts';

const ROW: GameInfo = {
  id: 'a',
  type: 'counter',
  version: 1,
  tables: [],
  created: 100,
  seq: 3,
  tick: 0,
  time: 103,
  snapshotSeq: 0,
  stateBytes: 7,
  patchBytes: 0,
  records: 3,
  patchesIn: 3,
  patchesOut: 3,
  parent: undefined,
  parentSeq: undefined,
  firstSeq: 0,
};

let database: Database;
beforeEach(async () => {
  database = await Database.open();
  writeGame(database, ROW);
  snapshot(0);
});
afterEach(() => database.close());

function snapshot(seq: number, json = JSON.stringify({ n: seq }), version = 1): void {
  const moment = { seq, tick: 0, time: 100 + seq, version, tables: [] };
  writeSnapshot(database, 'a', { ...moment, pieces: [{ table: undefined, text: json }] }, 'request');
}

function step(lastSeq: number, firstSeq = lastSeq, patches?: Patch[]): Step {
  return {
    firstSeq,
    lastSeq,
    tick: 0,
    time: 100 + lastSeq,
    patches: patches ?? [{ op: 'replace', path: ['n'], value: lastSeq }],
  };
}

function command(seq: number, name = 'count'): CommandEntry {
  return { seq, tick: 0, time: 100 + seq, name, player: undefined, args: undefined };
}

interface Said {
  readonly steps?: readonly Step[];
  readonly commands?: readonly CommandEntry[];
}

const STEPS = [step(1), step(2), step(3)];
const COMMANDS = [command(1), command(2), command(3)];

function compactionOf({ steps = STEPS, commands = COMMANDS }: Said): Compaction {
  const said: Pick<Compaction, 'steps' | 'commands'> = {
    *steps(_, after, upTo) {
      // As the rows are read: a row that begins at or before the last seq asked for.
      yield* steps.filter(({ firstSeq, lastSeq }) => lastSeq > after && firstSeq <= upTo);
    },
    *commands(_, after, upTo) {
      yield* commands.filter(({ seq }) => (seq > after || seq < 0) && seq <= upTo);
    },
  };
  return said as Compaction;
}

function prove(said: Said = {}, row: Partial<GameInfo> = {}): GameProof {
  return proveGame({ database, compaction: compactionOf(said) }, { ...ROW, ...row });
}

describe('rows of one game', () => {
  it('[SV15] that add up are proven up to the last', () => {
    snapshot(2);
    expect(prove()).toEqual({
      seq: 3,
      tick: 0,
      time: 103,
      state: { n: 3 },
      steps: 3,
      snapshots: 2,
      commands: 3,
      fault: undefined,
    });
  });

  it.each<readonly [string, () => GameProof, number]>([
    ['has no step from seq 1 to seq 3', () => prove({ steps: [step(1), step(3)] }), 1],
    [
      'its step to seq 2 does not apply',
      () => prove({ steps: [step(1), step(2, 2, [{ op: 'remove', path: ['none'] }])] }),
      1,
    ],
    [
      'its steps end at seq 2, tick 0, and it is listed with seq 3, tick 0',
      () => prove({ steps: [step(1), step(2)] }),
      2,
    ],
    ['and it is listed with seq 3, tick 9', () => prove({}, { tick: 9 }), 3],
    ['leads from command 1 to command 3', () => prove({ commands: [command(1), command(3)] }), 1],
    ['leads from command 1 to command 1', () => prove({ commands: [command(1), command(1)] }), 1],
    ['ends at command 2 in place of 3', () => prove({ commands: [command(1), command(2)] }), 2],
    ['has 3 commands in place of 4', () => prove({}, { records: 4 }), 3],
  ])('[SV15] %s', (fault, proof, seq) => {
    const proven = proof();
    expect(proven.fault).toContain(fault);
    expect(proven).toMatchObject({ seq, state: { n: seq }, commands: seq });
  });

  it('[SV15] a past that is listed as shorter than it is, is a fault, and the state is proven all the same', () => {
    const proof = prove({}, { firstSeq: 1 });
    expect(proof.fault).toBe('its first snapshot is that of seq 0, and its past is listed from seq 1 on');
    expect(proof).toMatchObject({ seq: 3, state: { n: 3 } });
  });

  it('[SV15] commands that were merged may be left out of the history', () => {
    const merged = { commands: [command(1), command(3, '@merged')], steps: [step(1), step(3, 2)] };
    expect(prove(merged, { records: 2 })).toMatchObject({ seq: 3, commands: 2, fault: undefined });
  });

  it('[SV15] a later snapshot that is not what the steps lead to, or is where no step ends, ends the proof before it', () => {
    snapshot(2, '{"n":20}');
    expect(prove().fault).toBe('its snapshot at seq 2 is not what its steps lead to');
    expect(prove()).toMatchObject({ seq: 1, state: { n: 1 } });
    const wide = { steps: [step(1), step(3, 2)] };
    expect(prove(wide).fault).toBe('its snapshot at seq 2 is in the middle of a step');
    expect(prove(wide)).toMatchObject({ seq: 1, state: { n: 1 }, commands: 1 });
    // And behind the last of all.
    database.run('UPDATE snapshots SET seq = ? WHERE seq = ?', [7, 2]);
    expect(prove().fault).toBe('its snapshot at seq 7 is behind its last step');
  });

  it('[SV15] of a step that history ends in the middle of nothing is kept', () => {
    const proven = prove({ steps: [step(1), step(3, 2)], commands: [command(1), command(2)] });
    expect(proven).toMatchObject({ seq: 1, state: { n: 1 }, commands: 1 });
  });

  it('[SV15] without a snapshot, or without one that can be read, nothing is proven', () => {
    database.run('UPDATE snapshots SET body = ?', [Buffer.from('no JSON')]);
    expect(prove()).toMatchObject({ seq: -1, commands: 0 });
    database.run('DELETE FROM snapshots WHERE game = ?', ['a']);
    expect(prove()).toMatchObject({ seq: -1, state: undefined, commands: 0, fault: 'has no snapshot' });
  });

  it('[SV15] a snapshot whose seq is beyond what a number holds cannot be found', () => {
    database.execute('UPDATE snapshots SET seq = 9007199254740993');
    expect(prove()).toMatchObject({ seq: -1, fault: 'its snapshot at seq 9007199254740992 cannot be found' });
  });

  it('[SV15] a row that cannot be read and says that it begins among those before it leaves nothing proven', () => {
    const unreadable = new OrreryError({ code: 'DAMAGED', what: 'a body does not inflate', hint: 'None.' });
    const overlaps: Compaction = Object.assign(compactionOf({}), {
      *steps() {
        yield* STEPS.slice(0, 2);
        throw unreadable;
      },
    });
    const proven = proveGame({ database, compaction: overlaps }, ROW);
    expect(proven).toMatchObject({ seq: -1, fault: 'a body does not inflate' });
  });

  it('[SV15] a row that cannot be read says so; what is no damage comes out as it is', () => {
    expect(complaintOf(new SyntaxError('Unexpected end'))).toBe('a row cannot be read: Unexpected end');
    expect(complaintOf(new RangeError('too deep'))).toBe('a row cannot be read: too deep');
    expect(complaintOf(new TypeError('not iterable'))).toBe('a row cannot be read: not iterable');
    const later = new OrreryError({ code: 'FORMAT_TOO_NEW', what: 'of a later version', hint: 'Use that one.' });
    expect(() => complaintOf(later)).toThrow(later);
    expect(() => complaintOf('a thrown string')).toThrow('a thrown string');
    const fails: Compaction = Object.assign(compactionOf({}), {
      steps: (): never => {
        throw later;
      },
    });
    expect(() => proveGame({ database, compaction: fails }, ROW)).toThrow(later);
  });

  it('[SV15] a step that throws what is no error of ours is not taken for damage', () => {
    const patches = [
      Object.defineProperty({ op: 'replace', path: ['n'] }, 'value', {
        get: () => {
          throw new Error('a defect');
        },
      }),
    ];
    expect(() => prove({ steps: [step(1, 1, patches as unknown as Patch[])] })).toThrow('a defect');
  });
});

describe('games of an image and of the journal behind it', () => {
  function salvage(
    lines: readonly object[],
    image: Partial<RemainingImage> & Said = {},
    chains: ReadonlyMap<number, number> = new Map(),
    firstFrame = image.games?.length === 0 ? 1 : 10,
  ): SalvagedGame {
    const records = lines.map((line, at) => {
      const { d = [], ...rest } = line as { d?: readonly Patch[]; [key: string]: unknown };
      return {
        frame: 10 + at,
        line: Buffer.from(JSON.stringify(line)),
        seq: (line as { readonly seq?: number }).seq,
        fault: undefined,
        record: { game: 'a', tick: 0, time: 1, command: 'count', patches: d, ...rest } as never,
      };
    });
    const remaining: RemainingImage = {
      generation: 1,
      frame: 9,
      chain: 5,
      proven: true,
      games: [ROW],
      unlisted: [],
      database,
      compaction: compactionOf(image),
      ...image,
    };
    const remains: ReadableShard = {
      folder: '/disk/shard-00',
      images: [remaining],
      journal: {
        frames: [],
        lost: [],
        firstFrame,
        newestFrame: 12,
        chains,
        faults: [],
        notes: [],
      },
      records: new Map(records.length > 0 ? [['a', records]] : []),
      lostLines: [],
      faults: [],
      notes: [],
      empty: false,
      shard: undefined,
      recorded: undefined,
    };
    // A shard that has nothing of it makes no difference.
    const none: ReadableShard = { ...remains, images: [], records: new Map(), empty: true };
    return salvageGame('a', [none, remains]);
  }
  const created = (fields: object = {}): object => ({
    seq: 0,
    command: '@create',
    type: 'counter',
    d: [{ op: 'replace', path: [], value: { n: 0 } }],
    ...fields,
  });

  it('[SV16] go on from the image with what the journal has', () => {
    const found = salvage([{ seq: 4, d: [{ op: 'replace', path: ['n'], value: 4 }] }]);
    expect(found).toMatchObject({ seq: 4, imageSeq: 3, whole: 'yes', fault: undefined });
  });

  it('[SV16] do not go on with the journal of another history', () => {
    const found = salvage([{ seq: 4, d: [] }], {}, new Map([[9, 6]]));
    expect(found).toMatchObject({ seq: 3, knownSeq: 4, whole: 'no', fault: 'nothing that is left leads on to seq 4' });
  });

  it.each([
    ['its record of seq 4 does not apply', [{ seq: 4, d: [{ op: 'remove', path: ['none'] }] }], 3],
    ['the state has no table "systems"', [{ seq: 4, tables: ['systems'], d: [] }], 3],
    ['the state has no table "n"', [{ seq: 4, tables: ['n'], d: [] }], 3],
  ])('[SV16] end where %s', (fault, lines, seq) => {
    const found = salvage(lines);
    expect(found).toMatchObject({ seq, whole: 'no' });
    expect(found.fault).toContain(fault);
  });

  it('[SV16] where an image ends early, the journal goes on behind what its rows prove, also with frames that the image has', () => {
    const listed = { ...ROW, seq: 4, tick: ROW.tick, records: 4 };
    const records = [1, 2, 3, 4].map((seq) => ({ seq, d: [{ op: 'replace', path: ['n'], value: seq }] }));
    const found = salvage([{ seq: 0, d: [] }, ...records], { frame: 20, games: [listed] });
    expect(found).toMatchObject({ seq: 4, imageSeq: 0, knownSeq: 4 });
    expect(found.lines).toHaveLength(4);
    // A record that is missing there may have been in the rows that are lost: the game can be read up to it.
    const lacking = salvage(records.slice(1), { frame: 20, games: [listed] });
    expect(lacking).toMatchObject({ seq: 0, keptSeq: 0, knownSeq: 4, whole: 'no', held: [] });
  });

  it('[SV16] what has no place although no frame is lost is held, and where one is lost it is behind a loss', () => {
    const held = { seq: 3, keptSeq: 5, knownSeq: 5, whole: 'held' };
    expect(salvage([{ seq: 5, d: [] }])).toMatchObject({
      ...held,
      fault: 'a record begins at seq 5 where seq 4 was due',
    });
    const twice = salvage([
      { seq: 3, d: [] },
      { seq: 4, d: [] },
    ]);
    expect(twice).toMatchObject({ seq: 3, keptSeq: 4, whole: 'held', fault: 'there is a second record of seq 3' });
    const lost = salvage([{ seq: 5, d: [] }], { frame: 7 });
    expect(lost).toMatchObject({ seq: 3, keptSeq: 3, knownSeq: 5, whole: 'no', fault: 'no record of seq 4 is left' });
  });

  it('[SV16] created in the journal: without a type, or with a state that has no keys for its tables, they are none', () => {
    const none = { games: [], unlisted: [] };
    expect(salvage([created()], none)).toMatchObject({ seq: 0, image: undefined, type: 'counter' });
    expect(salvage([created({ type: undefined })], none)).toMatchObject({ seq: -1, keptSeq: 0, whole: 'held' });
    const list = { tables: ['systems'], d: [{ op: 'replace', path: [], value: null }] };
    expect(salvage([created(list)], none)).toMatchObject({ seq: -1, keptSeq: 0, whole: 'held' });
    const orphan = { seq: -1, keptSeq: 3, whole: 'held' };
    expect(salvage([{ seq: 3, d: [] }], none)).toMatchObject(orphan);
    const behind = salvage([{ seq: 3, d: [] }], none, new Map(), 10);
    expect(behind).toMatchObject({ seq: -1, keptSeq: -1, knownSeq: 3, fault: 'the record that created it is lost' });
  });

  it('[UR5] what an image keeps of a game that cannot be read from its first record on is taken over', () => {
    const line = Buffer.from('{"g":"a","s":0,"k":0,"t":NaN}');
    for (const ordinal of [1, 2]) writeUnreadable(database, 'a', { ordinal, seq: ordinal - 1, frame: 4, line });
    const found = salvage([], { games: [], unlisted: ['a'] });
    expect(found).toMatchObject({ seq: -1, keptSeq: 0, knownSeq: 0, whole: 'held', lines: [] });
    expect(found.held).toHaveLength(2);
  });

  it('[SV16] a snapshot whose row is gone tells that there was a game', () => {
    const found = salvage([], { games: [], unlisted: ['a'] });
    expect(found).toMatchObject({ seq: -1, knownSeq: 0, whole: 'no', fault: 'nothing that is left leads on to seq 0' });
  });

  it('[SV16] a game that an image lists and cannot prove is lost for a reason, also where the journal begins at frame 1', () => {
    database.run('DELETE FROM snapshots WHERE game = ?', ['a']);
    const found = salvage([], {}, new Map(), 1);
    expect(found).toMatchObject({ seq: -1, knownSeq: 3, whole: 'no', fault: 'has no snapshot' });
  });

  it('[SV16] a row that nothing vouches for and that ends before its creation counts for no more than that', () => {
    const found = salvage([], { proven: false, games: [{ ...ROW, seq: -1 }] });
    expect(found).toMatchObject({ seq: 0, imageSeq: 0, whole: 'unknown', row: { seq: 0, records: 0 } });
    expect(found.fault).toContain('its steps end at seq 0, tick 0, and it is listed with seq -1, tick 0');
  });

  it('[SV16] nothing vouches for the image: another type in the journal, no creation, or rows that disagree, and it is not used', () => {
    const doubtful = { proven: false };
    const found = salvage([created({ type: 'galaxy' })], doubtful);
    expect(found).toMatchObject({ seq: 0, type: 'galaxy', image: undefined });
    expect(salvage([], doubtful)).toMatchObject({ seq: 3, image: { proven: false } });
    snapshot(0, '{"n":0}', 2);
    expect(salvage([], doubtful)).toMatchObject({ seq: -1, fault: 'its row and its snapshots disagree' });
    database.run('UPDATE snapshots SET seq = ?', [1]);
    const fault = 'the image does not have its creation, and nothing vouches for the image';
    expect(salvage([], doubtful)).toMatchObject({ seq: -1, fault });
  });

  it('[SV16] an image in which a game cannot be proven at all has nothing of it', () => {
    database.run('DELETE FROM snapshots WHERE game = ?', ['a']);
    expect(salvage([])).toMatchObject({ seq: -1, knownSeq: 3, whole: 'no', fault: 'has no snapshot' });
  });

  it('[SV16] a row in which a step ends too early is taken back to the row before', () => {
    // One row of the image holds all three steps; the third does not apply.
    database.run(
      `INSERT INTO patch_batches (game, first_seq, last_seq, first_tick, last_tick, time, count, codec, body, commands)
       VALUES (?, 1, 3, 0, 0, 103, 3, 0, ?, ?)`,
      ['a', Buffer.from('[]'), Buffer.from('[]')],
    );
    const steps = [step(1), step(2), step(3, 3, [{ op: 'remove', path: ['none'] }])];
    const found = salvage([], { steps });
    expect(found).toMatchObject({ seq: 0, knownSeq: 3, whole: 'no', imageSeq: 0, row: { seq: 0, records: 0 } });
  });

  it('[SV16] a game that ends before it was migrated has the version and the tables of then', () => {
    // The step to seq 2 does not apply; at seq 2 the game became one of version 2, with a table.
    const moment = { seq: 2, tick: 0, time: 102, version: 2, tables: ['t'] };
    writeSnapshot(database, 'a', { ...moment, pieces: [{ table: undefined, text: '{"n":2,"t":{}}' }] }, 'migrate');
    const steps = [step(1), step(2, 2, [{ op: 'remove', path: ['none'] }]), step(3)];
    const games = [{ ...ROW, version: 2, tables: ['t'] }];
    expect(salvage([], { steps, games })).toMatchObject({
      seq: 0,
      knownSeq: 3,
      whole: 'no',
      row: { seq: 0, version: 1, tables: [] },
    });
  });

  it('[SV16] nobody asks for a game that is in nothing', () => {
    expect(gamesOf([])).toEqual([]);
    expect(() => salvageGame('nobody', [])).toThrow(RangeError);
  });
});
