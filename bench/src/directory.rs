//! The directory: a million users, 20,000 departments, 200 roles; and a thousand users in a database of their own, to
//! tell what grows with the table.

mod batch;
mod company;
mod people;
mod search;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use watchword_crypto::password;
use watchword_domain::ctx::Ctx;
use watchword_domain::{Audit, Services};
use watchword_kit::PoolId;
use watchword_store::user::search::segment::{self, SEGMENT};

use self::company::Company;
use self::people::{Person, person};
use self::search::Page;
use crate::load::{self, Load};
use crate::result::{Baseline, Row, Target, medians};
use crate::seed::AccessKey;
use crate::server::{Process, free_address};
use crate::work::{Exists, Read};
use crate::{Plan, Result, baseline, bulk, note, said, seed, server};

const CONNECTIONS: usize = 64;
/// Users of the small database.
const FEW: u64 = 1_000;
/// How long the worker may take to index everybody.
const PATIENCE: Duration = Duration::from_secs(900);
/// The longest that a page may take, in milliseconds.
const PROMPT: f64 = 50.0;
/// How many times the time among a thousand users it may be, where the table is a thousand times as large.
const STEADY: f64 = 10.0;

/// How many there are.
struct Size {
    users: u64,
    departments: usize,
}

/// One installation and its server.
struct Place {
    users: u64,
    services: Arc<Services>,
    pool: PoolId,
    company: Company,
    ids: Arc<Vec<String>>,
    server: Process,
    at: SocketAddr,
    /// Its `Authorization` line.
    management: String,
}

/// Every row of the directory.
pub async fn run(plan: &Plan) -> Result<Vec<Row>> {
    let size = match plan.quick {
        true => Size { users: 100_000, departments: 2_000 },
        false => Size { users: 1_000_000, departments: 20_000 },
    };
    let (many, few) = (plan.beside("directory").await?, plan.beside("few").await?);
    let mut rows = Vec::new();
    let many = Run { place: Place::make(&many, &size, Some(&mut rows)).await?, plan: &many };
    let few = Run { place: Place::make(&few, &Size { users: FEW, departments: 20 }, None).await?, plan: &few };
    rows.extend(reads(&many, &few).await?);
    for case in search::cases() {
        rows.push(answered(&case, &many, &few).await?);
    }
    rows.push(batch::create(&many).await?);
    rows.extend(batch::with_rules(&few).await?);
    Ok(rows)
}

impl Place {
    /// An installation whose users came by `watchword user import`. What that took goes to `rows`.
    async fn make(plan: &Plan, size: &Size, mut rows: Option<&mut Vec<Row>>) -> Result<Place> {
        let at = free_address()?;
        let made = seed::init(plan)?;
        let services = seed::open(plan, &format!("http://{at}")).await?;
        let pool = PoolId::new(seed::text(&made, "userPoolId")?);
        let ctx = Ctx::system(services.clone(), pool.clone(), Audit::PoolCreate);
        let file = plan.data.join("people.csv");
        let hash = password::hash(seed::PASSWORD, ctx.passwords.argon(), &ctx.entropy);
        people::write_csv(&file, size.users, &hash)?;
        let (took, peak) = import(plan, &file).await?;
        let _ = std::fs::remove_file(&file);
        let begun = Instant::now();
        let ids = company::ids(&services, &pool).await?;
        if ids.len() as u64 != size.users {
            return Err(format!("{} users were imported", ids.len()));
        }
        let company = company::found(&ctx, size.departments, &ids).await?;
        services.db.checkpoint().await.map_err(said)?;
        note(&format!("{} departments and their members in {:.0?}", size.departments, begun.elapsed()));
        analyze(plan).await?;
        let server = Process::serve(plan, at).await?;
        let ready = server.ready_after.as_secs_f64() * 1000.0;
        let begun = Instant::now();
        indexed(&services, &pool, size.users).await?;
        let indexing = begun.elapsed().as_secs_f64();
        note(&format!("the search index is there after {indexing:.0} s"));
        analyze(plan).await?;
        if let Some(rows) = rows.as_mut() {
            let users = counted(size.users);
            let rate = size.users as f64 / took.as_secs_f64();
            rows.push(Row::told(format!("user import, {users} rows of CSV"), rate, "users/s"));
            rows.push(Row::at_most("the same, peak memory", peak, "MiB", 200.0));
            rows.push(Row::told("the same, until the server has indexed them for searches", indexing, "s"));
            rows.push(Row::at_most(format!("ready after the start, {users} users"), ready, "ms", 300.0));
        }
        let key = AccessKey { id: seed::text(&made, "accessKeyId")?, secret: seed::text(&made, "accessKeySecret")? };
        let management = key.header(at).await?;
        Ok(Place { users: size.users, services, pool, company, ids: Arc::new(ids), server, at, management })
    }

    fn person(&self, n: u64) -> Person {
        person(n % self.users, self.users)
    }
}

/// `watchword user import`: how long it takes, and its greatest resident memory in MiB.
async fn import(plan: &Plan, file: &Path) -> Result<(Duration, f64)> {
    let mut import = Command::new(&plan.watchword);
    import.args(["user", "import"]).arg(file).arg("--data").arg(&plan.data).args(["--output", "json"]);
    if let Some(url) = &plan.database {
        import.args(["--database", url]);
    }
    let (took, peak) = server::run_to_end(import, &plan.data.join("import.log")).await?;
    note(&format!("user import: {took:.1?}, at most {peak:.0} MiB"));
    Ok((took, peak))
}

