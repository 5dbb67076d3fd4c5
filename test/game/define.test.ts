import { describe, expect, it } from 'vitest';
import { type Commands, defineGame } from '#index.ts';
import { refusal } from './galaxy.ts';

const good = { version: 1, initial: () => ({ n: 0 }), commands: {} };
const define = (name: unknown, definition: unknown) =>
  defineGame(name as string, definition as typeof good & { readonly commands: Commands<{ n: number }> });

describe('defineGame', () => {
  it('[D20] gives a frozen type with its name and the default history', () => {
    const type = define('galaxy', good);
    expect(type).toMatchObject({ name: 'galaxy', version: 1, history: 'commands' });
    expect(define('galaxy', { ...good, onTick: () => undefined })).toMatchObject({ history: 'ticks' });
    expect(Object.isFrozen(type)).toBe(true);
    expect(Object.isFrozen(type.commands)).toBe(true);
  });

  it('[D20] commands that are added to the definition afterwards are not in the type', () => {
    const commands: { [name: string]: () => void } = { a() {} };
    const type = define('galaxy', { ...good, commands });
    commands['b'] = () => {};
    expect(Object.keys(type.commands)).toEqual(['a']);
  });

  it.each([
    ['a name that is empty', '', good],
    ['a name that is too long', 'x'.repeat(257), good],
    ['a name that is not well-formed', '\ud800', good],
    ['a name that is no string', 7, good],
    ['no definition', 'galaxy', undefined],
    ['version 0', 'galaxy', { ...good, version: 0 }],
    ['version 1.5', 'galaxy', { ...good, version: 1.5 }],
    ['version "1"', 'galaxy', { ...good, version: '1' }],
    ['no initial', 'galaxy', { ...good, initial: undefined }],
    ['an onTick that is no function', 'galaxy', { ...good, onTick: 5 }],
    ['an unknown history', 'galaxy', { ...good, history: 'all' }],
    ['commands that are null', 'galaxy', { ...good, commands: null }],
    ['a command that is no function', 'galaxy', { ...good, commands: { build: 5 } }],
    ['a command named by an empty string', 'galaxy', { ...good, commands: { '': () => {} } }],
    ['a command with a name of Orrery itself', 'galaxy', { ...good, commands: { '@tick': () => {} } }],
    ['a command whose name is not well-formed', 'galaxy', { ...good, commands: { '\udc00': () => {} } }],
    ['an invariant that is no function', 'galaxy', { ...good, invariants: { holds: true } }],
  ])('[D21] %s is refused with INVALID_GAME_TYPE', (_what, name, definition) => {
    const error = refusal('INVALID_GAME_TYPE', () => define(name, definition));
    expect(error.context).toMatchObject({ type: String(name) });
  });
});
