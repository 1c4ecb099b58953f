//! How many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Clone)]
pub struct Places {
    all: Arc<Semaphore>,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
    per_address: usize,
    exempt: Arc<[IpAddr]>,
}

/// A connection's place, given back when dropped.
pub struct Place {
    places: Places,
    address: Option<IpAddr>,
    _free: OwnedSemaphorePermit,
}

impl Places {
    pub fn new(all: usize, per_address: usize, exempt: Vec<IpAddr>) -> Places {
        Places {
            all: Arc::new(Semaphore::new(all.min(Semaphore::MAX_PERMITS))),
            by_address: Arc::default(),
            per_address,
            exempt: exempt.into(),
        }
    }

    /// Waits until there is room at all.
    pub async fn one_free(&self) -> Option<OwnedSemaphorePermit> {
        self.all.clone().acquire_owned().await.ok()
    }

    /// The place, unless this address has its share.
    pub fn take(&self, free: Option<OwnedSemaphorePermit>, peer: IpAddr) -> Option<Place> {
        let free = free?;
        let address = (!self.exempt.contains(&peer)).then(|| household(peer));
        if let Some(address) = address {
            let mut counts = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(address).or_insert(0);
            if *count >= self.per_address {
                metrics::counter!("watchword_connections_refused_total").increment(1);
                return None;
            }
            *count += 1;
        }
        metrics::gauge!("watchword_connections").increment(1);
        Some(Place { places: self.clone(), address, _free: free })
    }

    /// Like [`Places::take`], without waiting.
    pub fn take_now(&self, peer: IpAddr) -> Option<Place> {
        self.take(self.all.clone().try_acquire_owned().ok(), peer)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        metrics::gauge!("watchword_connections").decrement(1);
        let Some(address) = self.address else { return };
        let mut counts = self.places.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&address);
            }
        }
    }
}

/// Whoever has one IPv6 address has the 2^64 beside it.
fn household(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.into(),
            None => {
                let [a, b, c, d, ..] = v6.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_its_share_and_leaves_the_rest_to_others() {
        let places = Places::new(10, 2, vec!["10.0.0.9".parse().unwrap()]);
        let take = |ip: &str| places.take_now(ip.parse().unwrap());
        let first = (take("10.0.0.1"), take("::ffff:10.0.0.1"));
        assert!(first.0.is_some() && first.1.is_some());
        assert!(take("10.0.0.1").is_none());
        let other = take("10.0.0.2");
        assert!(other.is_some());
        drop(first.0);
        assert!(take("10.0.0.1").is_some());
        let proxy: Vec<_> = (0..5).map(|_| take("10.0.0.9")).collect();
        assert!(proxy.iter().all(Option::is_some));
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let places = Places::new(10, 1, Vec::new());
        let first = places.take_now("2001:db8:0:1::1".parse().unwrap());
        assert!(first.is_some());
        assert!(places.take_now("2001:db8:0:1:ffff::2".parse().unwrap()).is_none());
        assert!(places.take_now("2001:db8:0:2::1".parse().unwrap()).is_some());
    }
}
