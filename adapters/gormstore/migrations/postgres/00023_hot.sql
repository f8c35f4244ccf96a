-- +goose Up
-- Each message of a customer changes their window's row: with room beside it, it is changed there, and no index is touched.
ALTER TABLE reply_windows SET (fillfactor = 80);

-- +goose Down
ALTER TABLE reply_windows RESET (fillfactor);
