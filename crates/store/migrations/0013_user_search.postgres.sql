-- A member ends with a separator that it cannot contain, so that no keyword is found across two members.
CREATE FUNCTION user_text_main(u users) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT
    COALESCE(u.phone || chr(31), '') || COALESCE(u.email_key || chr(31), '') ||
    COALESCE(u.name_key || chr(31), '') || COALESCE(u.username_key || chr(31), '') ||
    COALESCE(u.nickname_key || chr(31), '') || COALESCE(LOWER(u.identity_number) || chr(31), '')
$$;

CREATE FUNCTION user_text_more(u users) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT
    COALESCE(u.external_id_key || chr(31), '') || COALESCE(LOWER(u.company) || chr(31), '') ||
    COALESCE(LOWER(u.given_name) || chr(31), '') || COALESCE(LOWER(u.family_name) || chr(31), '') ||
    COALESCE(LOWER(u.middle_name) || chr(31), '') || COALESCE(LOWER(u.profile) || chr(31), '') ||
    COALESCE(LOWER(u.preferred_username) || chr(31), '') || COALESCE(LOWER(u.website) || chr(31), '') ||
    COALESCE(LOWER(u.address) || chr(31), '') || COALESCE(LOWER(u.formatted) || chr(31), '') ||
    COALESCE(LOWER(u.street_address) || chr(31), '') || COALESCE(LOWER(u.postal_code) || chr(31), '')
$$;

-- Sessions count in different parts, mostly.
CREATE FUNCTION user_count_part() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT (pg_backend_pid() % 64)::bigint $$;

CREATE FUNCTION users_inserted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO user_texts_recent (pool_id, user_id, main, more)
    SELECT n.pool_id, n.id, user_text_main(n), user_text_more(n) FROM inserted n;
    INSERT INTO user_counts (pool_id, status, part, total)
    SELECT n.pool_id, n.status, user_count_part(), COUNT(*) FROM inserted n GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (pool_id, status, part) DO UPDATE SET total = user_counts.total + excluded.total;
    RETURN NULL;
END $$;

CREATE FUNCTION users_deleted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    -- In this order: a row that is being moved from the first to the second is then found in the second.
    DELETE FROM user_texts_recent WHERE pool_id = OLD.pool_id AND user_id = OLD.id;
    DELETE FROM user_texts WHERE pool_id = OLD.pool_id AND user_id = OLD.id;
    INSERT INTO user_counts (pool_id, status, part, total) VALUES (OLD.pool_id, OLD.status, user_count_part(), -1)
    ON CONFLICT (pool_id, status, part) DO UPDATE SET total = user_counts.total - 1;
    RETURN NULL;
END $$;

CREATE FUNCTION users_texts_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    -- In this order, as above.
    INSERT INTO user_texts_recent (pool_id, user_id, main, more)
    VALUES (NEW.pool_id, NEW.id, user_text_main(NEW), user_text_more(NEW))
    ON CONFLICT (pool_id, user_id) DO UPDATE SET main = excluded.main, more = excluded.more;
    DELETE FROM user_texts WHERE pool_id = NEW.pool_id AND user_id = NEW.id;
    RETURN NULL;
END $$;

CREATE FUNCTION users_status_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO user_counts (pool_id, status, part, total)
    VALUES (OLD.pool_id, OLD.status, user_count_part(), -1), (NEW.pool_id, NEW.status, user_count_part(), 1)
    ON CONFLICT (pool_id, status, part) DO UPDATE SET total = user_counts.total + excluded.total;
    RETURN NULL;
END $$;

CREATE TRIGGER users_inserted AFTER INSERT ON users
REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION users_inserted();
CREATE TRIGGER users_deleted AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION users_deleted();
CREATE TRIGGER users_texts_changed
AFTER UPDATE OF phone, email_key, name_key, username_key, nickname_key, identity_number, external_id_key, company, given_name,
    family_name, middle_name, profile, preferred_username, website, address, formatted, street_address, postal_code ON users
FOR EACH ROW WHEN (
    ROW (OLD.phone, OLD.email_key, OLD.name_key, OLD.username_key, OLD.nickname_key, OLD.identity_number,
        OLD.external_id_key, OLD.company, OLD.given_name, OLD.family_name, OLD.middle_name, OLD.profile,
        OLD.preferred_username, OLD.website, OLD.address, OLD.formatted, OLD.street_address, OLD.postal_code)
    IS DISTINCT FROM
    ROW (NEW.phone, NEW.email_key, NEW.name_key, NEW.username_key, NEW.nickname_key, NEW.identity_number,
        NEW.external_id_key, NEW.company, NEW.given_name, NEW.family_name, NEW.middle_name, NEW.profile,
        NEW.preferred_username, NEW.website, NEW.address, NEW.formatted, NEW.street_address, NEW.postal_code)
) EXECUTE FUNCTION users_texts_changed();
CREATE TRIGGER users_status_changed AFTER UPDATE OF status ON users
FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION users_status_changed();

INSERT INTO user_texts_recent (pool_id, user_id, main, more)
SELECT u.pool_id, u.id, user_text_main(u), user_text_more(u) FROM users u;
INSERT INTO user_counts (pool_id, status, part, total) SELECT pool_id, status, 0, COUNT(*) FROM users GROUP BY pool_id, status;
