// `orrery/core` in one file for a browser, run where nothing of Node is, beside the same in Node.

import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Context, createContext, Script } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build, type Format } from 'esbuild';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import * as core from '#core/index.ts';
import { type Move, play } from './browser-game.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const GAME = join(ROOT, 'test/core/browser-game.ts');

interface Bundle {
  readonly text: string;
  /** The files in it, and what it still imports. */
  readonly files: readonly string[];
  readonly imports: readonly string[];
}

/** With nothing left out: what cannot be bundled is an error. */
async function bundled(contents: string, format: Format, minify = false): Promise<Bundle> {
  const { outputFiles, warnings, metafile } = await build({
    stdin: { contents, resolveDir: ROOT, loader: 'js' },
    absWorkingDir: ROOT,
    // As an installed package resolves: not to the sources.
    tsconfigRaw: '{}',
    bundle: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format,
    minify,
    globalName: 'bundle',
    logLevel: 'silent',
  });
  expect(warnings).toEqual([]);
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  return { text: outputFiles[0]?.text as string, files: Object.keys(metafile.inputs), imports };
}

/** Every browser has these, and a new context of JavaScript alone has not. */
const ofEveryBrowser = (): object => ({
  TextDecoder,
  TextEncoder,
  crypto: { getRandomValues: (bytes: Uint8Array) => webcrypto.getRandomValues(bytes) },
});

type PlayThere = (moves: string) => string;
let playThere: PlayThere;
/** On a page whose policy forbids to make code of text, and which shares no memory. */
let playStrictly: PlayThere;

beforeAll(async () => {
  const { text } = await bundled(
    `import * as core from 'orrery/core';
     import { play } from ${JSON.stringify(GAME)};
     export const played = (moves) => JSON.stringify(play(core, JSON.parse(moves), false));`,
    'iife',
  );
  const runIn = (context: Context): PlayThere => {
    for (const name of ['process', 'Buffer', 'require', 'setImmediate', 'structuredClone', 'performance', 'global']) {
      expect(new Script(`typeof ${name}`).runInContext(context), name).toBe('undefined');
    }
    new Script(text).runInContext(context);
    return new Script('bundle.played').runInContext(context) as PlayThere;
  };
  playThere = runIn(createContext(ofEveryBrowser()));
  const strict = createContext(ofEveryBrowser(), { codeGeneration: { strings: false, wasm: false } });
  new Script('delete globalThis.SharedArrayBuffer').runInContext(strict);
  playStrictly = runIn(strict);
});

const NAMES = [
  ...['mine', 'push', 'move', 'hold', 'fail', 'give', 'replace', 'keep', 'late', 'remove'],
  ...['tick', 'save', 'patch', 'badPatch', 'unknown'],
];

function expectSame(moves: readonly Move[], playIt = playThere): void {
  expect(JSON.parse(playIt(JSON.stringify(moves)))).toEqual(play(core, moves, false));
}

const ALL_MOVES = Array.from({ length: 300 }, (_, n): Move => [NAMES[n % NAMES.length] as string, Math.floor(n / 3)]);
/** Each value that no state may hold. */
const ALL_REFUSED = Array.from({ length: 40 }, (_, n): Move => ['hold', n]);

it('[BR1] records, random numbers, states, what subscribers see and errors are the same as in Node', () => {
  expectSame(ALL_MOVES);
  expectSame(ALL_REFUSED);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.nat(200)), { maxLength: 40 }), (moves) =>
      expectSame(moves),
    ),
    { numRuns: 200 },
  );
});

it('[BR1] so they are where no code may be made of text', () => {
  expectSame(ALL_MOVES, playStrictly);
  expectSame(ALL_REFUSED, playStrictly);
});

it('[BR1] some of them at all', () => {
  const lines = play(
    core,
    [
      ['mine', 5],
      ['hold', 0],
      ['tick', 0],
    ],
    true,
  );
  expect(lines.filter((line) => line.startsWith('{"g":"andromeda"'))).toHaveLength(3);
  expect(lines.filter((line) => line.includes('NOT_PERSISTABLE'))).toHaveLength(1);
  expect(lines.at(-2)).toContain('"systems":{');
});

it('[BR2] a bundle imports nothing any more, and has core and two packages in it', async () => {
  const { files, imports } = await bundled("export * from 'orrery/core';", 'esm');
  expect(imports).toEqual([]);
  const others = files.filter(
    (file) => !/^(<stdin>|dist\/src\/core\/|.*node_modules\/(immer|fast-json-patch)\/)/.test(file),
  );
  expect(others).toEqual([]);
  expect(files).toContain('dist/src/core/patch/proxies.js');
});

it('[BR2] its size is as the document says, to a tenth', async () => {
  const { text } = await bundled("export * from 'orrery/core';", 'esm', true);
  const page = readFileSync(join(ROOT, 'docs/BUNDLING.md'), 'utf8');
  const said = /(\d+) kB minified, (\d+) kB with gzip/.exec(page);
  const sizes = [text.length, gzipSync(text).length].map((bytes) => bytes / 1000);
  for (const [at, size] of sizes.entries()) {
    expect(Math.abs(Number(said?.[at + 1]) / size - 1), `${size} kB`).toBeLessThan(0.1);
  }
});
