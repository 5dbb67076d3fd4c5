// Where the files are that run in threads. Before it: whoever starts a thread; after it: workers/.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OrreryError } from '../core/errors.ts';

type WorkerName = 'shard-owner' | 'rerun' | 'packer' | 'query';

/**
 * Beside `workerUrl`, which is the file of the owner where this code was moved into a bundle; else where the package
 * has it.
 *
 * @throws OrreryError BUNDLED when it is in neither place.
 */
export function workerFile(name: WorkerName, workerUrl?: URL): URL {
  const file = fileOf(name);
  // First: what lies where a bundle would have it may be a file of somebody else.
  const beside = workerUrl?.protocol === 'file:' ? new URL(`./${name}.js`, workerUrl) : undefined;
  for (const place of [beside, file]) if (place && existsSync(place)) return place;
  throw new OrreryError({
    code: 'BUNDLED',
    what: `the worker ${name} is not beside this code, which seems to be part of a bundle`,
    hint:
      'Keep orrery out of the bundle (esbuild: --external:orrery), or pass `workerUrl`, which is the URL of orrery/worker. ' +
      'docs/BUNDLING.md shows both.',
    context: file ? { file: fileURLToPath(file) } : {},
  });
}

/** From source, Node runs the worker's source if it can, else the compiled one. */
function fileOf(name: WorkerName): URL | undefined {
  // A bundle in CommonJS has no URL of its own.
  const here = import.meta.url as string | undefined;
  if (here === undefined) return undefined;
  if (!here.endsWith('.ts')) return new URL(`../../workers/${name}.js`, here);
  const native = (process.features as { typescript?: unknown }).typescript;
  return new URL(native ? `../../workers/${name}.ts` : `../../dist/workers/${name}.js`, here);
}
