-- A member ends with a separator that it cannot contain, so that no keyword is found across two members.
CREATE VIEW user_texts_now AS SELECT pool_id, id,
    COALESCE(phone || char(31), '') || COALESCE(email_key || char(31), '') || COALESCE(name_key || char(31), '') ||
    COALESCE(username_key || char(31), '') || COALESCE(nickname_key || char(31), '') ||
    COALESCE(LOWER(identity_number) || char(31), '') AS main,
    COALESCE(external_id_key || char(31), '') || COALESCE(LOWER(company) || char(31), '') ||
    COALESCE(LOWER(given_name) || char(31), '') || COALESCE(LOWER(family_name) || char(31), '') ||
    COALESCE(LOWER(middle_name) || char(31), '') || COALESCE(LOWER(profile) || char(31), '') ||
    COALESCE(LOWER(preferred_username) || char(31), '') || COALESCE(LOWER(website) || char(31), '') ||
    COALESCE(LOWER(address) || char(31), '') || COALESCE(LOWER(formatted) || char(31), '') ||
    COALESCE(LOWER(street_address) || char(31), '') || COALESCE(LOWER(postal_code) || char(31), '') AS more
FROM users;

CREATE TRIGGER users_inserted AFTER INSERT ON users BEGIN
    INSERT INTO user_texts_recent (pool_id, user_id, main, more)
    SELECT pool_id, id, main, more FROM user_texts_now WHERE pool_id = NEW.pool_id AND id = NEW.id;
    INSERT INTO user_counts (pool_id, status, part, total) VALUES (NEW.pool_id, NEW.status, 0, 1)
    ON CONFLICT (pool_id, status, part) DO UPDATE SET total = total + 1;
END;

CREATE TRIGGER users_deleted AFTER DELETE ON users BEGIN
    DELETE FROM user_texts_recent WHERE pool_id = OLD.pool_id AND user_id = OLD.id;
    DELETE FROM user_texts WHERE pool_id = OLD.pool_id AND user_id = OLD.id;
    UPDATE user_counts SET total = total - 1 WHERE pool_id = OLD.pool_id AND status = OLD.status AND part = 0;
END;

CREATE TRIGGER users_texts_changed
AFTER UPDATE OF phone, email_key, name_key, username_key, nickname_key, identity_number, external_id_key, company, given_name,
    family_name, middle_name, profile, preferred_username, website, address, formatted, street_address, postal_code ON users
WHEN OLD.phone IS NOT NEW.phone OR OLD.email_key IS NOT NEW.email_key OR OLD.name_key IS NOT NEW.name_key OR
    OLD.username_key IS NOT NEW.username_key OR OLD.nickname_key IS NOT NEW.nickname_key OR
    OLD.identity_number IS NOT NEW.identity_number OR OLD.external_id_key IS NOT NEW.external_id_key OR
    OLD.company IS NOT NEW.company OR OLD.given_name IS NOT NEW.given_name OR
    OLD.family_name IS NOT NEW.family_name OR OLD.middle_name IS NOT NEW.middle_name OR
    OLD.profile IS NOT NEW.profile OR OLD.preferred_username IS NOT NEW.preferred_username OR
    OLD.website IS NOT NEW.website OR OLD.address IS NOT NEW.address OR OLD.formatted IS NOT NEW.formatted OR
    OLD.street_address IS NOT NEW.street_address OR OLD.postal_code IS NOT NEW.postal_code
BEGIN
    INSERT INTO user_texts_recent (pool_id, user_id, main, more)
    SELECT pool_id, id, main, more FROM user_texts_now WHERE pool_id = NEW.pool_id AND id = NEW.id
    ON CONFLICT (pool_id, user_id) DO UPDATE SET main = excluded.main, more = excluded.more;
    DELETE FROM user_texts WHERE pool_id = NEW.pool_id AND user_id = NEW.id;
END;

CREATE TRIGGER users_status_changed AFTER UPDATE OF status ON users WHEN OLD.status <> NEW.status BEGIN
    UPDATE user_counts SET total = total - 1 WHERE pool_id = OLD.pool_id AND status = OLD.status AND part = 0;
    INSERT INTO user_counts (pool_id, status, part, total) VALUES (NEW.pool_id, NEW.status, 0, 1)
    ON CONFLICT (pool_id, status, part) DO UPDATE SET total = total + 1;
END;

INSERT INTO user_texts_recent (pool_id, user_id, main, more) SELECT pool_id, id, main, more FROM user_texts_now;
INSERT INTO user_counts (pool_id, status, part, total) SELECT pool_id, status, 0, COUNT(*) FROM users GROUP BY pool_id, status;
