-- Large Blobs are files in the folder beside the database; `bytes` is empty then.
ALTER TABLE attachments ADD COLUMN file INTEGER;

-- The number of the next such file.
ALTER TABLE database ADD COLUMN next_file INTEGER NOT NULL DEFAULT 1;
