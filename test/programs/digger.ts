// A process that has a directory open while the command line looks at it.
//
//   digger.js DIRECTORY hold    opens it, and closes it when standard input ends
//   digger.js DIRECTORY race    plays and publishes images as fast as it can until standard input ends
//   digger.js DIRECTORY die     plays, and kills itself when everything is durable

import { openOrrery } from '#index.ts';
import { mine } from './mine.ts';

const SEAMS = ['north', 'south', 'east', 'west'];
const GAMES = ['alpha', 'beta', 'gamma', 'delta'];
const HITS = 40;

const [directory = '', way = ''] = process.argv.slice(2);
let ended = false;
process.stdin.on('end', () => {
  ended = true;
});
process.stdin.resume();

const orrery = await openOrrery({ directory, games: [mine], shards: 2 });
const games = await Promise.all(GAMES.map((id) => orrery.open(mine, id, SEAMS)));

function play(): void {
  for (const game of games) {
    for (let hit = 0; hit < HITS; hit += 1) {
      game.dispatch('dig', { seam: SEAMS[hit % SEAMS.length] as string, metal: hit });
      if (hit % 10 === 0) game.advance();
    }
  }
}

if (way === 'hold') {
  process.stdout.write('ready\n');
  await new Promise((resolve) => process.stdin.once('end', resolve));
} else if (way === 'race') {
  for (let round = 0; !ended; round += 1) {
    play();
    await orrery.flush();
    await orrery.checkpoint();
    if (round === 2) process.stdout.write('ready\n');
  }
} else {
  play();
  await orrery.flush();
  process.kill(process.pid, 'SIGKILL');
}
await orrery.close();
