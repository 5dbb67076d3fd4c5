import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Screen } from '../../examples/galactic-war/demo/screen.ts';

describe('the screen', () => {
  function screenOn(isTTY: boolean, env: NodeJS.ProcessEnv): { screen: Screen; written: () => string } {
    let text = '';
    const stream = { isTTY, columns: 60, write: (part: string) => (text += part) } as unknown as NodeJS.WriteStream;
    return { screen: new Screen(stream, env), written: () => text };
  }

  it('[DM9] rewrites its live area in place, never wider than the terminal, and takes it away again', () => {
    const { screen, written } = screenOn(true, {});
    screen.progress('playing', 0.5, 'x'.repeat(100), 'details');
    screen.event(screen.paint('bold', 'happened'));
    screen.progress('playing', 0.6, 'more', 'details');
    screen.rest();
    screen.rest();
    const erasures = written().split('\x1b[2A\r\x1b[J');
    expect(erasures.length).toBe(3);
    expect(
      stripVTControlCharacters(written())
        .split('\n')
        .every((line) => line.length < 60),
    ).toBe(true);
    expect(written()).toContain('\x1b[1mhappened\x1b[22m\n');
  });

  it('[DM9] uses no colour when NO_COLOR says so, and nothing but lines where there is no terminal', () => {
    const plain = screenOn(true, { NO_COLOR: '1' });
    expect(plain.screen.paint('red', 'text')).toBe('text');
    for (const { screen, written } of [screenOn(false, {}), screenOn(true, { TERM: 'dumb' })]) {
      for (let turn = 0; turn < 50; turn += 1) screen.progress('playing', turn / 50, 'remark', 'details');
      screen.event(screen.paint('green', 'happened'));
      expect(stripVTControlCharacters(written())).toBe(written());
      expect(written()).toMatch(/^ +0\.\d s {2}happened\n$/);
    }
  });
});
