// When `orrery tune` recommends a value, from rounds that are given here instead of measured.

import { describe, expect, it } from 'vitest';
import { type FigureName, type Figures, READINGS } from '#cli/tuning/figures.ts';
import {
  QUICK_VALUES,
  type Threads,
  type Tuned,
  type TunedOption,
  tunedOptions,
  usualValues,
} from '#cli/tuning/options.ts';
import { codeLines } from '#cli/tuning/report.ts';
import { isConfirmed, judge, type Measured } from '#cli/tuning/verdict.ts';
import { usualThreads } from '#history/rerun/threads.ts';
import { DEFAULT_SHARDS, DEFAULTS } from '#options.ts';

const STANDARD: Figures = {
  durablePerSecond: 10_000,
  compactedPerSecond: 8_000,
  commitP50: 400,
  commitP99: 900,
  durableP50: 500,
  durableP99: 1_000,
  waitP99: 1_000,
  loopMicroseconds: 5,
  bytesPerCommand: 300,
  replayBytes: 8 * 2 ** 20,
  replayMs: 500,
  largestBatchBytes: 5 * 2 ** 20,
  largestLagBytes: 20 * 2 ** 20,
  checkpoints: 2,
  syncP50: 150,
  verifiedPerSecond: 10_000,
  lateP99: 1_000,
};

function tunedOption(option: TunedOption): Tuned {
  return tunedOptions(QUICK_VALUES, 2).find((each) => each.option === option) as Tuned;
}

/** Three rounds of the default and three of the only other value. */
function rounds(
  tuned: Tuned,
  figure: FigureName,
  standard: readonly number[],
  other: readonly number[],
  besides: Partial<Figures> = {},
): Measured[] {
  const [first, second] = tuned.candidates as [Tuned['candidates'][number], Tuned['candidates'][number]];
  return [
    { candidate: first, rounds: standard.map((value) => ({ ...STANDARD, [figure]: value })) },
    { candidate: second, rounds: other.map((value) => ({ ...STANDARD, ...besides, [figure]: value })) },
  ];
}

