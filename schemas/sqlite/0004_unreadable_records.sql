-- Records that could not be read when they were taken out of the journal, as they stood there, and all later ones of their games.

CREATE TABLE unreadable_records (
  game    TEXT NOT NULL,                           -- it need not be in games: its first record may be one of these
  ordinal INTEGER NOT NULL,                        -- 1, 2, 3, ... of the game, in the order in which they were written
  seq     INTEGER NOT NULL,                        -- the newest seq of the game with this line, as far as lines say theirs
  frame   INTEGER NOT NULL,                        -- of the journal; 0 when it stood in that of another directory
  line    BLOB NOT NULL,                           -- without its line feed
  PRIMARY KEY (game, ordinal)
) STRICT, WITHOUT ROWID;
