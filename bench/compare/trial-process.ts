// Starts the process of a trial and waits for its answer. Before it: compare.ts; in the process: trial.ts.

import { spawn } from 'node:child_process';
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { TrialAnswer, TrialOrder } from './trial.ts';

/** A million systems take a minute to begin with, for some. Nothing takes longer than this. */
const LONGEST_MS = 300_000;

/** What is kept of the complaints of a process. */
const COMPLAINT_BYTES = 4_096;

/** The heap of a million systems is larger than what Node allows itself. */
const HEAP_SHARE = 0.6;

const TRIAL = fileURLToPath(new URL('./trial.js', import.meta.url));

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export function runTrial(order: TrialOrder): Promise<TrialAnswer> {
  const heap = `--max-old-space-size=${Math.floor((totalmem() / 2 ** 20) * HEAP_SHARE)}`;
  const child = spawn(process.execPath, ['--expose-gc', heap, '--no-warnings', TRIAL, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // It must not outlive this process. First of all that listen: others remove its folder and end this process.
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  for (const signal of SIGNALS) process.prependOnceListener(signal, end);
  const settled = (): void => {
    clearTimeout(timer);
    for (const event of ['exit', ...SIGNALS] as const) process.off(event, end);
  };
  let out = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    // The answer is the last line.
    out = (out + text).slice(-64 * 1024);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-COMPLAINT_BYTES);
  });
  const timer = setTimeout(() => {
    complaints = `it took longer than ${LONGEST_MS / 1_000} s and was ended`;
    end();
  }, LONGEST_MS);
  return new Promise((resolve) => {
    child.once('error', (error) => {
      settled();
      resolve({ error: error.message });
    });
    child.once('close', (status, signal) => {
      settled();
      resolve(
        answerIn(out) ?? { error: `the process ended with ${signal ?? `status ${status}`}: ${complaints.trim()}` },
      );
    });
  });
}

function answerIn(out: string): TrialAnswer | undefined {
  const last = out.trimEnd().split('\n').at(-1) ?? '';
  if (!last.startsWith('{"figures":') && !last.startsWith('{"error":')) return undefined;
  return JSON.parse(last) as TrialAnswer;
}
