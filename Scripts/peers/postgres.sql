-- The seller's job as PostgreSQL does it best. The statements are in Sources/PinBench/Dialects/PostgresDialect.swift: one for
-- each call, prepared, in a transaction of its own. The partial index holds only what is for sale, so that the next card is
-- its first entry; SKIP LOCKED lets sellers pass each other; a reservation's page has room for its change of state, which
-- then touches no index.
CREATE TABLE cards (
  seq bigint NOT NULL, product integer NOT NULL, state smallint NOT NULL, serial text NOT NULL, pin text NOT NULL);
\copy cards from pstdin
-- By hash, so that no plan can look for the next card in this index and walk over all that are sold.
CREATE INDEX cards_by_number ON cards USING hash (seq);
CREATE INDEX cards_for_sale ON cards (product, seq) WHERE state = 0;
CREATE TABLE reservations (
  id uuid PRIMARY KEY, card bigint NOT NULL, state smallint NOT NULL, deadline timestamptz NOT NULL
) WITH (fillfactor = 70);
VACUUM ANALYZE cards;
CHECKPOINT;
