// Packages that are loaded when they are needed. They are written as CommonJS: in a bundle of ES modules they throw when they are
// loaded, and whoever meets that must hear what to do. Before it: openOrrery and whoever starts threads; after it: the packages.

import type { Logger } from 'pino';
import { OrreryError } from './errors.ts';

/** The thread pool. @throws OrreryError BUNDLED. */
export async function importPiscina(): Promise<typeof import('piscina').Piscina> {
  return (await loaded('piscina', () => import('piscina'))).Piscina;
}

/** Warnings to standard error, or what the environment names. @throws OrreryError BUNDLED. */
export async function defaultLogger(): Promise<Logger> {
  const { destination, pino } = await loaded('pino', () => import('pino'));
  return pino({ name: 'orrery', level: process.env['ORRERY_LOG'] ?? 'warn' }, destination({ dest: 2, sync: true }));
}

async function loaded<M>(name: string, load: () => Promise<M>): Promise<M> {
  try {
    return await load();
  } catch (cause) {
    throw new OrreryError({
      code: 'BUNDLED',
      what: `the package ${name} could not be loaded`,
      hint: `Keep it out of the bundle (esbuild: --external:orrery, or --external:${name}): docs/BUNDLING.md shows how.`,
      cause,
    });
  }
}
