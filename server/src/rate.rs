//! How many requests a client may make: a bucket of tokens for each address, in a table that does not grow.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Addresses that are remembered. Beyond, those not yet known share one bucket.
const CLIENTS: usize = 4096;

/// Between two clearances of a full table: a look at all of it is not made per request.
const CLEARANCE: Duration = Duration::from_secs(1);

/// What is known as one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    V4([u8; 4]),
    /// A network of 64 bits: that is what one customer has.
    V6([u8; 8]),
    /// A process of this machine.
    Local,
}

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Client {
        match address.to_canonical() {
            IpAddr::V4(address) => Client::V4(address.octets()),
            IpAddr::V6(address) => {
                let mut network = [0; 8];
                network.copy_from_slice(&address.octets()[..8]);
                Client::V6(network)
            }
        }
    }
}

/// The buckets of all clients.
#[derive(Debug)]
pub(crate) struct Rate {
    /// Tokens a second; a bucket holds those of one second, and one at least.
    per_second: f64,
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    buckets: HashMap<Client, Bucket>,
    /// Of all who find the table full.
    others: Bucket,
    cleared: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Rate {
    /// `per_second` requests of each client; any number if that is 0.
    pub(crate) fn new(per_second: f64) -> Rate {
        let others = Bucket { tokens: per_second.max(1.0), at: Instant::now() };
        Rate { per_second, table: Mutex::new(Table { buckets: HashMap::new(), others, cleared: None }) }
    }

    /// Takes a token of `client`'s.
    ///
    /// # Errors
    /// How long until there is one.
    pub(crate) fn admit(&self, client: Client, now: Instant) -> Result<(), Duration> {
        if self.per_second <= 0.0 {
            return Ok(());
        }
        let most = self.per_second.max(1.0);
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let table = &mut *table;
        if table.buckets.len() >= CLIENTS && !table.buckets.contains_key(&client) {
            let due = table.cleared.is_none_or(|cleared| now.duration_since(cleared) >= CLEARANCE);
            if due {
                table.cleared = Some(now);
                // A full bucket says what no bucket says.
                table.buckets.retain(|_, bucket| bucket.filled(self.per_second, now) < most);
            }
        }
        let bucket = if table.buckets.len() < CLIENTS || table.buckets.contains_key(&client) {
            table.buckets.entry(client).or_insert(Bucket { tokens: most, at: now })
        } else {
            &mut table.others
        };
        bucket.tokens = bucket.filled(self.per_second, now).min(most);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::try_from_secs_f64((1.0 - bucket.tokens) / self.per_second).unwrap_or(Duration::MAX))
    }
}

impl Bucket {
    fn filled(&self, per_second: f64, now: Instant) -> f64 {
        self.tokens + now.saturating_duration_since(self.at).as_secs_f64() * per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(n: u32) -> Client {
        Client::V4(n.to_be_bytes())
    }

    #[test]
    fn a_client_has_its_tokens_and_gets_them_back_with_time() {
        let rate = Rate::new(2.0);
        let start = Instant::now();
        let (one, other) = (client(1), client(2));
        assert_eq!([rate.admit(one, start), rate.admit(one, start)], [Ok(()), Ok(())]);
        assert_eq!(rate.admit(one, start), Err(Duration::from_millis(500)));
        assert_eq!(rate.admit(other, start), Ok(()), "another client has its own");
        assert_eq!(rate.admit(one, start + Duration::from_millis(500)), Ok(()));
        assert!(rate.admit(one, start + Duration::from_millis(500)).is_err());
        let later = start + Duration::from_secs(100);
        assert_eq!([rate.admit(one, later), rate.admit(one, later)], [Ok(()), Ok(())]);
        assert!(rate.admit(one, later).is_err(), "a bucket holds a second's tokens");
    }

    #[test]
    fn no_rate_is_no_limit() {
        let rate = Rate::new(0.0);
        assert!((0..10_000).all(|_| rate.admit(client(1), Instant::now()).is_ok()));
    }

    #[test]
    fn the_table_is_bounded_and_forgets_who_is_quiet() {
        let rate = Rate::new(1.0);
        let start = Instant::now();
        let admitted = (0..10_000).filter(|&n| rate.admit(client(n), start).is_ok()).count();
        assert_eq!(admitted, CLIENTS + 1, "those beyond share a bucket");
        let held = |rate: &Rate| rate.table.lock().expect("no panic").buckets.len();
        assert_eq!(held(&rate), CLIENTS);
        assert_eq!(rate.admit(client(20_000), start + Duration::from_secs(2)), Ok(()));
        assert_eq!(held(&rate), 1, "all buckets were full again");
    }

    #[test]
    fn an_address_is_one_client_however_it_is_written() {
        let of = |text: &str| Client::from(text.parse::<IpAddr>().expect("an address"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::2"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
    }
}
