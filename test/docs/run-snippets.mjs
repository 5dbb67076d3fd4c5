// Runs blocks of the documents one after the other, each in a folder of its own, and prints a line of JSON for each. A block may leave
// an orrery or a server behind: this process ends all the same.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';

const LONGEST_MS = 120_000;
const list = JSON.parse(readFileSync(process.argv[2], 'utf8'));
let stray;
process.on('unhandledRejection', (reason) => {
  stray = reason;
});
for (const name of ['log', 'error']) {
  console[name] = (...args) => process.stderr.write(`${format(...args)}\n`);
}
for (const { name, folder, file } of list) {
  process.chdir(folder);
  stray = undefined;
  let error;
  try {
    const late = new Promise((_, reject) => {
      setTimeout(() => reject(new Error('it does not end')), LONGEST_MS).unref();
    });
    await Promise.race([import(pathToFileURL(file).href), late]);
  } catch (thrown) {
    error = thrown;
  }
  error ??= stray;
  process.stdout.write(`${JSON.stringify({ name, error: error?.stack ?? null })}\n`);
}
process.exit(0);
