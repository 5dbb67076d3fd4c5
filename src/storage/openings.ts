// The program and the machine around a game when it was played. Code that does the same may give something else in
// another version of V8, time zone or locale, so whoever runs recorded commands again is told what was otherwise then.

/** A program opened a directory to write to it. */
export interface Opening {
  /** Milliseconds since 1970, by the clock that records have their time from. */
  readonly time: number;
  /** Such as "Node 20.20.2". */
  readonly runtime: string;
  readonly v8: string;
  /** Of the library that compares, sorts and formats text, of its Unicode tables and of its time zones. */
  readonly icu: string;
  readonly unicode: string;
  readonly zones: string;
  /** Such as "linux-x64". */
  readonly platform: string;
  readonly timeZone: string;
  readonly locale: string;
}

export type RuntimeInfo = Omit<Opening, 'time'>;

/** Those of this process, now. Of a version that a runtime does not tell, the text is empty. */
export function thisRuntime(): RuntimeInfo {
  const { versions } = process;
  const { timeZone, locale } = new Intl.DateTimeFormat().resolvedOptions();
  const other = (['bun', 'deno'] as const).find((name) => versions[name] !== undefined);
  return {
    runtime: other === undefined ? `Node ${versions.node}` : `${other} ${versions[other]}`,
    v8: versions.v8 ?? '',
    icu: versions['icu'] ?? '',
    unicode: versions['unicode'] ?? '',
    zones: versions['tz'] ?? '',
    platform: `${process.platform}-${process.arch}`,
    timeZone: timeZone ?? '',
    locale,
  };
}

/**
 * The opening under which a record of this time was made; undefined when none is known. Clocks may jump: the later one
 * counts.
 */
export function openingAt(openings: readonly Opening[], time: number): Opening | undefined {
  return openings.findLast((opening) => opening.time <= time);
}

export interface RuntimeDifference {
  readonly what: keyof RuntimeInfo;
  readonly recorded: string;
  readonly now: string;
}

/** What was otherwise then. */
export function runtimeDifferences(then: RuntimeInfo, now: RuntimeInfo): readonly RuntimeDifference[] {
  return (Object.keys(now) as (keyof RuntimeInfo)[])
    .filter((what) => then[what] !== now[what])
    .map((what) => ({ what, recorded: then[what], now: now[what] }));
}
