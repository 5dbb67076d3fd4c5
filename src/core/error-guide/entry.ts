// What the page of one error code says. scripts/error-pages.ts writes the pages from these entries.

import type { OrreryErrorCode } from '../errors.ts';

/** At least one. */
type Lines = readonly [string, ...string[]];

/** Sentences in Markdown. */
export interface ErrorEntry {
  /** What has happened, and in what state it leaves things. */
  readonly meaning: string;
  /** Each a way to get there. */
  readonly causes: Lines;
  /** What to do: the one that helps most often first. */
  readonly remedies: Lines;
  /** Other pages of docs/, by file name. */
  readonly see?: readonly string[];
}

export type ErrorGuide = { readonly [code in OrreryErrorCode]: ErrorEntry };
