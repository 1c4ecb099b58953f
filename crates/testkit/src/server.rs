//! The real server and its worker on port 0, with a clock that moves only when told to.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use watchword_crypto::vault::MasterKey;
use watchword_domain::passwords::Argon;
use watchword_domain::{Services, Settings, bootstrap};
use watchword_kit::{Clock, Millis};
use watchword_web::pages::Health;
use watchword_web::{Limits, Op};

use crate::client::Client;
use crate::database::{Database, MASTER_KEY, START};

/// A running server. Dropping it stops it and drops its database.
pub struct Server {
    pub clock: Clock,
    pub services: Arc<Services>,
    pub url: String,
    /// The pool made at start.
    pub pool: Pool,
    stop: Option<oneshot::Sender<()>>,
    worker: JoinHandle<()>,
    database: Arc<Database>,
    /// Clones share its connections.
    stranger: Client,
}

/// A pool with its key and application.
#[derive(Clone, Debug)]
pub struct Pool {
    pub id: String,
    pub key_id: String,
    pub key_secret: String,
    pub app_id: String,
    pub app_secret: String,
}

pub fn minutes(n: i64) -> Millis {
    Millis::minutes(n)
}

pub fn seconds(n: i64) -> Millis {
    Millis::seconds(n)
}

/// Password hashing as cheap as it gets: what the tests wait for is not what they test.
pub const CHEAP: Argon = Argon { m_kib: 8, t: 1, p: 1 };

impl Server {
    pub async fn start() -> Server {
        Server::with(|_| {}).await
    }

    /// Starts with changed settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Server {
        let database = Arc::new(Database::fresh().await);
        Server::on(database, Clock::frozen(START), change).await
    }

    /// Empties the database down to what a first start leaves in it, and makes another pool: a new start in all but the
    /// time, for a fraction of its cost. For tests that walk through many cases.
    pub async fn afresh(&mut self) {
        self.database.empty(&self.services.db).await;
        self.pool = self.new_pool("Test pool").await;
    }

    /// Another node on the same database, sharing the clock; it has its own pool of connections and its own port.
    pub async fn second_node(&self) -> Server {
        let mut node = Server::boot(self.database.clone(), self.clock.clone(), |_| {}).await;
        node.pool = self.pool.clone();
        node
    }

    /// Stops this server and starts another one on its database.
    pub async fn restart(mut self) -> Server {
        self.halt();
        let mut again = Server::boot(self.database.clone(), self.clock.clone(), |_| {}).await;
        again.pool = self.pool.clone();
        again
    }

    async fn on(database: Arc<Database>, clock: Clock, change: impl FnOnce(&mut Settings)) -> Server {
        let mut server = Server::boot(database, clock, change).await;
        server.pool = server.new_pool("Test pool").await;
        server
    }

    async fn boot(database: Arc<Database>, clock: Clock, change: impl FnOnce(&mut Settings)) -> Server {
        Server::boot_with(database, clock, change, Vec::new(), Vec::new()).await
    }

    /// A server with operations that no released one has.
    pub async fn with_operations(more: Vec<Op>) -> Server {
        let database = Arc::new(Database::fresh().await);
        let mut server = Server::boot_with(database, Clock::frozen(START), |_| {}, more, Vec::new()).await;
        server.pool = server.new_pool("Test pool").await;
        server
    }

    /// A server that takes the test for a trusted proxy: what it writes into `x-forwarded-for` is believed.
    pub async fn behind_a_proxy(change: impl FnOnce(&mut Settings)) -> Server {
        let database = Arc::new(Database::fresh().await);
        let proxies = vec![IpAddr::from([127, 0, 0, 1])];
        let mut server = Server::boot_with(database, Clock::frozen(START), change, Vec::new(), proxies).await;
        server.pool = server.new_pool("Test pool").await;
        server
    }

    async fn boot_with(
        database: Arc<Database>,
        clock: Clock,
        change: impl FnOnce(&mut Settings),
        more: Vec<Op>,
        trusted_proxies: Vec<IpAddr>,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut settings =
            Settings { public_url: "https://id.example.com".into(), argon: CHEAP, ..Settings::default() };
        change(&mut settings);
        let master = MasterKey::parse(MASTER_KEY).expect("a key");
        let db = database.open(&clock).await;
        let services = Services::start(db, clock.clone(), &master, settings).await.expect("services start");
        let mut ops = watchword_web::operations();
        ops.extend(more);
        let limits = Limits { trusted_proxies: trusted_proxies.clone(), ..Limits::default() };
        let router = watchword_web::router(services.clone(), ops.clone(), limits);
        let router = watchword_web::pages::mount(router, &services, &ops, &Health::ready(), None, &trusted_proxies);
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(watchword::serve::run(listener, router, Default::default(), async {
            drop(stopped.await);
        }));
        let fetch = watchword_send::Fetch::new(true);
        let worker = tokio::spawn(watchword::worker::run(services.clone(), fetch, std::future::pending()));
        let pool = Pool {
            id: String::new(),
            key_id: String::new(),
            key_secret: String::new(),
            app_id: String::new(),
            app_secret: String::new(),
        };
        let stranger = Client::new(&url);
        Server { clock, services, url, pool, stop: Some(stop), worker, database, stranger }
    }

    /// One more pool, for the tests of what must not cross.
    pub async fn new_pool(&self, name: &str) -> Pool {
        let made = bootstrap::create(&self.services, name).await.expect("a pool");
        Pool {
            id: made.user_pool_id,
            key_id: made.access_key_id,
            key_secret: made.access_key_secret.reveal().clone(),
            app_id: made.app_id,
            app_secret: made.app_secret.reveal().clone(),
        }
    }

    /// How many rows of this action the trail of the pool has.
    pub async fn audited(&self, action: &str) -> i64 {
        let mut tx = self.services.db.read().await.expect("a transaction");
        let sql = String::from("SELECT COUNT(*) FROM audit_logs WHERE pool_id = $1 AND action = $2");
        let vals = [self.pool.id.as_str().into(), action.into()];
        tx.one::<(i64,)>(&sql, &vals).await.expect("a count").0
    }

    /// The URL of this server's database.
    pub fn database_url(&self) -> &str {
        &self.database.url
    }

    /// A client that sends no credentials.
    pub fn anonymous(&self) -> Client {
        self.stranger.clone()
    }

    /// A client of the application, before anyone signs in.
    pub fn app(&self) -> Client {
        self.anonymous().header("x-authing-app-id", &self.pool.app_id)
    }

    /// The management client with every permission.
    pub async fn admin(&self) -> Client {
        self.admin_of(&self.pool).await
    }

    pub async fn admin_of(&self, pool: &Pool) -> Client {
        let body = serde_json::json!({ "accessKeyId": pool.key_id, "accessKeySecret": pool.key_secret });
        let reply = self.anonymous().post("/api/v3/get-management-token", body).await.ok();
        self.anonymous().bearer(reply["access_token"].as_str().expect("a token"))
    }

    /// Moves time and wakes the worker, which would otherwise look at the outbox within a second.
    pub fn advance(&self, by: Millis) {
        self.clock.advance(by);
        self.services.outbox.notify_one();
    }

    /// Ends the worker at whatever it is doing, as a crash would.
    pub fn kill_worker(&self) {
        self.worker.abort();
    }

    /// Whether it has ended: an aborted one goes on to its next pause.
    pub fn worker_is_dead(&self) -> bool {
        self.worker.is_finished()
    }

    fn halt(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        self.kill_worker();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.halt();
    }
}
