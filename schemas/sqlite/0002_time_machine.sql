-- What the time machine keeps besides: where a fork came from, what a recovery gave up, and how each game type is kept.

ALTER TABLE games ADD COLUMN parent TEXT;          -- the game that this one is a fork of
ALTER TABLE games ADD COLUMN parent_seq INTEGER;   -- the seq it was forked at
ALTER TABLE games ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 0; -- the oldest seq whose state can be read
ALTER TABLE games ADD COLUMN thinned TEXT;         -- JSON: how far retention has come with it

CREATE TABLE types (
  name        TEXT PRIMARY KEY,
  history     TEXT,                                -- which steps stay visible: commands, ticks or batches
  retention   TEXT,                                -- JSON, as the game type says
  projections TEXT                                 -- JSON, as the game type says
) STRICT;

CREATE TABLE quarantine (
  game      TEXT NOT NULL REFERENCES games (id),
  first_seq INTEGER NOT NULL,                      -- what a recovery gave up: it stays in the history
  last_seq  INTEGER NOT NULL CHECK (last_seq >= first_seq),
  time      INTEGER NOT NULL,                      -- of the recovery, milliseconds since 1970
  mode      TEXT NOT NULL,
  reason    TEXT NOT NULL,
  PRIMARY KEY (game, first_seq, time)
) STRICT, WITHOUT ROWID;

-- Clocks may jump back, so that of a row's last time alone nobody knows which times are in it.
ALTER TABLE patch_batches ADD COLUMN least_time INTEGER; -- of its records; NULL in rows from before this column
ALTER TABLE patch_batches ADD COLUMN most_time INTEGER;

-- A table's checks cannot be changed in place: snapshots may have more reasons now.
CREATE TABLE snapshots_2 (
  game    TEXT NOT NULL REFERENCES games (id),
  seq     INTEGER NOT NULL,
  tick    INTEGER NOT NULL,
  time    INTEGER NOT NULL,
  version INTEGER NOT NULL,
  tables  TEXT NOT NULL,
  reason  TEXT NOT NULL
    CHECK (reason IN ('create', 'size', 'request', 'records', 'time', 'migrate', 'recover', 'tier', 'import', 'tables')),
  codec   INTEGER NOT NULL CHECK (codec IN (0, 1, 2)),  -- 0 JSON, 1 zlib-deflated JSON, 2 JSON in members of gzip
  sha     BLOB NOT NULL CHECK (length(sha) = 32),       -- SHA-256 of the JSON
  pieces  TEXT CHECK ((pieces IS NULL) = (codec <> 2)), -- [[bytes of the member, table or null], ...]
  body    BLOB NOT NULL,
  PRIMARY KEY (game, seq)
) STRICT, WITHOUT ROWID;

INSERT INTO snapshots_2 SELECT game, seq, tick, time, version, tables, reason, codec, sha, pieces, body FROM snapshots;
DROP TABLE snapshots;
ALTER TABLE snapshots_2 RENAME TO snapshots;