describe('a verdict', () => {
  const shards = tunedOption('shards');

  it('[TU1] is for a value that is better by more than the rounds of either differ', () => {
    const steady = judge(shards, rounds(shards, 'compactedPerSecond', [8_000, 8_100, 7_900], [12_000, 12_300, 11_900]));
    expect(steady.chosen?.setting).toEqual({ shards: 2 });
    expect(steady.reason).toBe('compacted commands a second: 12,000 instead of 8,000');
    // The medians are the same 4,000 apart.
    const noisy = judge(shards, rounds(shards, 'compactedPerSecond', [8_000, 8_100, 7_900], [12_000, 14_500, 9_900]));
    expect(noisy.chosen).toBeUndefined();
    const unsteady = judge(
      shards,
      rounds(shards, 'compactedPerSecond', [8_000, 13_000, 7_900], [12_000, 12_300, 11_900]),
    );
    expect(unsteady.chosen).toBeUndefined();
    expect(unsteady.reason).toBe('no value is better in compacted commands a second by more than the rounds differ');
  });

  it('[TU1] is not for a value that is worse, or better by less than 5 %, however steady', () => {
    const worse = judge(shards, rounds(shards, 'compactedPerSecond', [8_000, 8_000, 8_000], [5_000, 5_000, 5_000]));
    const hardly = judge(shards, rounds(shards, 'compactedPerSecond', [8_000, 8_000, 8_000], [8_390, 8_390, 8_390]));
    expect([worse.chosen, hardly.chosen]).toEqual([undefined, undefined]);
  });

  it('[TU1] knows of each figure which way is better', () => {
    const flush = tunedOption('flushIntervalMs');
    expect(judge(flush, rounds(flush, 'waitP99', [1_000, 1_010, 990], [500, 510, 490])).chosen).toBeDefined();
    expect(judge(flush, rounds(flush, 'waitP99', [1_000, 1_010, 990], [2_000, 2_010, 1_990])).chosen).toBeUndefined();
    expect(READINGS.durablePerSecond.better).toBe('higher');
    expect(READINGS.bytesPerCommand.better).toBe('lower');
  });

  it('[TU2] is against a value that makes worse what must not get worse, and says so', () => {
    const better = [12_000, 12_300, 11_900];
    const verdict = judge(
      shards,
      rounds(shards, 'compactedPerSecond', [8_000, 8_100, 7_900], better, { durableP99: 3_000 }),
    );
    expect(verdict.chosen).toBeUndefined();
    expect(verdict.reason).toBe(
      '2 is better in compacted commands a second, but worse in time to durable, p99: 3 ms instead of 1 ms',
    );
  });

  it('[TU2] is against fewer bytes for more than a second to replay', () => {
    const checkpoint = tunedOption('checkpointBytes');
    const figures = [200, 200, 200];
    const inTime = judge(
      checkpoint,
      rounds(checkpoint, 'bytesPerCommand', [300, 300, 300], figures, { replayMs: 900 }),
    );
    expect(inTime.chosen).toBeDefined();
    const late = judge(
      checkpoint,
      rounds(checkpoint, 'bytesPerCommand', [300, 300, 300], figures, { replayMs: 1_100 }),
    );
    expect(late.chosen).toBeUndefined();
    expect(late.reason).toContain('time to replay it is 1.1 s, more than 1 s');
  });

  it('[TU2] is against threads that hold up the game loop, however much sooner they are through', () => {
    const threads = tunedOption('threads');
    const verdict = (lateP99: number) =>
      judge(threads, rounds(threads, 'verifiedPerSecond', [100, 100, 100], [190, 190, 190], { lateP99 }));
    expect(verdict(4_000).chosen).toBeDefined();
    expect(verdict(6_000).chosen).toBeUndefined();
    expect(verdict(6_000).reason).toContain('its lateness of the game loop, p99 is 6 ms, more than 5 ms');
  });

  it('[TU3] is for the default where the trials never came to what the option bounds', () => {
    for (const [option, besides] of [
      ['batchBytes', { largestBatchBytes: 1_000 }],
      ['compactionLagBytes', { largestLagBytes: 1_000 }],
      ['checkpointBytes', { checkpoints: 0 }],
    ] as const) {
      const tuned = tunedOption(option);
      const aim = tuned.aim as FigureName;
      const good = READINGS[aim].better === 'higher' ? 2 : 0.5;
      const [standard, other] = rounds(tuned, aim, [100, 100, 100], [100 * good, 100 * good, 100 * good], besides);
      const small = {
        ...(standard as Measured),
        rounds: (standard as Measured).rounds.map((each) => ({ ...each, ...besides })),
      };
      const verdict = judge(tuned, [small, other as Measured]);
      expect(verdict.chosen, option).toBeUndefined();
      expect(verdict.reason).toBe(`nothing to compare: ${tuned.unreached}`);
    }
  });

  it('[TU3] knows that one game is in one shard', () => {
    const alone = tunedOptions(QUICK_VALUES, 1)[0] as Tuned;
    const verdict = judge(alone, rounds(alone, 'compactedPerSecond', [8_000, 8_000, 8_000], [12_000, 12_000, 12_000]));
    expect(verdict).toEqual({ chosen: undefined, reason: 'nothing to compare: one game belongs to one shard' });
  });

  it('[TU3] never chooses what a crash may lose', () => {
    const durability = tunedOption('durability');
    const verdict = judge(durability, rounds(durability, 'loopMicroseconds', [5, 5, 5], [1, 1, 1]));
    expect(verdict.chosen).toBeUndefined();
  });

  it('[TU4] stands only if fresh rounds still show it', () => {
    const [standard, together] = rounds(shards, 'compactedPerSecond', [8_000, 8_100, 7_900], [12_000, 12_300, 11_900]);
    expect(isConfirmed('compactedPerSecond', standard as Measured, together as Measured)).toBe(true);
    const [again, same] = rounds(shards, 'compactedPerSecond', [8_000, 8_100, 7_900], [8_200, 8_300, 8_100]);
    expect(isConfirmed('compactedPerSecond', again as Measured, same as Measured)).toBe(false);
  });
});

