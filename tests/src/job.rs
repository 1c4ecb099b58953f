//! Import and export of users: jobs of the API, commands of the program, hashes of other systems.

mod api;
mod command;
mod departments;
mod dry;
mod hashes;

use serde_json::Value;
use watchword_testkit::{Client, Server};

/// Imports by the API and waits for the end of the job; answers its report.
pub async fn import(s: &Server, body: Value) -> Value {
    let admin = s.admin().await;
    let begun = admin.post("/api/v3/import-users", body).await.ok();
    ended(s, &admin, begun["jobId"].as_str().expect("a job")).await
}

/// The report of a job that is over.
async fn ended(s: &Server, admin: &Client, job: &str) -> Value {
    for _ in 0..6_000 {
        let report = admin.get(&format!("/api/v3/get-import-job?jobId={job}")).await.ok();
        if report["state"] != "running" {
            return report;
        }
        s.services.jobs.notify_one();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the job {job} does not end");
}

/// What is wrong with each row, by its number.
fn problems(report: &Value) -> Vec<(i64, String)> {
    let list = report["problems"].as_array().expect("problems").iter();
    list.map(|p| (p["line"].as_i64().unwrap(), p["field"].as_str().unwrap().to_owned())).collect()
}
