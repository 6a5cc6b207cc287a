-- The policy that a script's response names for the requests of its worker.

ALTER TABLE script ADD COLUMN referrer_policy TEXT NOT NULL DEFAULT '';
