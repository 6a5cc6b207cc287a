-- What pages may ask the network while their worker starts, as JSON.

ALTER TABLE registration ADD COLUMN navigation_preload TEXT NOT NULL
  DEFAULT '{"is_enabled":false,"header_value":"true"}';
