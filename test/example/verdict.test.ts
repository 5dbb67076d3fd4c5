import { describe, expect, it } from 'vitest';
import { Bots, botNames, mapOf } from '../../examples/galactic-war/bots.ts';
import { planLives } from '../../examples/galactic-war/demo/campaign.ts';
import { checksumOf } from '../../examples/galactic-war/demo/crew.ts';
import { type GalaxyAccount, Ledger } from '../../examples/galactic-war/demo/ledger.ts';
import { faultsOf, type Times } from '../../examples/galactic-war/demo/report.ts';
import { type Found, judge } from '../../examples/galactic-war/demo/verdict.ts';
import { type LogEntry, PlainGalaxy } from '../../examples/galactic-war/recompute.ts';
import { smallSetup } from './small-galaxy.ts';

describe('the plan', () => {
  it('[DM6] has at least four kills in play and one in a recovery, lasts as long as was asked, and follows from the seed', () => {
    for (const [seconds, kills] of [
      [2, 4],
      [18, 4],
      [20, 5],
      [61, 15],
    ] as const) {
      const lives = planLives(seconds, 3);
      expect(lives.filter(({ end }) => end === 'aimed' || end === 'blind').length).toBe(kills);
      expect(lives.filter(({ end }) => end === 'recovering').length).toBe(1);
      expect(lives.filter(({ end }) => end === 'aimed').length).toBeGreaterThanOrEqual(kills / 2);
      expect(lives.map(({ end }) => end).indexOf('close')).toBe(lives.length - 1);
      expect(lives.reduce((sum, life) => sum + life.milliseconds, 0)).toBeCloseTo(seconds * 1000, 3);
      expect(lives.filter(({ end }) => end !== 'recovering').every(({ milliseconds }) => milliseconds > 100)).toBe(
        true,
      );
      expect(planLives(seconds, 3)).toEqual(lives);
      expect(planLives(seconds, 4)).not.toEqual(lives);
    }
  });
});

describe('the ledger', () => {
  const acknowledged = (...seqs: number[]) => seqs.map((seq) => ({ seq, checksum: seq * 11 }));

  it('[DM7] what was acknowledged and is not recovered is lost, galaxy by galaxy', () => {
    const ledger = new Ledger(2);
    ledger.recover([0, 0]);
    ledger.accept([10, 20]);
    ledger.acknowledge(acknowledged(8, 15));
    expect(ledger.underWay).toBe(7);
    expect(ledger.durable).toBe(23);
    // One galaxy has more than it promised, which must not make up for the other.
    expect(ledger.recover([10, 14])).toEqual({ acknowledged: 23, recovered: 24, lost: 1, underWay: 7, survived: 2 });
    expect(ledger.galaxy(0)).toEqual({
      acknowledged: 8,
      lost: 0,
      promised: [{ afterSeq: 0, upToSeq: 8, checksum: 88 }],
    });
    expect(ledger.galaxy(1)).toEqual({
      acknowledged: 15,
      lost: 1,
      promised: [{ afterSeq: 0, upToSeq: 15, checksum: 165 }],
    });
  });

  it('[DM7] what was recovered once must be recovered again, although no receipt was ever read for it', () => {
    const ledger = new Ledger(1);
    ledger.recover([0]);
    ledger.accept([5]);
    expect(ledger.recover([5]).lost).toBe(0);
    expect(ledger.recover([4])).toMatchObject({ lost: 1, acknowledged: 5 });
    expect(ledger.galaxy(0)).toEqual({ acknowledged: 0, lost: 1, promised: [] });
  });

  it('[DM7] a loss is not forgotten when the seqs are used again', () => {
    const ledger = new Ledger(1);
    ledger.acknowledge(acknowledged(10));
    ledger.recover([7]);
    ledger.acknowledge(acknowledged(12));
    expect(ledger.recover([12]).lost).toBe(0);
    expect(ledger.galaxy(0)).toMatchObject({ lost: 3, acknowledged: 15 });
  });

  it('[DM7] late and repeated reports take nothing back', () => {
    const ledger = new Ledger(1);
    ledger.acknowledge(acknowledged(10));
    ledger.acknowledge(acknowledged(9));
    ledger.accept([12]);
    ledger.accept([11]);
    expect(ledger.durable).toBe(10);
    expect(ledger.underWay).toBe(2);
    expect(ledger.accepted).toBe(12);
  });
});

