// The stores of all shards are opened, a few at a time: each starts a thread, and sixty that start at once leave the
// game loop no core to run on. Before it: engine.ts; after it: the stores.

import { availableParallelism } from 'node:os';

/** Each opening waits for its disk part of the time, so two on one core are no loss. */
const LEAST_AT_A_TIME = 2;

/**
 * What opening each has given, in their order. Once one has failed no other is begun. Rejects when those that were
 * begun have come to their end, with the failure of the first of them in that order.
 */
export async function openFew<Shard, Report>(
  shards: readonly Shard[],
  open: (shard: Shard, number: number) => Promise<Report>,
  atATime = Math.max(LEAST_AT_A_TIME, availableParallelism()),
): Promise<Report[]> {
  const reports: Report[] = [];
  const failures: { readonly number: number; readonly reason: unknown }[] = [];
  const left = shards.entries();
  const openSome = async (): Promise<void> => {
    for (const [number, shard] of left) {
      try {
        reports[number] = await open(shard, number);
      } catch (reason) {
        failures.push({ number, reason });
      }
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: atATime }, openSome));
  const [first] = failures.sort((a, b) => a.number - b.number);
  if (first) throw first.reason;
  return reports;
}
