// Where the files are that run in threads. Before it: whoever starts a thread; after it: workers/.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OrreryError } from '../errors.ts';

type WorkerName = 'shard-owner' | 'rerun' | 'packer' | 'query';

/**
 * Where the package has it; where this code was moved into a bundle, beside `workerUrl`, which is the file of the owner.
 *
 * @throws OrreryError BUNDLED when neither is known.
 */
export function workerFile(name: WorkerName, workerUrl?: URL): URL {
  const file = fileOf(name);
  if (file && existsSync(file)) return file;
  if (workerUrl) return new URL(`./${name}.js`, workerUrl);
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
