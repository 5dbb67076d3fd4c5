// Preloaded into a program under test: writes the URL of every file that is loaded as a module, a line each, into the file that
// LOADED_FILES names.

import { appendFileSync } from 'node:fs';
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const hooks = `
    import { appendFileSync } from 'node:fs';
    export async function load(url, context, next) {
      appendFileSync(${JSON.stringify(process.env.LOADED_FILES)}, url + '\\n');
      return next(url, context);
    }`;
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
  appendFileSync(process.env.LOADED_FILES, '');
}
