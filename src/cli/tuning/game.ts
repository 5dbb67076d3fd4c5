// The game that trials play: a table of entities, and one command whose record has the size that the workload asks for.

import { encodeRecord } from '../../core/patch/record.ts';
import { defineGame, type GameType, type Table, table } from '../../index.ts';
import type { Workload } from './workload.ts';

export interface Entity {
  name: string;
  owner: string;
  f0: number;
  f1: number;
  f2: number;
  f3: number;
  f4: number;
  f5: number;
  f6: number;
  f7: number;
  note: string;
}

const FIELDS = ['f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7'] as const;

export interface TrialState {
  entities: Table<Entity>;
}

export interface WorkArgs {
  readonly entity: string;
  readonly count: number;
}

interface TrialCommands {
  readonly [name: string]: (draft: TrialState, args: WorkArgs) => void;
  readonly work: (draft: TrialState, args: WorkArgs) => void;
}

export type TrialType = GameType<TrialState, void, TrialCommands>;

/** What of a workload its type of game depends on. */
export type TrialShape = Pick<Workload, 'entities' | 'patches' | 'recordBytes'>;

/**
 * With `snapshotRecords` there is a snapshot after so many records, however large the state is beside their patches.
 */
export function trialType({ entities, patches, recordBytes }: TrialShape, snapshotRecords?: number): TrialType {
  const bare = recordSize(patches, 0);
  const noteBytes = recordBytes > bare ? recordBytes - recordSize(patches - 1, 1) + 1 : 0;
  const text = letters(noteBytes * 2 + 64);
  const numbers = FIELDS.slice(0, noteBytes > 0 ? patches - 1 : patches);
  return defineGame('trial', {
    version: 1,
    history: 'ticks',
    persistence: { snapshotEvery: { records: snapshotRecords ?? null } },
    initial: () => ({
      entities: table(
        Object.fromEntries(Array.from({ length: entities }, (_, index) => [idOf(index), entityOf(index)])),
      ),
    }),
    commands: {
      work(draft: TrialState, { entity, count }: WorkArgs) {
        const found = draft.entities.get(entity) as Entity;
        for (const field of numbers) found[field] = count;
        // Another piece each time: text that stays as it is would be no change.
        if (noteBytes > 0) found.note = text.slice(count % (noteBytes + 64), (count % (noteBytes + 64)) + noteBytes);
      },
    },
  });
}

/** The same for another thread: a module that exports it. */
export function trialModule({ entities, patches, recordBytes }: TrialShape): string {
  const [url, shape] = [gameUrl().href, { entities, patches, recordBytes }].map((each) => JSON.stringify(each));
  const text = `import { trialType } from ${url};\nexport const trial = trialType(${shape});\n`;
  return `data:text/javascript,${encodeURIComponent(text)}`;
}

/** Where nothing runs TypeScript, the compiled module stands in for this one. */
function gameUrl(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL(import.meta.url);
  const native = (process.features as { typescript?: unknown }).typescript;
  return native ? new URL(import.meta.url) : new URL('../../../dist/src/cli/tuning/game.js', import.meta.url);
}

export function idOf(index: number): string {
  return `e${100_000 + index}`;
}

/** Bytes of a record of `work` with so many numbers, and with a text when it has a length. */
function recordSize(numbers: number, noteLength: number): number {
  const entity = idOf(0);
  const path = ['entities', entity];
  const patches = FIELDS.slice(0, numbers).map((field) => ({
    op: 'replace' as const,
    path: [...path, field],
    value: 10_000,
  }));
  const note = { op: 'replace' as const, path: [...path, 'note'], value: 'x'.repeat(noteLength) };
  return encodeRecord({
    game: 'game-100',
    seq: 10_000,
    tick: 100,
    time: 1_700_000_000_000,
    command: 'work',
    args: { entity, count: 10_000 },
    patches: noteLength > 0 ? [...patches, note] : patches,
  }).length;
}

function entityOf(index: number): Entity {
  const fields = { f0: index, f1: 0, f2: 0, f3: 0, f4: 0, f5: 0, f6: 0, f7: 0 };
  return { name: `Entity ${index} of the trial`, owner: `player-${index % 64}`, ...fields, note: 'as it was made' };
}

/** Text without a pattern, the same each time: real notes do not deflate to nothing either. */
function letters(length: number): string {
  let state = 1;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += String.fromCharCode(97 + ((state >>> 24) % 26));
  }
  return text;
}
