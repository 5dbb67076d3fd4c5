// Workers and child processes run compiled code, as they do for users: build it once before the tests.
import { execFileSync } from 'node:child_process';
import { isFull, sampleSeed } from './sampling.ts';

export default function setup(): void {
  console.log(isFull ? 'tests: every proof whole' : `tests: samples of the exhaustive proofs, seed ${sampleSeed}`);
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: new URL('..', import.meta.url).pathname, stdio: 'inherit' });
}