describe('the verdict', () => {
  const setup = smallSetup(30);

  /** A game played without Orrery, and what a child would have acknowledged of it. */
  function played(): { found: Found; account: GalaxyAccount } {
    const game = new PlainGalaxy('andromeda', setup);
    const bots = new Bots({ players: botNames(4), seed: 9, map: mapOf(game.state) });
    const log: LogEntry[] = [];
    let checksum = 0;
    for (let tick = 0; tick < 80; tick += 1) {
      const order = bots.next(game.state, game.tick);
      if (order) {
        try {
          const entry = game.dispatch(order.command, order.args, { player: order.player });
          log.push(entry);
          checksum = checksumOf(entry.seq, entry.command, entry.args, entry.player, checksum);
        } catch {
          // Refused: not in the log.
        }
      }
      log.push(game.advance());
    }
    const promised = [{ afterSeq: 0, upToSeq: log.length, checksum }];
    return {
      found: { id: 'andromeda', seq: log.length, state: game.toJSON(), log },
      account: { acknowledged: log.length, lost: 0, promised },
    };
  }

  const faults = (found: Found, account: GalaxyAccount): readonly string[] => judge(setup, found, account).faults;
  const orderAt = (log: readonly LogEntry[]): number => log.findIndex(({ command }) => command === 'build');

  it('[DM8] a galaxy that came through has no faults', () => {
    const { found, account } = played();
    const verdict = judge(setup, found, account);
    expect(verdict).toEqual({
      id: 'andromeda',
      commands: found.log.length,
      ticks: 80,
      acknowledged: found.log.length,
      lost: 0,
      faults: [],
    });
    expect(found.log.length).toBeGreaterThan(110);
  });

  it('[DM8] a loss fails, whatever else is right', () => {
    const { found, account } = played();
    expect(faults(found, { ...account, lost: 2 })).toEqual(['2 acknowledged commands were lost']);
  });

  it('[DM8] a state that is not what its log leads to fails, with the place', () => {
    const { found, account } = played();
    const state = structuredClone(found.state) as { books: { held: { metal: number } } };
    state.books.held.metal += 1;
    expect(faults({ ...found, state }, account)).toEqual([
      expect.stringMatching(/^the state is not .*\/books\/held\/metal/),
    ]);
  });

  it('[DM8] a log that is cut short, has a gap, or holds another order than was acknowledged fails', () => {
    const { found, account } = played();
    const at = orderAt(found.log);
    const cut = faults({ ...found, log: found.log.slice(0, -1) }, account);
    expect(cut).toContain(`the state is at seq ${found.seq} and the log has ${found.seq - 1} commands`);
    const gap = faults({ ...found, log: found.log.filter((_, index) => index !== at) }, account);
    expect(gap.join()).toMatch(/not what was acknowledged.*cannot be done again/);
    const other = found.log.map((entry, index) => (index === at ? { ...entry, player: 'mallory' } : entry));
    expect(faults({ ...found, log: other }, account).join()).toMatch(
      /between seq 0 and \d+ is not what was acknowledged/,
    );
  });

  it('[DM8] a forged past with a state to match still fails against what was acknowledged', () => {
    const { found, account } = played();
    const last = found.log.findLastIndex(({ command }) => command !== '@tick');
    const forged = new PlainGalaxy('andromeda', setup);
    const log: LogEntry[] = [];
    for (const [index, entry] of found.log.entries()) {
      const rename = { system: String(forged.state.players.peek('ada')?.home), name: 'Forged' };
      log.push(
        index === last
          ? forged.dispatch('rename', rename, { player: 'ada' })
          : entry.command === '@tick'
            ? forged.advance()
            : forged.dispatch(entry.command, entry.args, { player: entry.player }),
      );
    }
    expect(faults({ ...found, log, state: forged.toJSON() }, account)).toEqual([
      expect.stringContaining('is not what was acknowledged'),
    ]);
  });

  it('[DM8] one galaxy at fault, or a measurement of different games, fails the whole', () => {
    const { found, account } = played();
    const right = judge(setup, found, account);
    const wrong = judge(setup, { ...found, id: 'whirlpool' }, account);
    const times = { same: true } as Times;
    const inspection = (...verdicts: (typeof right)[]) => ({ verdicts, rows: [], sight: '' });
    expect(faultsOf({ inspection: inspection(right), times })).toEqual([]);
    expect(faultsOf({ inspection: inspection(right, wrong), times })[0]).toMatch(/^whirlpool: /);
    expect(faultsOf({ inspection: inspection(right), times: { ...times, same: false } }).length).toBe(1);
  });
});
