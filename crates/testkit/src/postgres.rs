//! The PostgreSQL server on which tests run, if there is one. The tests of `watchword-store` have this file, too: they
//! cannot use a crate that is made of theirs.

/// What the test runner names; without it tests run on SQLite.
pub fn url() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the test runner says which engine")]
    let url = std::env::var("WATCHWORD_TEST_DATABASE").ok();
    url.filter(|url| !url.is_empty())
}

/// The same server's database of this name.
pub fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, String::new()), |(b, q)| (b, format!("?{q}")));
    let base = base.rsplit_once('/').map_or(base, |(b, _)| b);
    format!("{base}/{name}{query}")
}

/// Runs statements on a connection of their own.
pub async fn run_sql(url: &str, sql: &str) {
    let (client, driver) = connect(url).await;
    client.batch_execute(sql).await.expect("the statement runs");
    drop(client);
    drop(driver.await);
}

type Driver = tokio::task::JoinHandle<Result<(), tokio_postgres::Error>>;

/// A connection, and the task that keeps it up as long as the client lives.
pub async fn connect(url: &str) -> (tokio_postgres::Client, Driver) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("PostgreSQL answers");
    (client, tokio::spawn(connection))
}
