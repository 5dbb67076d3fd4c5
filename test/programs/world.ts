// The game that the test programs play, and how a deed of script.ts is sent to it.

import { defineGame, type GameOf, type Receipt, table } from '#index.ts';
import { type Deed, deedAt } from './script.ts';

interface System {
  id: string;
  metal: number;
  queue: number[];
}

export const world = defineGame('world', {
  version: 1,
  initial: () => ({
    systems: table<System>(),
    treasury: 0,
    log: [] as string[],
    notes: {} as { [key: string]: string },
    archive: null as string | null,
    clock: { tick: 0, day: 0 },
  }),
  commands: {
    build(draft, { system, metal }: { system: string; metal: number }) {
      const found = draft.systems.get(system);
      if (!found) {
        draft.systems.set(system, { id: system, metal, queue: [metal] });
        return;
      }
      found.metal += metal;
      found.queue.push(metal);
      if (found.queue.length > 6) found.queue.shift();
    },
    raze(draft, { system }: { system: string }) {
      draft.systems.delete(system);
    },
    log(draft, { text }: { text: string }) {
      draft.log.push(text);
      if (draft.log.length > 40) draft.log.shift();
    },
    edit(draft, { at, remove, lines }: { at: number; remove: number; lines: readonly string[] }) {
      draft.log.splice(at, remove, ...lines);
    },
    note(draft, { key, value }: { key: string; value: string }) {
      delete draft.notes[key];
      draft.notes[key] = value;
    },
    forget(draft, { key }: { key: string }) {
      delete draft.notes[key];
    },
    archive(draft, { letter, length }: { letter: string; length: number }) {
      draft.archive = length === 0 ? null : letter.repeat(length);
    },
  },
  onTick(draft, context) {
    draft.clock.tick = context.tick;
    if (context.tick % 10 === 0) draft.clock.day += 1;
    const first = draft.systems.ids()[context.tick % 7];
    const system = first === undefined ? undefined : draft.systems.get(first);
    if (system) system.metal -= 1;
  },
});

export type World = GameOf<typeof world>;

/** Sends the deed that comes next. */
export function play(game: World): Receipt {
  return submit(game, deedAt(game.id, game.seq + 1));
}

function submit(game: World, deed: Deed): Receipt {
  switch (deed.kind) {
    case 'tick':
      return game.advance();
    case 'pay':
      return game.update((draft) => {
        draft.treasury += deed.amount;
      });
    case 'save':
      return game.save({ ...game.state, treasury: deed.treasury });
    case 'build':
      return game.dispatch('build', { system: deed.system, metal: deed.metal }, { player: 'ada' });
    case 'raze':
      return game.dispatch('raze', { system: deed.system });
    case 'log':
      return game.dispatch('log', { text: deed.text });
    case 'edit':
      return game.dispatch('edit', { at: deed.at, remove: deed.remove, lines: deed.lines });
    case 'note':
      return game.dispatch('note', { key: deed.key, value: deed.value });
    case 'forget':
      return game.dispatch('forget', { key: deed.key });
    case 'archive':
      return game.dispatch('archive', { letter: deed.letter, length: deed.length });
  }
}
