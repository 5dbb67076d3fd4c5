#!/usr/bin/env node
// The command `orrery`. program.ts has what it can do.

import { run } from './program.ts';

process.exitCode = await run(process.argv.slice(2), process);

/** What an imported module has left running, such as a timer, is given so long to end by itself. */
const GRACE_MS = 1000;
setTimeout(() => process.exit(), GRACE_MS).unref();
