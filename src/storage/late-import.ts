// Packages, and parts of this one, that are loaded when they are needed. Packages written as CommonJS throw when they
// are loaded in a bundle of ES modules, and whoever meets that must hear what to do. Before it: openOrrery and whoever
// starts threads.

import type { Logger } from 'pino';
import { OrreryError } from '../core/errors.ts';

/** The thread pool. @throws OrreryError BUNDLED. */
export async function importPiscina(): Promise<typeof import('piscina').Piscina> {
  return (await loaded('piscina', () => import('piscina'))).Piscina;
}

/** Warnings to standard error, or what the environment names. @throws OrreryError BUNDLED. */
export async function defaultLogger(): Promise<Logger> {
  const { destination, pino } = await loaded('pino', () => import('pino'));
  return pino({ name: 'orrery', level: process.env['ORRERY_LOG'] ?? 'warn' }, destination({ dest: 2, sync: true }));
}

/**
 * Throws IO_FAILED when a file of the package cannot be read any more: it was removed, or the process has no handles
 * left.
 */
export async function part<M>(load: () => Promise<M>): Promise<M> {
  try {
    return await load();
  } catch (cause) {
    throw new OrreryError({
      code: 'IO_FAILED',
      what: 'a file of the package orrery could not be loaded',
      hint: 'Look at the cause. If the file is missing, install the package again; then start the process anew.',
      cause,
    });
  }
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
