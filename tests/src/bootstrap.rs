//! The first pool.

use watchword_domain::bootstrap;
use watchword_testkit::Server;

#[tokio::test]
async fn of_nodes_that_start_together_one_makes_the_first_pool() {
    let s = Server::start().await;
    let node = s.second_node().await;
    let both = [&s, &node, &s, &node].map(|n| bootstrap::create_first(&n.services, "Default"));
    let made = futures_util::future::join_all(both).await;
    let made: Vec<_> = made.into_iter().filter_map(|m| m.expect("no error")).collect();
    assert_eq!(made.len(), 1);
    assert!(bootstrap::create_first(&s.services, "Default").await.unwrap().is_none());
}
