-- Nobody moves a membership: it is deleted here and inserted there.
CREATE FUNCTION department_members_inserted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO department_counts (pool_id, department_id, members, tree_members)
    SELECT n.pool_id, n.department_id, COUNT(*), 0 FROM inserted n GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (pool_id, department_id) DO UPDATE SET members = department_counts.members + excluded.members;
    RETURN NULL;
END $$;

CREATE FUNCTION department_members_deleted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE department_counts c SET members = c.members - gone.total
    FROM (SELECT o.pool_id, o.department_id, COUNT(*) AS total FROM deleted o GROUP BY 1, 2) gone
    WHERE c.pool_id = gone.pool_id AND c.department_id = gone.department_id;
    RETURN NULL;
END $$;

CREATE TRIGGER department_members_inserted AFTER INSERT ON department_members
REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION department_members_inserted();
CREATE TRIGGER department_members_deleted AFTER DELETE ON department_members
REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION department_members_deleted();

CREATE FUNCTION department_tree_members_inserted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO department_counts (pool_id, department_id, members, tree_members)
    SELECT n.pool_id, n.department_id, 0, COUNT(*) FROM inserted n GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (pool_id, department_id) DO UPDATE SET tree_members = department_counts.tree_members + excluded.tree_members;
    RETURN NULL;
END $$;

CREATE FUNCTION department_tree_members_deleted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE department_counts c SET tree_members = c.tree_members - gone.total
    FROM (SELECT o.pool_id, o.department_id, COUNT(*) AS total FROM deleted o GROUP BY 1, 2) gone
    WHERE c.pool_id = gone.pool_id AND c.department_id = gone.department_id;
    RETURN NULL;
END $$;

CREATE TRIGGER department_tree_members_inserted AFTER INSERT ON department_tree_members
REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION department_tree_members_inserted();
CREATE TRIGGER department_tree_members_deleted AFTER DELETE ON department_tree_members
REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION department_tree_members_deleted();
