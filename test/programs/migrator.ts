// A process that opens a game with version 2 of its type, says so on standard output when that has resolved, and closes. Its
// worker may have been told to kill it on the way (doomed-owner.ts).

import { writeSync } from 'node:fs';
import { openOrrery } from '#index.ts';
import { galaxyOf } from '../upgrade/galaxies.ts';

const [, , directory = '', game = ''] = process.argv;
const galaxy = galaxyOf(2);
const workerUrl = new URL('./doomed-owner.js', import.meta.url);
const orrery = await openOrrery({ directory, games: [galaxy], workerUrl });
const opened = await orrery.open(galaxy, game);
writeSync(1, `migrated ${opened.seq}\n`);
await orrery.close();
writeSync(1, 'closed\n');
