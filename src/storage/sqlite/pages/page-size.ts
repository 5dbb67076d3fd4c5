// How large the pages of our databases are, in bytes: what sql.js makes by itself, and what disks like.

export const PAGE_BYTES = 4096;
