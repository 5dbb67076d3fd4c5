// Whatever a game accepts, the decoders take: what goes out through the front door is read by decodeRecord, by the scan of
// lines as bytes, and by a reader that follows docs/FORMAT.md and shares no code with either.

import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import type { AnyGame } from '#core/game/game.ts';
import { decodeRecord } from '#core/patch/record.ts';
import { defineGame, MemoryStore, OrreryError, openOrrery } from '#index.ts';
import { RecordLine } from '#storage/sqlite/compaction/record-line.ts';
import type { Batch, StoreLoad } from '#storage/store.ts';
import { silent } from '../game/galaxy.ts';
import { readRecord } from '../journal/reader.ts';
import { json } from './states.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Keeps what it is sent as lines, too. */
class Lines extends MemoryStore {
  readonly lines: Buffer[] = [];

  override commit(batch: Batch): Promise<StoreLoad> {
    const payload = Buffer.from(batch.payload);
    for (let start = 0; start < payload.length; ) {
      const end = payload.indexOf(0x0a, start);
      this.lines.push(Buffer.from(payload.subarray(start, end)));
      start = end + 1;
    }
    return super.commit(batch);
  }
}

const odd = fc.oneof(
  fc.constantFrom(
    'constructor',
    'toString',
    '__proto__',
    'c',
    '\u0000',
    '\u001f\u007f',
    '\ud800',
    'x\udfff',
    '"',
    '\\u0040',
  ),
  fc.constantFrom('@x', '', '\u2028', '😀', 'x'.repeat(256), 'x'.repeat(257)),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const number = fc.oneof(
  fc.constantFrom(0, -0, 0.5, 1e300, -1e300, 2 ** 53, -(2 ** 53), Number.NaN, Number.POSITIVE_INFINITY, 5e-324),
  fc.integer(),
  fc.double(),
);
const anything = fc.oneof(json, number, odd, fc.dictionary(odd, json, { maxKeys: 3 }), fc.anything({ maxDepth: 3 }));
const clock = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -8.64e15, max: 8.64e15 }) },
  { weight: 2, arbitrary: number },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>('1700000000000', 7n, null, undefined, 8.64e15, -8.64e15, 1.5, -0.5),
  },
);
/** Nearly always something that may be, so that the rest gets its turn. */
const mostly = <T, U>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<U>, weight = 8): fc.Arbitrary<T | U> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: other });
const act = fc.record({ command: fc.nat(3), args: anything, player: fc.oneof(fc.constant(undefined), odd), clock });
const scenario = fc.record({
  id: mostly(fc.constant('g'), odd),
  type: mostly(fc.constantFrom('t', 'constructor', '__proto__', '\u0000', '"'), odd),
  version: mostly(fc.constantFrom(1, 2 ** 53 - 1), number),
  names: fc.array(mostly(fc.constantFrom('c', '\u0000', 'toString', '\u2028', '\\u0040'), odd, 20), {
    minLength: 1,
    maxLength: 4,
  }),
  initial: fc.dictionary(mostly(fc.constantFrom('a', 'b', 'toString'), odd), mostly(json, anything), { maxKeys: 4 }),
  acts: fc.array(act, { maxLength: 12 }),
});

it('[P52] what a game accepts is a record to both decoders and to a reader of its own, whatever it was given', async () => {
  let accepted = 0;
  let refused = 0;
  const scan = new RecordLine();
  await fc.assert(
    fc.asyncProperty(scenario, async ({ id, type: name, version, names, initial, acts }) => {
      const store = new Lines();
      const set = (draft: object, value: unknown): void => {
        (draft as { value?: unknown }).value = value;
      };
      const attempt = (work: () => unknown): unknown => {
        try {
          const made = work();
          accepted += 1;
          return made;
        } catch (error) {
          if (!(error instanceof OrreryError) || error.code === 'INTERNAL') throw error;
          refused += 1;
          return undefined;
        }
      };
      const commands = Object.fromEntries(names.map((each) => [each, set]));
      const type = attempt(() => defineGame(name, { version, initial: () => initial, commands }));
      if (!type) return;
      const orrery = await openOrrery({
        directory: './not-used',
        games: [type as never],
        logger: silent,
        store: () => store,
      });
      try {
        const opening = orrery.open(type as never, id) as Promise<AnyGame>;
        const game = await opening.catch((error: unknown) => {
          expect(error).toBeInstanceOf(OrreryError);
        });
        if (!game) return;
        for (const each of acts) {
          vi.spyOn(Date, 'now').mockImplementation(() => each.clock as number);
          const command = names[each.command % names.length] as string;
          const options = each.player === undefined ? {} : { player: each.player };
          attempt(() => game.dispatch(command, each.args, options));
          attempt(() => game.advance());
          vi.restoreAllMocks();
        }
        await orrery.flush();
        for (const line of store.lines) {
          const text = line.toString('utf8');
          const record = decodeRecord(text);
          expect(record.game).toBe(id);
          expect(readRecord(line)).toEqual({ game: id, firstSeq: record.firstSeq ?? record.seq, seq: record.seq });
          if (!scan.scan(line, 0, line.length)) continue;
          expect([scan.game, scan.seq, scan.tick, scan.time]).toEqual([id, record.seq, record.tick, record.time]);
        }
        expect(store.lines.length).toBe(game.seq + 1);
      } finally {
        vi.restoreAllMocks();
        await orrery.close();
      }
    }),
    { numRuns: 400 },
  );
  expect(accepted).toBeGreaterThan(500);
  expect(refused).toBeGreaterThan(500);
});
