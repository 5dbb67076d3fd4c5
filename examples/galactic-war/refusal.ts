// A command that the rules do not allow. Nothing has changed when it is thrown: every rule looks before it touches.

export class Refusal extends Error {
  override readonly name = 'Refusal';
}

export function refuse(why: string): never {
  throw new Refusal(why);
}
