// The thread of floors.ts: it makes things durable as anybody's would, with nothing of Orrery in it.

import { createHash, randomFillSync } from 'node:crypto';
import { closeSync, fdatasyncSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

/** What the thread is asked for: about a record's worth, or an image's. */
export type FloorTask = 'record' | 'image';

const RECORD_BYTES = 200;
const IMAGE_BYTES = 100_000_000;

const folder = workerData as string;
const port = parentPort;
if (!port) throw new Error('this is a thread of floors.ts');

const journal = openSync(join(folder, 'records'), 'w');
const record = Buffer.alloc(RECORD_BYTES, 'r');
let at = 0;
let database: Buffer | undefined;

function writeRecord(): void {
  writeSync(journal, record, 0, RECORD_BYTES, at);
  fdatasyncSync(journal);
  at += RECORD_BYTES;
}

/** Copied out of where it is kept, written, made durable, read back and hashed. */
function writeImage(): void {
  database ??= randomFillSync(Buffer.alloc(IMAGE_BYTES));
  const image = Buffer.from(database);
  const path = join(folder, 'image');
  const file = openSync(path, 'w');
  writeSync(file, image);
  fsyncSync(file);
  closeSync(file);
  const digest = createHash('sha256').update(readFileSync(path)).digest();
  if (!digest.equals(createHash('sha256').update(image).digest())) throw new Error('the image came back otherwise');
  rmSync(path);
}

port.on('message', (task: FloorTask) => {
  if (task === 'record') writeRecord();
  else writeImage();
  port.postMessage(1);
});
