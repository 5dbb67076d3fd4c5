// Under which ids a game was played before it came out of a pack, perhaps renamed: ctx.random is seeded with the id of
// the time, and the program was another one. Who runs old commands again needs to know.

/** Up to this seq a game had this id. */
export interface Origin {
  readonly id: string;
  readonly upToSeq: number;
}

/** The id that a game had when it made the record of a seq. */
export function idAt(origins: readonly Origin[], game: string, seq: number): string {
  return origins.find(({ upToSeq }) => seq <= upToSeq)?.id ?? game;
}

/** Records up to this seq were made elsewhere; -1 when none was. */
export function importedSeq(origins: readonly Origin[]): number {
  return origins.at(-1)?.upToSeq ?? -1;
}

export function isOrigin(entry: unknown): entry is Origin {
  const { id, upToSeq } = (entry ?? {}) as { id?: unknown; upToSeq?: unknown };
  return typeof id === 'string' && Number.isSafeInteger(upToSeq);
}
