// Where a history that is to be run again is kept, in words that cross to a thread: each thread opens it for itself,
// and only reads. Before it: the command line or a live orrery; after it: history-source.ts, which knows the backends.

export type Source =
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 'pack'; readonly file: string };
