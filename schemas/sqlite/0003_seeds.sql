-- The secret of each game, from which its random numbers follow. A table of its own, so that nothing that shows a game's row shows
-- it. Games from before it have no row here.

CREATE TABLE seeds (
  game TEXT PRIMARY KEY REFERENCES games (id),
  seed TEXT NOT NULL CHECK (length(seed) = 32 AND seed NOT GLOB '*[^0-9a-f]*') -- 16 bytes in hex
) STRICT, WITHOUT ROWID;
