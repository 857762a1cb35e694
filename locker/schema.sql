-- Vault format 1. The text of each statement is part of the format: it is
-- compared when a vault is opened. "Insert only" holds under any pragma: the
-- BEFORE INSERT triggers also stop INSERT OR REPLACE, which fires no DELETE
-- trigger. Where SQLite chooses the row's number, NEW has -1 for it.

-- The sealed identity, twice: one flipped bit in the only copy would lose all.
CREATE TABLE key (
  n         INTEGER PRIMARY KEY, -- 1
  recipient TEXT NOT NULL,       -- age1pq1...
  sealed    BLOB NOT NULL        -- age scrypt file holding the identity
) STRICT;
CREATE TABLE key_copy (
  n         INTEGER PRIMARY KEY,
  recipient TEXT NOT NULL,
  sealed    BLOB NOT NULL
) STRICT;

CREATE TABLE record (
  seq      INTEGER PRIMARY KEY, -- from 0; the index in the tree
  incident INTEGER NOT NULL,    -- as in the leaf; 0: none
  leaf     TEXT NOT NULL,       -- what the tree commits to
  sealed   BLOB NOT NULL        -- age file; empty for the genesis
) STRICT;
CREATE INDEX record_incident ON record (incident, seq);
-- The few leaves that speak of the key, found without reading all of them.
CREATE INDEX record_key ON record (seq) WHERE instr(leaf, char(10) || 'key ') > 0;

-- Files. A chunk without its object is staged: its record is not written yet.
CREATE TABLE object (
  id     TEXT PRIMARY KEY, -- 32 hex digits
  seq    INTEGER NOT NULL, -- the record that owns it
  chunks INTEGER NOT NULL, -- how many
  size   INTEGER NOT NULL, -- bytes of the age file
  sha256 BLOB NOT NULL     -- of the age file
) STRICT, WITHOUT ROWID;
CREATE TABLE chunk (
  row    INTEGER PRIMARY KEY,
  object TEXT NOT NULL,
  n      INTEGER NOT NULL, -- from 0
  data   BLOB NOT NULL,    -- up to 1 MiB of the age file
  UNIQUE (object, n)
) STRICT;

-- Stored hashes of the tree, in the numbering of golang.org/x/mod/sumdb/tlog.
CREATE TABLE node (
  id   INTEGER PRIMARY KEY, -- from 0
  hash BLOB NOT NULL        -- 32 bytes
) STRICT;

-- Not keyed by size: whoever cuts records off leaves their head behind, as the
-- proof of it, and the next record is a second one of that size.
CREATE TABLE head (
  id   INTEGER PRIMARY KEY,
  size INTEGER NOT NULL, -- leaves
  note TEXT NOT NULL     -- signed checkpoint
) STRICT;
CREATE INDEX head_size ON head (size);

-- Time-stamps over heads.
CREATE TABLE token (
  id   INTEGER PRIMARY KEY,
  size INTEGER NOT NULL, -- of the head
  kind TEXT NOT NULL,
  data BLOB NOT NULL
) STRICT;

-- What commands must know without the passphrase. Changes, stands outside the
-- tree, is never backed up.
CREATE TABLE local (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  sum   TEXT NOT NULL -- first 16 hex digits of SHA-256 over name, newline, value
) STRICT, WITHOUT ROWID;

CREATE TRIGGER key_delete BEFORE DELETE ON key BEGIN SELECT RAISE(ABORT, 'keys are kept'); END;
CREATE TRIGGER key_copy_delete BEFORE DELETE ON key_copy BEGIN SELECT RAISE(ABORT, 'keys are kept'); END;
CREATE TRIGGER key_insert BEFORE INSERT ON key WHEN EXISTS (SELECT 1 FROM key WHERE n = NEW.n)
BEGIN SELECT RAISE(ABORT, 'keys are kept'); END;
CREATE TRIGGER key_copy_insert BEFORE INSERT ON key_copy WHEN EXISTS (SELECT 1 FROM key_copy WHERE n = NEW.n)
BEGIN SELECT RAISE(ABORT, 'keys are kept'); END;

CREATE TRIGGER record_update BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'records are insert only'); END;
CREATE TRIGGER record_delete BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'records are insert only'); END;
CREATE TRIGGER record_insert BEFORE INSERT ON record WHEN NEW.seq IS NOT (SELECT coalesce(max(seq) + 1, 0) FROM record)
BEGIN SELECT RAISE(ABORT, 'records are insert only'); END;

CREATE TRIGGER object_update BEFORE UPDATE ON object BEGIN SELECT RAISE(ABORT, 'objects are insert only'); END;
CREATE TRIGGER object_delete BEFORE DELETE ON object BEGIN SELECT RAISE(ABORT, 'objects are insert only'); END;
CREATE TRIGGER object_insert BEFORE INSERT ON object WHEN EXISTS (SELECT 1 FROM object WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'objects are insert only'); END;

CREATE TRIGGER chunk_update BEFORE UPDATE ON chunk BEGIN SELECT RAISE(ABORT, 'chunks are insert only'); END;
CREATE TRIGGER chunk_delete BEFORE DELETE ON chunk WHEN EXISTS (SELECT 1 FROM object WHERE id = OLD.object)
BEGIN SELECT RAISE(ABORT, 'only staged chunks can go'); END;
CREATE TRIGGER chunk_insert BEFORE INSERT ON chunk
WHEN EXISTS (SELECT 1 FROM object WHERE id = NEW.object)
  OR EXISTS (SELECT 1 FROM chunk WHERE row = NEW.row AND row > 0)
  OR NEW.n IS NOT (SELECT coalesce(max(n) + 1, 0) FROM chunk WHERE object = NEW.object)
BEGIN SELECT RAISE(ABORT, 'chunks are insert only'); END;

CREATE TRIGGER node_update BEFORE UPDATE ON node BEGIN SELECT RAISE(ABORT, 'nodes are insert only'); END;
CREATE TRIGGER node_delete BEFORE DELETE ON node BEGIN SELECT RAISE(ABORT, 'nodes are insert only'); END;
CREATE TRIGGER node_insert BEFORE INSERT ON node WHEN NEW.id IS NOT (SELECT coalesce(max(id) + 1, 0) FROM node)
BEGIN SELECT RAISE(ABORT, 'nodes are insert only'); END;

CREATE TRIGGER head_update BEFORE UPDATE ON head BEGIN SELECT RAISE(ABORT, 'heads are insert only'); END;
CREATE TRIGGER head_delete BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'heads are insert only'); END;
CREATE TRIGGER head_insert BEFORE INSERT ON head WHEN EXISTS (SELECT 1 FROM head WHERE id = NEW.id AND id > 0)
BEGIN SELECT RAISE(ABORT, 'heads are insert only'); END;

CREATE TRIGGER token_update BEFORE UPDATE ON token BEGIN SELECT RAISE(ABORT, 'tokens are insert only'); END;
CREATE TRIGGER token_delete BEFORE DELETE ON token BEGIN SELECT RAISE(ABORT, 'tokens are insert only'); END;
CREATE TRIGGER token_insert BEFORE INSERT ON token WHEN EXISTS (SELECT 1 FROM token WHERE id = NEW.id AND id > 0)
BEGIN SELECT RAISE(ABORT, 'tokens are insert only'); END;
