-- The image of one shard. docs/SCHEMA.md explains every column.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE games (
  id           TEXT PRIMARY KEY,
  type         TEXT NOT NULL,
  version      INTEGER NOT NULL,
  tables       TEXT NOT NULL,             -- JSON list of the top-level keys that are tables
  created      INTEGER NOT NULL,          -- milliseconds since 1970
  seq          INTEGER NOT NULL,
  tick         INTEGER NOT NULL,
  time         INTEGER NOT NULL,
  snapshot_seq INTEGER NOT NULL,          -- of the newest row in snapshots
  state_bytes  INTEGER NOT NULL,          -- size of that snapshot as JSON
  patch_bytes  INTEGER NOT NULL,          -- JSON of all patches since, coalesced
  records      INTEGER NOT NULL,          -- commands ever recorded
  patches_in   INTEGER NOT NULL,          -- patches before coalescing, ever
  patches_out  INTEGER NOT NULL           -- and after
) STRICT;

CREATE TABLE snapshots (
  game    TEXT NOT NULL REFERENCES games (id),
  seq     INTEGER NOT NULL,
  tick    INTEGER NOT NULL,
  time    INTEGER NOT NULL,
  version INTEGER NOT NULL,
  tables  TEXT NOT NULL,
  reason  TEXT NOT NULL CHECK (reason IN ('create', 'size', 'request')),
  codec   INTEGER NOT NULL CHECK (codec IN (0, 1, 2)),  -- 0 JSON, 1 zlib-deflated JSON, 2 JSON in members of gzip
  sha     BLOB NOT NULL CHECK (length(sha) = 32),       -- SHA-256 of the JSON
  pieces  TEXT CHECK ((pieces IS NULL) = (codec <> 2)), -- [[bytes of the member, table or null], ...]
  body    BLOB NOT NULL,
  PRIMARY KEY (game, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE patch_batches (
  game       TEXT NOT NULL REFERENCES games (id),
  first_seq  INTEGER NOT NULL,
  last_seq   INTEGER NOT NULL CHECK (last_seq >= first_seq),
  first_tick INTEGER NOT NULL,
  last_tick  INTEGER NOT NULL,
  time       INTEGER NOT NULL,            -- of the last record
  count      INTEGER NOT NULL,            -- records in this row
  codec      INTEGER NOT NULL CHECK (codec IN (0, 1)),
  body       BLOB NOT NULL,               -- steps: [[first seq, last seq, tick, time, patches], ...]
  commands   BLOB NOT NULL,               -- [[seq, tick, time, name, player, args], ...]
  PRIMARY KEY (game, last_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE commands (
  game   TEXT NOT NULL REFERENCES games (id),
  seq    INTEGER NOT NULL,
  tick   INTEGER NOT NULL,
  time   INTEGER NOT NULL,
  name   TEXT NOT NULL,
  player TEXT,
  args   TEXT,
  PRIMARY KEY (game, seq)
) STRICT, WITHOUT ROWID;
