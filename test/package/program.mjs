// What somebody writes who has installed the package. Prints what it saw as one line of JSON.
import assert from 'node:assert/strict';
import { defineGame, OrreryError, openOrrery, table } from 'orrery';

const galaxy = defineGame('galaxy', {
  version: 1,
  initial: (count) => ({
    systems: table(
      Array.from({ length: count }, (_, at) => ({ id: `s${at}`, metal: at })),
      (system) => system.id,
    ),
    treasury: 100,
  }),
  commands: {
    build(draft, { system, cost }) {
      draft.systems.get(system).metal += 1;
      draft.treasury -= cost;
    },
  },
  invariants: { noDebt: (state) => state.treasury >= 0 },
});

const directory = process.argv[2];
const first = await openOrrery({ directory, games: [galaxy], shards: 2 });
const andromeda = await first.open(galaxy, 'andromeda', 500);
for (let at = 0; at < 20; at += 1) andromeda.dispatch('build', { system: `s${at}`, cost: 5 }, { player: 'ada' });
assert.throws(
  () => andromeda.dispatch('build', { system: 's1', cost: 1 }),
  (error) => error instanceof OrreryError && error.code === 'INVARIANT_FAILED',
);
const receipt = andromeda.advance();
await receipt.durable;
await first.checkpoint();
const before = JSON.stringify(andromeda.state);
await first.close();

const second = await openOrrery({ directory, games: [galaxy] });
// For TypeScript's `await using`.
assert.equal(typeof second[Symbol.asyncDispose], 'function');
const again = await second.load(galaxy, 'andromeda');
assert.equal(JSON.stringify(again.state), before);
assert.equal(again.state.systems.get('s7').metal, 8);
console.log(
  JSON.stringify({ node: process.versions.node, seq: again.seq, tick: again.tick, treasury: again.state.treasury }),
);
await second.close();
