// One question to the history of a game that is open: most tests ask one and go on. The history is opened with the question, and
// what opening throws rejects the answer.

import type { GameHistory, Orrery } from 'orrery';
import { readerOf } from '#history/game/game-history.ts';
import type { HistoryReader } from '#storage/history-reader.ts';

type Asked = Pick<
  GameHistory,
  'at' | 'diff' | 'entries' | 'blame' | 'replay' | 'verify' | 'try' | 'fork' | 'recover' | 'quarantine' | 'snapshots'
> & { reader(): Promise<HistoryReader> };

export function ask(orrery: Orrery, id: string): Asked {
  const open = (): Promise<GameHistory> => orrery.history(id);
  async function* each<T>(entries: (history: GameHistory) => AsyncGenerator<T>): AsyncGenerator<T, void, undefined> {
    yield* entries(await open());
  }
  return {
    at: async (...args) => (await open()).at(...args),
    diff: async (...args) => (await open()).diff(...args),
    entries: (...args) => each((history) => history.entries(...args)),
    blame: (...args) => each((history) => history.blame(...args)),
    replay: (...args) => each((history) => history.replay(...args)),
    verify: async (...args) => (await open()).verify(...args),
    try: async (...args) => (await open()).try(...args),
    fork: async (...args) => (await open()).fork(...args),
    recover: async (...args) => (await open()).recover(...args),
    quarantine: async () => (await open()).quarantine(),
    snapshots: async () => (await open()).snapshots(),
    reader: async () => readerOf(await open()),
  };
}