describe('what is tried', () => {
  it('[TU5] begins with the defaults of openOrrery, and never repeats them', () => {
    for (const [values, cores] of [
      [QUICK_VALUES, 1],
      [QUICK_VALUES, 8],
      [usualValues(1), 1],
      [usualValues(2), 2],
      [usualValues(16), 16],
    ] as const) {
      const defaults: { readonly [name: string]: unknown } = {
        ...DEFAULTS,
        shards: DEFAULT_SHARDS,
        threads: usualThreads(cores),
      };
      for (const { option, candidates } of tunedOptions(values, 2, cores)) {
        const [standard, ...others] = candidates;
        expect(standard?.setting).toEqual({});
        expect(others.length).toBeGreaterThan(0);
        for (const { setting } of others) {
          expect(setting[option], option).toBeDefined();
          expect(setting[option], option).not.toBe(defaults[option]);
        }
      }
    }
  });

  it('[TU12] is no helper thread, one, two and so on up to the processors, from the default on', () => {
    const labels = (cores: number): readonly string[] =>
      tunedOptions(usualValues(cores), 1, cores)
        .filter(({ option }) => option === 'threads')
        .flatMap(({ candidates }) => candidates.map(({ label }) => label));
    expect(labels(1)).toEqual(['1', 'none', '2']);
    expect(labels(2)).toEqual(['1', 'none', '2']);
    expect(labels(4)).toEqual(['3', 'none', '1', '2', '4']);
    expect(labels(6)).toEqual(['5', 'none', '1', '2', '4', '6']);
  });

  it('[TU5] has the defaults of openOrrery under the names that are printed', () => {
    const printed = Object.fromEntries(
      tunedOptions(QUICK_VALUES, 2).map(({ option, candidates }) => [option, candidates[0]?.label]),
    );
    const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
    expect(printed).toEqual({
      shards: String(DEFAULT_SHARDS),
      flushIntervalMs: `${DEFAULTS.flushIntervalMs} ms`,
      batchBytes: mebibytes(DEFAULTS.batchBytes),
      compactionLagBytes: mebibytes(DEFAULTS.compactionLagBytes),
      checkpointBytes: mebibytes(DEFAULTS.checkpointBytes),
      durability: `'${DEFAULTS.durability}'`,
      threads: String(usualThreads()),
    });
  });
});

describe('the recommendation as code', () => {
  const empty = { tried: [], confirmations: [] };

  it('[TU6] holds only what differs from the defaults, each with its reason', () => {
    const recommended = [
      { tuned: tunedOption('shards'), setting: { shards: 4 }, reason: 'twice as fast' },
      { tuned: tunedOption('checkpointBytes'), setting: { checkpointBytes: 16 * 2 ** 20 }, reason: 'fewer bytes' },
      { tuned: tunedOption('batchBytes'), setting: { batchBytes: 64 * 1024 }, reason: 'sooner' },
    ];
    expect([...codeLines({ directory: "./it's", found: { ...empty, recommended } })]).toEqual([
      'const orrery = await openOrrery({',
      "  directory: './it\\'s',",
      '  games: [/* your game types */],',
      '  // twice as fast',
      '  shards: 4,',
      '  // fewer bytes',
      '  checkpointBytes: 16 * 1024 * 1024,',
      '  // sooner',
      '  batchBytes: 64 * 1024,',
      '});',
    ]);
  });

  it('[TU6] calls verify when it is about helper threads', () => {
    const code = (threads: Threads): readonly string[] => {
      const recommended = [{ tuned: tunedOption('threads'), setting: { threads }, reason: 'sooner' }];
      return [...codeLines({ directory: './data', found: { ...empty, recommended } })].slice(3);
    };
    const rest = [expect.stringContaining('// The defaults') as string, '});', '// sooner'];
    expect(code(2)).toEqual([
      ...rest,
      "await (await orrery.history(id)).verify({ module: new URL('./games.js', import.meta.url), threads: 2 });",
    ]);
    expect(code('none')).toEqual([...rest, 'await (await orrery.history(id)).verify();']);
  });

  it('[TU6] says so when the defaults stay', () => {
    const lines = [...codeLines({ directory: './data', found: { ...empty, recommended: [] } })];
    expect(lines).toHaveLength(5);
    expect(lines[3]).toContain('The defaults');
  });
});
