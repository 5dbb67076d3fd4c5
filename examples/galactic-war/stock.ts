// An amount of each resource. Amounts are whole numbers and never negative; taking more than there is is a mistake in
// the rules, not a refusal, so it throws at once.

export const RESOURCES = ['metal', 'crew', 'water'] as const;

export type Resource = (typeof RESOURCES)[number];

export interface Stock {
  metal: number;
  crew: number;
  water: number;
}

export function stockOf(amounts: Readonly<Partial<Stock>> = {}): Stock {
  return { metal: amounts.metal ?? 0, crew: amounts.crew ?? 0, water: amounts.water ?? 0 };
}

export function addTo(stock: Stock, amounts: Readonly<Stock>): void {
  for (const resource of RESOURCES) stock[resource] += amounts[resource];
}

export function takeFrom(stock: Stock, amounts: Readonly<Stock>): void {
  for (const resource of RESOURCES) {
    if (amounts[resource] > stock[resource]) {
      throw new Error(`cannot take ${amounts[resource]} ${resource} from ${stock[resource]}`);
    }
    stock[resource] -= amounts[resource];
  }
}

export function sumOf(first: Readonly<Stock>, second: Readonly<Stock>): Stock {
  return {
    metal: first.metal + second.metal,
    crew: first.crew + second.crew,
    water: first.water + second.water,
  };
}

/** Resource by resource, the smaller of the two. */
export function leastOf(first: Readonly<Stock>, second: Readonly<Stock>): Stock {
  return {
    metal: Math.min(first.metal, second.metal),
    crew: Math.min(first.crew, second.crew),
    water: Math.min(first.water, second.water),
  };
}

/** What `wanted` asks beyond `held`, as words ("30 metal, 4 water"), or undefined if `held` is enough. */
export function shortfall(held: Readonly<Stock>, wanted: Readonly<Stock>): string | undefined {
  const missing = RESOURCES.filter((resource) => wanted[resource] > held[resource]);
  if (missing.length === 0) return undefined;
  return missing.map((resource) => `${wanted[resource] - held[resource]} ${resource}`).join(', ');
}

export function inWords(stock: Readonly<Stock>): string {
  const there = RESOURCES.filter((resource) => stock[resource] > 0);
  return there.length === 0 ? 'nothing' : there.map((resource) => `${stock[resource]} ${resource}`).join(', ');
}
