-- Attempts that failed by the trainer's own doing. Workers that die and stores that are away don't count.
ALTER TABLE runs ADD COLUMN failures integer NOT NULL DEFAULT 0;
