// `orrery log` with its filters, `orrery blame` and `orrery replay`, against everything that was ever done to the games.

import { isDeepStrictEqual } from 'node:util';
import type { Operation } from 'fast-json-patch';
import fastJsonPatch from 'fast-json-patch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { orrery, removeFolders, shell } from '../command-line.ts';
import { documentsOf, makeRecorded, PLAYERS, type Recorded, type RecordedCommand, visibleSeqs } from './recorded.ts';

let recorded: Recorded;

beforeAll(async () => {
  recorded = await makeRecorded();
});
afterAll(async () => {
  await recorded.close();
  removeFolders();
});

const GAMES = ['every', 'merged'];

async function documents(
  command: string,
  game: string,
  ...args: readonly string[]
): Promise<{ [key: string]: unknown }[]> {
  const ended = await orrery(command, recorded.directory, game, ...args, '--json');
  expect(ended).toMatchObject({ status: 0, stderr: '' });
  return documentsOf(ended.stdout) as { [key: string]: unknown }[];
}

function valueAt(state: unknown, tokens: readonly string[]): unknown {
  return tokens.reduce<unknown>((at, token) => (at as { [key: string]: unknown } | null | undefined)?.[token], state);
}

describe('log', () => {
  const filters: readonly (readonly [args: readonly string[], accepts: (each: RecordedCommand) => boolean])[] = [
    [[], () => true],
    [['--player', 'ada'], ({ player }) => player === 'ada'],
    [['--player', PLAYERS[1], '--player', PLAYERS[2]], ({ player }) => player !== null && player !== 'ada'],
    [['--command', 'trade'], ({ name }) => name === 'trade'],
    [['--command', 'take,raze', '--command', '@tick'], ({ name }) => ['take', 'raze', '@tick'].includes(name)],
    [['--from', '10', '--to', '30'], ({ seq }) => seq >= 10 && seq <= 30],
    [
      ['--from', 'tick:5', '--to', 'tick:25', '--player', 'ada'],
      (of) => of.tick >= 5 && of.tick <= 25 && of.player === 'ada',
    ],
    [['--from', 'time:2000-01-01', '--to', 'time:9999-01-01'], () => true],
    [['--to', 'time:2000-01-01T00:00Z'], () => false],
    [['--command', 'nothing'], () => false],
  ];

  it.for(filters)('[PC5] %j gives what a plain filter gives, in either direction', async ([args, accepts]) => {
    for (const game of GAMES) {
      const expected = (recorded.commands[game] ?? []).filter(accepts);
      const printed = await documents('log', game, ...args);
      const told = printed.map(({ seq, tick, command: name, player, args: given }) => ({
        seq,
        tick,
        name,
        player,
        args: given,
      }));
      expect(told).toEqual(expected);
      expect(await documents('log', game, ...args, '--backwards')).toEqual(printed.reverse());
    }
  });

  it('[PC5] --path gives every step that changed what stands there', async () => {
    for (const path of ['/ports/a/gold', '/ports/b', '/news/0', '/purse/n~01/deep/1', '']) {
      const tokens = path
        .split('/')
        .slice(1)
        .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
      const moments = recorded.moments['every'] ?? [];
      const changed = moments
        .slice(1)
        .filter(
          ({ seq, state }) => !isDeepStrictEqual(valueAt(state, tokens), valueAt(moments[seq - 1]?.state, tokens)),
        );
      const printed = (await documents('log', 'every', '--path', path)).map(({ seq }) => seq);
      expect(changed.length).toBeGreaterThan(2);
      expect(printed).toEqual(expect.arrayContaining(changed.map(({ seq }) => seq)));
      expect(printed.length).toBeLessThan(moments.length);
    }
  });

  it('[PC5] --backwards with a limit gives the newest', async () => {
    const printed = await documents('log', 'merged', '--backwards', '--limit', '3');
    const last = (recorded.commands['merged'] ?? []).length;
    expect(printed.map(({ seq }) => seq)).toEqual([last, last - 1, last - 2]);
  });
});

