#!/usr/bin/env node
// The command `orrery`. program.ts has what it can do.

import { run } from './program.ts';

process.exitCode = await run(process.argv.slice(2), process);
