// The last things worth telling, in a list of bounded length: new ones at the end, old ones out at the front.

import type { GalaxyDraft } from './state.ts';

export interface NewsItem {
  tick: number;
  text: string;
}

export const NEWS_KEPT = 20;

export function report(draft: GalaxyDraft, tick: number, text: string): void {
  draft.news.push({ tick, text });
  if (draft.news.length > NEWS_KEPT) draft.news.shift();
}
