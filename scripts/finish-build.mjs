// What the compiler leaves to be done in dist: schemas beside the code, the command executable, and nothing of a source that is
// gone, which would be packed and published.

import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const OUTPUTS = /\.(?:d\.ts|d\.ts\.map|js|js\.map)$/;

cpSync('schemas', 'dist/schemas', { recursive: true });
chmodSync('dist/src/cli/main.js', 0o755);
for (const name of readdirSync('dist', { recursive: true })) {
  const source = String(name).replace(OUTPUTS, '.ts');
  if (source !== name && !existsSync(source)) rmSync(join('dist', String(name)));
}