describe('blame', () => {
  const paths = ['/ports/a/gold', '/ports/c', '/ports/b/owner', '/news/0', '/purse/n~01/deep', '/purse'];

  it.for(paths)('[PC4] %s: every change of the value, newest first, with old and new one', async (path) => {
    const tokens = path
      .split('/')
      .slice(1)
      .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
    for (const game of GAMES) {
      const moments = recorded.moments[game] ?? [];
      const seqs = visibleSeqs(game, moments);
      const expected = seqs.flatMap((seq, index) => {
        const before = index === 0 ? undefined : valueAt(moments[seqs[index - 1] as number]?.state, tokens);
        const after = valueAt(moments[seq]?.state, tokens);
        return isDeepStrictEqual(before, after) ? [] : [{ seq, before, after }];
      });
      const told = await documents('blame', game, path);
      expect(told.map(({ seq, before, after }) => ({ seq, before, after }))).toEqual(expected.reverse());
      for (const { seq, merged, command, player, commands } of told) {
        const done = (recorded.commands[game] ?? []).find((each) => each.seq === seq);
        if (seq === 0) expect(command).toBe('@create');
        else if (!merged) expect({ command, player }).toEqual({ command: done?.name, player: done?.player });
        else
          expect(commands).toContainEqual(expect.objectContaining({ seq, command: done?.name, player: done?.player }));
      }
    }
  });

  it('[PC4] one call says who', async () => {
    const trade = (recorded.commands['every'] ?? []).findLast(
      ({ name, args }) => name === 'trade' && (args as { gold: number }).gold !== 0,
    );
    const ended = await orrery('blame', recorded.directory, 'every', '/purse/total', '--limit', '1');
    const [header, row, ...more] = ended.stdout.trimEnd().split('\n');
    expect(header?.trim().split(/ {2,}/)).toEqual(['SEQ', 'TICK', 'TIME', 'PLAYER', 'COMMAND', 'CHANGE', 'ARGS']);
    const total = (seq: number) => valueAt(recorded.moments['every']?.[seq]?.state, ['purse', 'total']);
    const seq = trade?.seq as number;
    expect(row?.trim().split(/ {2,}/)).toEqual([
      String(seq),
      String(trade?.tick),
      expect.stringMatching(/^\d{4}-.*Z$/),
      trade?.player,
      'trade',
      `~ ${total(seq - 1)} -> ${total(seq)}`,
      JSON.stringify(trade?.args),
    ]);
    expect(more).toEqual([]);
  });

  it('[PC4] of a merged step all commands are named', async () => {
    const ended = await orrery('blame', recorded.directory, 'merged', '/purse/total');
    expect(ended.stdout).toMatch(/^ *\d+-\d+ .* one of @tick, /m);
  });

  it('[PC4] a path where nothing ever stood ends with 3, one that is no pointer with 2', async () => {
    expect(await orrery('blame', recorded.directory, 'every', '/ports/nowhere')).toMatchObject({
      status: 3,
      stdout: '',
    });
    expect(await orrery('blame', recorded.directory, 'every', 'ports')).toMatchObject({ status: 2, stdout: '' });
  });
});

describe('replay', () => {
  it.for(GAMES)('[PC6] %s: applied one after the other, the steps give every state', async (game) => {
    const moments = recorded.moments[game] ?? [];
    const seqs = visibleSeqs(game, moments);
    const steps = await documents('replay', game);
    expect(steps.map(({ lastSeq }) => lastSeq)).toEqual(seqs.slice(1));
    let state = structuredClone(moments[0]?.state);
    for (const { lastSeq, patches } of steps) {
      state = fastJsonPatch.applyPatch(state, patches as Operation[], true).newDocument;
      expect(state).toEqual(moments[lastSeq as number]?.state);
    }
  });

  it('[PC6] begins and ends with the steps of moments', async () => {
    const moments = recorded.moments['merged'] ?? [];
    const ticks = (await documents('replay', 'merged', '--from', 'tick:10', '--to', 'tick:12')).map(({ tick }) => tick);
    expect(ticks).toEqual([10, 11, 12]);
    const inside = moments.find(({ tick }) => tick === 20)?.seq as number;
    const [first] = await documents('replay', 'merged', '--from', String(inside));
    expect(first).toMatchObject({ tick: 20, firstSeq: inside });
    const last = (await documents('replay', 'merged', '--to', 'seq:1')).at(-1);
    expect(last).toMatchObject({ firstSeq: 1, tick: 0 });
    const none = await orrery('replay', recorded.directory, 'merged', '--from', 'last', '--to', '3');
    expect(none).toMatchObject({ status: 0, stdout: '' });
    expect(none.stderr).toContain('there is no step in this range');
  });

  it('[PC6] lists what each step changed, old and new value by entity', async () => {
    const trade = (recorded.commands['every'] ?? []).find(
      ({ name, args }) => name === 'trade' && (args as { gold: number }).gold !== 0,
    );
    const { seq, player, args } = trade as RecordedCommand;
    const { port } = args as { port: string };
    const gold = (at: number) => valueAt(recorded.moments['every']?.[at]?.state, ['ports', port, 'gold']);
    const ended = await orrery('replay', recorded.directory, 'every', '--from', String(seq), '--to', String(seq));
    const lines = ended.stdout.split('\n');
    expect(lines[0]).toMatch(new RegExp(`^seq ${seq}, tick \\d+, \\d{4}-`));
    expect(lines[1]).toBe(`  ${player}: trade ${JSON.stringify(args)}`);
    expect(lines.slice(lines.indexOf(`    /ports/${port}`))).toContain(
      `      ~ gold  ${gold(seq - 1)} -> ${gold(seq)}`,
    );
  });

  it('[PC6] with --path only steps that touched it come, with the value there', async () => {
    const moments = recorded.moments['every'] ?? [];
    const steps = await documents('replay', 'every', '--path', '/ports/a/gold');
    expect(steps.length).toBeGreaterThan(2);
    for (const { lastSeq, value, patches } of steps) {
      expect(value).toEqual(valueAt(moments[lastSeq as number]?.state, ['ports', 'a', 'gold']) ?? null);
      expect(patches).not.toEqual([]);
    }
  });

  it('[PC7] --speed prints the same', async () => {
    const slow = await documents('replay', 'every', '--from', 'tick:2', '--to', 'tick:6', '--speed', '400');
    expect(slow).toEqual(await documents('replay', 'every', '--from', 'tick:2', '--to', 'tick:6'));
  });

  it('[PC12] ends quietly when nobody reads any more', async () => {
    const ended = await shell(
      `orrery replay '${recorded.directory}' every --speed 200 | head -1; echo "\${PIPESTATUS[0]}"
       orrery blame '${recorded.directory}' every /purse | true; echo "\${PIPESTATUS[0]}"`,
    );
    expect(ended.stderr).toBe('');
    expect(ended.stdout.match(/^\d+$/gm)).toEqual(['0', '0']);
  });
});
