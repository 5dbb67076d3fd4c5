// What Node's console.log asks of an object and what it passes, as far as it is used here. Elsewhere nobody asks.

export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom');

export interface InspectOptions {
  readonly maxArrayLength?: number | null;
}

export type Inspect = (value: unknown, options: unknown) => string;
