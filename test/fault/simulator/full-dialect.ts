// Records of the engine with SQL, by hand, as docs/FORMAT.md says, and the JSON text of the state that they make.

import type { Dialect, Line } from './chain.ts';

interface State {
  readonly n: number;
  readonly tag: string;
  readonly log: readonly string[];
}

const MOST_IN_LOG = 3;

/** Of one game little of the past is kept: checkpoints thin it. */
export const THINNED = { game: 'c', type: 'forgetful' } as const;

export const fullDialect: Dialect = {
  write(line) {
    const { game, seq, tag, filler } = line;
    const head = `{"g":"${game}","s":${seq},"k":${tickAt(seq)},"t":${1_700_000_000_000 + seq}`;
    if (seq === 0) {
      const patches = [['=', [], stateAfter(undefined, line)]];
      const type = game === THINNED.game ? THINNED.type : 'counter';
      return `${head},"c":"@create","y":"${type}","v":1,"b":[],"d":${JSON.stringify(patches)}}`;
    }
    // Three entries before it: the fourth is the newest, and the oldest goes.
    const patches: unknown[] = [
      ['=', ['n'], seq],
      ['=', ['tag'], tag],
      ['+', ['log', Math.min(seq - 1, MOST_IN_LOG)], entry(line)],
    ];
    if (seq > MOST_IN_LOG) patches.push(['-', ['log', 0]]);
    return `${head},"c":"count","a":{"filler":"${'x'.repeat(filler)}"},"d":${JSON.stringify(patches)}}`;
  },
  fold: (before, line) => JSON.stringify(stateAfter(before && (JSON.parse(before.fold) as State), line)),
};

export function tickAt(seq: number): number {
  return Math.floor(seq / 3);
}

function stateAfter(before: State | undefined, line: Line): State {
  const log = before === undefined ? [] : [...before.log, entry(line)].slice(-MOST_IN_LOG);
  return { n: line.seq, tag: line.tag, log };
}

function entry({ seq, tag }: Line): string {
  return `${seq} of ${tag}`;
}