/// As it would have been long ago in a database of this age.
async fn analyze(plan: &Plan) -> Result {
    match &plan.database {
        Some(url) => bulk::connect(url).await?.batch_execute("VACUUM ANALYZE").await.map_err(said),
        None => Ok(()),
    }
}

/// Waits until the worker has made segments of all texts but the last few.
async fn indexed(services: &Services, pool: &PoolId, users: u64) -> Result {
    if users < SEGMENT as u64 {
        return Ok(());
    }
    let begun = Instant::now();
    loop {
        let mut tx = services.db.scan().await.map_err(said)?;
        if !segment::has_recent(&mut tx, pool, SEGMENT).await.map_err(said)? {
            return Ok(());
        }
        drop(tx);
        if begun.elapsed() > PATIENCE {
            return Err("the search index does not come to an end".into());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

struct Run<'a> {
    plan: &'a Plan,
    place: Place,
}

/// get-user and is-user-exists, against the constant reply and against few users.
async fn reads(many: &Run<'_>, few: &Run<'_>) -> Result<Vec<Row>> {
    let length = Duration::from_secs_f64(if many.plan.quick { 1.5 } else { 3.0 });
    let mut all = Vec::new();
    for _ in 0..many.passes() {
        let constant = baseline::constant(length).await?;
        let a = Baseline { name: "(a) constant JSON, 64 connections", value: constant.per_second };
        let mut rows = Vec::new();
        let users = counted(many.place.users);
        let (some, here) = (many.read(length).await?, few.read(length).await?);
        rows.extend(compared(format!("get-user, {users} users, 64 connections"), &some, &here, &a));
        let (some, here) = (many.exists(length).await?, few.exists(length).await?);
        rows.extend(compared(format!("is-user-exists, {users} users, 64 connections"), &some, &here, &a));
        all.push(rows);
    }
    Ok(medians(all))
}

fn compared(name: String, many: &Load, few: &Load, a: &Baseline) -> [Row; 2] {
    let few = Baseline { name: "with 1,000 users", value: few.per_second };
    [Row::rate(name, many, a, 0.25, None), Row { latency: None, ..Row::rate("the same", many, &few, 0.75, None) }]
}

impl Run<'_> {
    fn passes(&self) -> u64 {
        if self.plan.quick { 1 } else { 3 }
    }

    async fn read(&self, length: Duration) -> Result<Load> {
        let Place { management, ids, .. } = &self.place;
        let work = |n| Read { management: management.clone(), ids: ids.clone(), next: n * 97 };
        self.load("get-user", (0..CONNECTIONS).map(work).collect(), length).await
    }

    async fn exists(&self, length: Duration) -> Result<Load> {
        let body = |n: u64| {
            let Person { username, email, phone, external_id, .. } = self.place.person(people::mix(n));
            match n % 4 {
                0 => format!(r#"{{"username":"{username}"}}"#),
                1 => format!(r#"{{"email":"{email}"}}"#),
                2 => format!(r#"{{"phone":"{phone}"}}"#),
                _ => format!(r#"{{"externalId":"{external_id}"}}"#),
            }
        };
        let bodies: Arc<Vec<String>> = Arc::new((0..100_000).map(body).collect());
        let work = |n| Exists { management: self.place.management.clone(), bodies: bodies.clone(), next: n * 97 };
        self.load("is-user-exists", (0..CONNECTIONS).map(work).collect(), length).await
    }

    async fn load<W: load::Work>(&self, name: &str, works: Vec<W>, length: Duration) -> Result<Load> {
        let before = self.place.server.cpu()?;
        let done = load::run(self.place.at, works, length / 8, length).await.map_err(|e| format!("{name}: {e}"))?;
        let micros = (self.place.server.cpu()? - before) * 1e6 / (done.requests as f64 * 1.125).max(1.0);
        let (users, rate) = (counted(self.place.users), done.per_second);
        note(&format!("{name}, {users} users: {rate:.0}/s, about {micros:.0} µs of the server's CPU each"));
        Ok(done)
    }

    /// Different requests of one kind, one after the other.
    async fn ask(&self, case: &search::Case) -> Result<Load> {
        let times = if self.plan.quick { 100 } else { 400 };
        let work = Page::of(case, &self.place, times);
        let patience = Duration::from_secs(60);
        load::run(self.place.at, vec![work], Duration::ZERO, patience).await.map_err(|e| format!("{}: {e}", case.name))
    }
}

/// How long one kind of search takes for 99 of 100, and what it takes among few: a table a thousand times as large must
/// not tell.
async fn answered(case: &search::Case, many: &Run<'_>, few: &Run<'_>) -> Result<Row> {
    let (here, there) = (many.ask(case).await?, few.ask(case).await?);
    note(&format!(
        "{}: {:.1} ms, {:.1} ms; few: {:.1} ms, {:.1} ms",
        case.name, here.median, here.p99, there.median, there.p99
    ));
    Ok(Row {
        latency: Some((here.median, here.p99)),
        against: Some(Baseline { name: "with 1,000 users", value: there.p99 }),
        target: Target::Steady { most: PROMPT, times: STEADY },
        ..Row::told(case.name, here.p99, "ms")
    })
}

/// With commas between thousands.
fn counted(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
