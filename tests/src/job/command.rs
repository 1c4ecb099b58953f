//! `watchword user import` and `export`: the program itself, on files.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use watchword_store::{Db, Options};
use watchword_testkit::database::scratch;

use crate::node::{Node, command, init};

/// A data directory with a pool, and files beside it.
struct Place {
    folder: PathBuf,
    data: PathBuf,
    keys: Value,
}

impl Place {
    fn new(name: &str) -> Place {
        let folder = scratch(name);
        let data = folder.join("data");
        std::fs::create_dir_all(&data).unwrap();
        let keys = init(&data);
        Place { folder, data, keys }
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn user(&self, args: &[&str]) -> std::process::Command {
        let mut user = command(&self.folder);
        user.arg("user").args(args).arg("--data").arg(&self.data);
        user.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        user
    }

    fn run(&self, args: &[&str]) -> Output {
        self.user(args).output().unwrap()
    }

    /// The report of an import, and the exit code.
    #[track_caller]
    fn import(&self, file: &Path, args: &[&str]) -> (Value, i32) {
        let done = self.run(&[&["import", file.to_str().unwrap(), "--output", "json"], args].concat());
        let report = serde_json::from_slice(&done.stdout);
        (report.unwrap_or_else(|_| panic!("{}", stderr(&done))), done.status.code().unwrap())
    }

    async fn rows(&self, sql: &str) -> i64 {
        let db = Db::connect(&Options::sqlite(self.data.join("watchword.db"))).await.unwrap();
        db.read().await.unwrap().one::<(i64,)>(&sql.to_owned(), &[]).await.unwrap().0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn stderr(done: &Output) -> String {
    String::from_utf8_lossy(&done.stderr).into_owned()
}

fn table(rows: usize) -> String {
    let mut text = String::from("externalId,username,email,Team\n");
    for i in 0..rows {
        text.push_str(&format!("e{i},user{i},user{i}@example.com,red\n"));
    }
    text
}

#[tokio::test]
async fn an_import_that_is_killed_again_and_again_makes_everybody_once() {
    const ROWS: usize = 8_000;
    let place = Place::new("import-killed");
    let file = place.file("people.csv", table(ROWS));
    let args = ["import", file.to_str().unwrap(), "--map", "Team=customData.team"];
    let mut kills = 0;
    for trial in 0..6 {
        let before = place.rows("SELECT COUNT(*) AS total FROM users").await;
        let mut run = place.user(&args).spawn().unwrap();
        // Until it has done something more, and then a moment longer each time.
        while run.try_wait().unwrap().is_none() && place.rows("SELECT COUNT(*) AS total FROM users").await == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(trial * 17)).await;
        kills += i32::from(run.try_wait().unwrap().is_none());
        run.kill().unwrap();
        run.wait().unwrap();
        let done = place.rows("SELECT COUNT(*) AS total FROM users").await;
        assert_eq!(done, place.rows("SELECT MAX(position) AS position FROM jobs").await, "the job tells what is there");
        if done == ROWS as i64 {
            break;
        }
    }
    assert!(kills > 1, "killed {kills} times");
    let (report, code) = place.import(&file, &["--map", "Team=customData.team"]);
    assert_eq!(code, 0);
    let over = place.rows("SELECT COUNT(*) AS total FROM jobs WHERE state = 'done'").await;
    assert_eq!(over, place.rows("SELECT COUNT(*) AS total FROM jobs").await, "no job is left");
    // Whoever finished in time before the last kill leaves nothing to be made.
    assert!(report["created"] == ROWS && report["unchanged"] == 0 || report["unchanged"] == ROWS, "{report}");
    assert_eq!(place.rows("SELECT COUNT(*) AS total FROM users").await, ROWS as i64);
    assert_eq!(place.rows("SELECT COUNT(*) AS total FROM user_custom_values").await, ROWS as i64);
    let (again, _) = place.import(&file, &["--map", "Team=customData.team"]);
    assert_eq!((&again["unchanged"], &again["created"]), (&json!(ROWS), &json!(0)));
}

#[test]
fn a_dry_run_prints_the_report_of_the_real_run_with_line_and_field() {
    let place = Place::new("import-dry");
    let text = "externalId;username;E-Mail;birthdate\n1;ada;ada@example.com;1815-12-10\n2;bob;no address;\n\n\
                3;ADA;;\n4;dora;;yesterday\n5;erik;;\n1;fred;;\n";
    let file = place.file("people.csv", text);
    let (mut dry, code) = place.import(&file, &["--dry-run"]);
    assert_eq!(code, 6);
    let (mut real, code) = place.import(&file, &[]);
    assert_eq!(code, 6, "done, but for some rows");
    let problems = json!([
        { "line": 3, "field": "email" },
        { "line": 5, "field": "username" },
        { "line": 6, "field": "birthdate" },
        { "line": 8, "field": "externalId" },
    ]);
    let mut told = real["problems"].clone();
    told.as_array_mut().unwrap().iter_mut().for_each(|p| drop(p.as_object_mut().unwrap().remove("message")));
    assert_eq!(told, problems);
    for report in [&mut dry, &mut real] {
        for own in ["jobId", "dryRun", "createdAt", "finishedAt"] {
            report.as_object_mut().unwrap().remove(own);
        }
    }
    assert_eq!(dry, real);
    let people = String::from_utf8(place.run(&["import", file.to_str().unwrap()]).stdout).unwrap();
    assert!(people.contains("unchanged  2") && people.contains("LINE") && people.contains("birthdate"), "{people}");
}

#[test]
fn exit_codes_and_refusals_are_those_of_the_manual() {
    let place = Place::new("import-codes");
    let code = |args: &[&str]| {
        let done = place.run(args);
        (done.status.code().unwrap(), stderr(&done))
    };
    let unknown = place.file("unknown.csv", "username,Shoe size\nada,42\n");
    let (status, said) = code(&["import", unknown.to_str().unwrap()]);
    assert!(status == 2 && said.contains("--map \"Shoe size=-\""), "{status} {said}");
    assert_eq!(code(&["import", "nowhere.csv"]).0, 2);
    assert_eq!(code(&["import", unknown.to_str().unwrap(), "--map", "Shoe size=shoes"]).0, 2);
    assert_eq!(code(&["import", unknown.to_str().unwrap(), "--unknown", "skip"]).0, 0);
    let one_bad = place.file("bad.csv", "username,email\nbob,bob@example.com\ncarl,x\n");
    let (report, status) = place.import(&one_bad, &["--all-or-nothing"]);
    assert_eq!((status, &report["created"], &report["failed"]), (5, &json!(0), &json!(1)));
    let many = place.file("many.csv", table(10_001));
    assert_eq!(code(&["import", many.to_str().unwrap(), "--all-or-nothing", "--unknown", "skip"]).0, 2);
    let torn = place.file("torn.json", "{\"users\":[{\"username\":\"dora\"},{\"username\":");
    let (status, said) = code(&["import", torn.to_str().unwrap()]);
    assert!(status == 2 && said.contains("after 1 entries"), "{status} {said}");
}

#[test]
fn every_format_of_an_export_is_imported_again_and_changes_nothing() {
    let place = Place::new("export-formats");
    let people = "externalId,username,phone,address,customData,passwordHash\n\
                  e1,=cmd|' /C calc'!A1,+14155550123,\"two\nlines\",\"{\"\"n\"\":1,\"\"deep\"\":[1]}\",\
                  $2b$04$60uO9.2XegavR7pscAn5g.BYJILks9vOxXR0yPQZbHPE3zG3sJF9.\n\
                  e2,'tick,,-1,,\n";
    let file = place.file("people.csv", people);
    assert_eq!(place.import(&file, &[]).0["created"], 2);
    for name in ["out.csv", "out.xlsx", "out.jsonl"] {
        let out = place.folder.join(name);
        let done = place.run(&["export", out.to_str().unwrap(), "--with-password-hashes"]);
        assert!(done.status.success(), "{}", stderr(&done));
        let (report, code) = place.import(&out, &["--overwrite-passwords"]);
        assert_eq!((code, &report["failed"]), (0, &json!(0)), "{name}: {report}");
        let (report, code) = place.import(&out, &[]);
        assert_eq!((code, &report["unchanged"]), (0, &json!(2)), "{name}: {report}");
        assert_eq!(place.run(&["export", out.to_str().unwrap()]).status.code(), Some(5), "{name} is not replaced");
        // Into a place where nobody is, and out again: the same lines.
        let other = Place::new("export-other");
        assert_eq!(other.import(&out, &["--keep-ids"]).0["created"], 2, "{name}");
        assert_eq!(lines(&other), lines(&place), "{name}");
    }
    let plain = place.run(&["export", "-"]);
    let plain = String::from_utf8(plain.stdout).unwrap();
    assert!(!plain.contains("$2b$") && plain.contains("'=cmd") && plain.lines().count() == 4, "{plain}");
}

/// What an export says of every user, but for when and how the user came here.
fn lines(place: &Place) -> Vec<Value> {
    let done = place.run(&["export", "-", "--format", "jsonl", "--with-password-hashes"]);
    let text = String::from_utf8(done.stdout).unwrap();
    let own = ["updatedAt", "userSourceId", "passwordSecurityLevel"];
    let line = |line: &str| {
        let mut user: Value = serde_json::from_str(line).unwrap();
        own.iter().for_each(|m| drop(user.as_object_mut().unwrap().remove(*m)));
        user
    };
    text.lines().map(line).collect()
}

/// A user of each system, in files as these systems write them; the hashes are those of the unit tests.
#[tokio::test]
async fn exports_of_other_systems_are_read_as_they_are() {
    let place = Place::new("import-foreign");
    let keycloak = json!({ "realm": "shop", "clients": [{ "x": 1 }], "users": [
        { "id": "k1", "username": "kay", "enabled": true, "credentials": [{ "type": "password",
            "secretData": "{\"value\":\"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=\",\"salt\":\"c2FsdA==\"}",
            "credentialData": "{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}" }] },
        { "username": "odd", "credentials": [{ "type": "password", "secretData": "x" }] }] });
    let file = place.file("realm.json", serde_json::to_string_pretty(&keycloak).unwrap());
    let (report, code) = place.import(&file, &[]);
    assert_eq!((code, &report["created"], &report["problems"][0]["line"]), (6, &json!(1), &json!(2)), "{report}");

    let users = "{\"user_id\":\"auth0|60425dc43519d90068f82973\",\"email\":\"a@example.com\",\"nickname\":\"A\"}\n";
    let hashes = "{\"_id\":{\"$oid\":\"60425dc43519d90068f82973\"},\"passwordHash\":\
                  \"$2b$04$60uO9.2XegavR7pscAn5g.BYJILks9vOxXR0yPQZbHPE3zG3sJF9.\"}\n";
    let (file, hashes) = (place.file("auth0.json", users), place.file("hashes.json", hashes));
    assert_eq!(place.import(&file, &["--auth0-hashes", hashes.to_str().unwrap()]).0["created"], 1);

    let page = |id: &str| {
        json!({ "statusCode": 200, "data": { "totalCount": 2, "list": [{ "userId": id, "username": id,
        "customData": { "city": "Oslo" } }] } })
    };
    let pages = format!("{}\n{}\n", page("64f0c2a1b3d4e5f60718293a"), page("64f0c2a1b3d4e5f60718293b"));
    let file = place.file("genauth.json", pages);
    let (report, _) = place.import(&file, &["--keep-ids", "--map", "customData.city=city"]);
    assert_eq!(report["created"], 2, "{report}");

    let config = "hash_config {\n  algorithm: SCRYPT,\n  base64_signer_key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\
                  gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==,\n  base64_salt_separator: vxA=,\n  rounds: 8,\n  \
                  mem_cost: 8,\n}\n";
    let firebase = json!({ "users": [{ "localId": "f1", "email": "f@example.com", "salt": "ZmlyZXNhbHQ=",
        "passwordHash": "duOX1cdvKjZO1/3Rhv6R+ZqQHE01yXXWXkcGLHSGl9DrlLWUdCOMwxo+P7dytkQPUB/07AylKRtgXprBH+RGPw==" }] });
    let (file, config) = (place.file("firebase.json", firebase.to_string()), place.file("firebase.conf", config));
    assert_eq!(place.import(&file, &["--firebase-config", config.to_str().unwrap()]).0["created"], 1);

    // `_` for `$`, which would be a parameter.
    let sql = "SELECT COUNT(*) AS total FROM users WHERE
        password_hash LIKE '_pbkdf2-sha256_i=27500,l=20_c2FsdA_MTIzNDU2Nzg5MDEyMzQ1Njc4OTA' AND external_id = 'k1'
        OR password_hash LIKE '_2b_04_%' AND external_id LIKE 'auth0|%'
        OR id LIKE '64f0c2a1b3d4e5f60718293_' AND city = 'Oslo' AND custom_data = '{}'
        OR password_hash LIKE '_firebase-scrypt_ln=8,r=8_%' AND external_id = 'f1'";
    assert_eq!(place.rows(sql).await, 5);
    let audit = "SELECT COUNT(*) AS total FROM audit_logs WHERE details LIKE '%2b_04%' OR details LIKE '%example.com%'";
    assert_eq!(place.rows(audit).await, 0, "the trail has neither hashes nor names");
}

/// Makes an organisation with departments of these codes.
async fn company(place: &Place, codes: &[&str]) {
    let node = Node::start(&place.data).await;
    let admin = node.admin(&place.keys).await;
    let organization = json!({ "organizationCode": "hq", "organizationName": "HQ", "metadata": {} });
    admin.post("/api/v3/create-organization", organization).await.ok();
    for code in codes {
        let body = json!({ "organizationCode": "hq", "parentDepartmentId": "root", "name": code, "code": code });
        admin.post("/api/v3/create-department", body).await.ok();
    }
}

/// How many are members of the departments of these codes, and in how many that is the main one.
async fn memberships(place: &Place, code: &str) -> (i64, i64) {
    let of = format!(
        "FROM department_members m JOIN departments d ON d.pool_id = m.pool_id AND d.id = m.department_id
         WHERE d.code = '{code}'"
    );
    let all = place.rows(&format!("SELECT COUNT(*) AS total {of}")).await;
    (all, place.rows(&format!("SELECT COUNT(*) AS total {of} AND m.is_main")).await)
}

#[tokio::test]
async fn departments_go_out_and_in_again_by_their_codes_in_every_format() {
    let place = Place::new("departments");
    company(&place, &["R;D", "ops"]).await;
    let text = "username,Departments,Main department\nada,\"[\"\"R;D\"\",\"\"ops\"\"]\",ops\nbob,ops,\ncarl, ops ; sales,\ndora,,\n";
    let file = place.file("people.csv", text);
    let by_code = ["--department-id-type", "code"];
    let (dry, _) = place.import(&file, &[&by_code[..], &["--dry-run"]].concat());
    assert_eq!(place.rows("SELECT COUNT(*) AS total FROM department_members").await, 0);
    let (report, code) = place.import(&file, &by_code);
    assert_eq!((code, &report["created"]), (6, &json!(3)), "{report}");
    let wrong = json!([{ "line": 4, "field": "departmentIds[1]", "message": "no such department" }]);
    assert_eq!((&report["problems"], &dry["problems"], &dry["created"]), (&wrong, &wrong, &json!(3)));
    assert_eq!((memberships(&place, "R;D").await, memberships(&place, "ops").await), ((1, 0), (2, 2)));

    let other = Place::new("departments-other");
    for (n, name) in ["out.csv", "out.xlsx", "out.jsonl"].into_iter().enumerate() {
        let out = place.folder.join(name);
        let by_id = place.folder.join(format!("id-{name}"));
        let done = place.run(&["export", by_id.to_str().unwrap()]);
        assert!(done.status.success(), "{}", stderr(&done));
        let (report, code) = place.import(&by_id, &[]);
        assert_eq!((code, &report["unchanged"]), (0, &json!(3)), "{name}: {report}");
        let done = place.run(&[&["export", out.to_str().unwrap()], &by_code[..]].concat());
        assert!(done.status.success(), "{}", stderr(&done));
        if n == 0 {
            company(&other, &["R;D", "ops"]).await;
            let (nowhere, code) = other.import(&by_id, &[]);
            assert_eq!((code, &nowhere["failed"]), (6, &json!(2)), "ids of another installation: {nowhere}");
            assert_eq!(other.import(&out, &by_code).0["created"], 2);
        }
        let (report, code) = other.import(&out, &by_code);
        assert_eq!((code, &report["unchanged"]), (0, &json!(3)), "{name}: {report}");
    }
    assert_eq!((memberships(&other, "R;D").await, memberships(&other, "ops").await), ((1, 0), (2, 2)));
    let refused = place.run(&["export", "-", "--department-id-type", "custom_field"]);
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
}
