-- Nobody moves a membership: it is deleted here and inserted there.
CREATE TRIGGER department_members_inserted AFTER INSERT ON department_members BEGIN
    INSERT INTO department_counts (pool_id, department_id, members, tree_members)
    VALUES (NEW.pool_id, NEW.department_id, 1, 0)
    ON CONFLICT (pool_id, department_id) DO UPDATE SET members = members + 1;
END;

CREATE TRIGGER department_members_deleted AFTER DELETE ON department_members BEGIN
    UPDATE department_counts SET members = members - 1
    WHERE pool_id = OLD.pool_id AND department_id = OLD.department_id;
END;

CREATE TRIGGER department_tree_members_inserted AFTER INSERT ON department_tree_members BEGIN
    INSERT INTO department_counts (pool_id, department_id, members, tree_members)
    VALUES (NEW.pool_id, NEW.department_id, 0, 1)
    ON CONFLICT (pool_id, department_id) DO UPDATE SET tree_members = tree_members + 1;
END;

CREATE TRIGGER department_tree_members_deleted AFTER DELETE ON department_tree_members BEGIN
    UPDATE department_counts SET tree_members = tree_members - 1
    WHERE pool_id = OLD.pool_id AND department_id = OLD.department_id;
END;
