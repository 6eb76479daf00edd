//! The places of open streams, which the clients share by their addresses.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places of a gateway. The last quarter is only for addresses that hold less than a quarter: one client that opens many
/// connections cannot use all places.
#[derive(Clone, Debug)]
pub(super) struct Places {
    max: u32,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    total: u32,
    /// `None` for connections without an address.
    by_network: HashMap<Option<IpAddr>, u32>,
}

/// The reason why a client gets no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// All places are taken.
    All,
    /// The address holds this many places, which is its share, and few are free.
    Share(u32),
}

/// The place of one stream. It is free again when this value is dropped.
#[derive(Debug)]
pub(super) struct Place {
    taken: Arc<Mutex<Taken>>,
    network: Option<IpAddr>,
}

impl Places {
    pub(super) fn new(max: u32) -> Self {
        Self { max, taken: Arc::default() }
    }

    /// Takes a place for a client with this address.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub(super) fn take(&self, peer: Option<IpAddr>) -> Result<Place, Full> {
        let network = peer.map(network);
        let quarter = self.max / 4;
        let mut taken = lock(&self.taken);
        let held = taken.by_network.get(&network).copied().unwrap_or_default();
        if taken.total >= self.max {
            return Err(Full::All);
        }
        if taken.total >= self.max.saturating_sub(quarter) && held >= quarter {
            return Err(Full::Share(held));
        }
        taken.total = taken.total.saturating_add(1);
        taken.by_network.insert(network, held.saturating_add(1));
        Ok(Place { taken: Arc::clone(&self.taken), network })
    }

    #[cfg(test)]
    pub(super) fn free(&self) -> u32 {
        self.max - lock(&self.taken).total
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.total = taken.total.saturating_sub(1);
        let held = taken.by_network.get(&self.network).copied().unwrap_or_default();
        match held.saturating_sub(1) {
            0 => taken.by_network.remove(&self.network),
            held => taken.by_network.insert(self.network, held),
        };
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The addresses that one client can have: an IPv4 address, or an IPv6 network of 64 bits (RFC 4291 §2.5.4).
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_all(places: &Places, peer: &str) -> (Vec<Place>, Full) {
        let mut held = Vec::new();
        loop {
            match places.take(Some(peer.parse().unwrap())) {
                Ok(place) => held.push(place),
                Err(full) => return (held, full),
            }
        }
    }

    #[test]
    fn one_address_leaves_room_for_others() {
        for (max, first, second) in [(1, 1, 0), (3, 3, 0), (4, 3, 1), (8, 6, 2), (4096, 3072, 1024)] {
            for (same, other) in [
                ("192.0.2.1", "192.0.2.2"),
                ("::ffff:192.0.2.1", "192.0.2.2"),
                ("2001:db8::1", "2001:db8:0:1::1"),
            ] {
                let places = Places::new(max);
                let (held, full) = take_all(&places, same);
                assert_eq!(held.len(), first, "{max} places, {same}");
                let expected = if second == 0 { Full::All } else { Full::Share(max - max / 4) };
                assert_eq!(full, expected, "{max} places, {same}");
                let (others, full) = take_all(&places, other);
                assert_eq!((others.len(), full), (second, Full::All), "{max} places, {other}");
                drop((held, others));
                assert_eq!((places.free(), lock(&places.taken).by_network.len()), (max, 0));
            }
        }
    }

    #[test]
    fn addresses_of_one_network_share() {
        for (one, same) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1", "::ffff:192.0.2.1"),
            ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff"),
        ] {
            let places = Places::new(8);
            let (held, _) = take_all(&places, one);
            assert_eq!(places.take(Some(same.parse().unwrap())).unwrap_err(), Full::Share(6), "{same}");
            drop(held);
        }
    }
}
