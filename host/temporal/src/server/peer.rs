//! The other end of a connection.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    Tcp(SocketAddr),
    /// A process of this machine, and the user it runs as.
    Unix {
        user: Option<u32>,
    },
}

impl Peer {
    /// Returns the address that connections and log lines are counted by. One IPv6 customer has a whole
    /// /64 to connect from, so that network counts as one. A Unix socket's file says who may connect,
    /// and its clients are not told apart.
    pub(super) fn group(self) -> Option<IpAddr> {
        let Self::Tcp(address) = self else {
            return None;
        };
        Some(match address.ip().to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (!0 << 64))),
            v4 => v4,
        })
    }

    /// Returns the name that repeated log lines are counted by.
    pub(super) fn name(self) -> String {
        self.group().map_or_else(|| self.to_string(), |group| group.to_string())
    }

    /// Returns whether the file system has decided who may connect.
    pub(super) fn is_unix(self) -> bool {
        matches!(self, Self::Unix { .. })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix { user: Some(user) } => write!(f, "unix:user={user}"),
            Self::Unix { user: None } => f.write_str("unix"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_customer_count_together() {
        let group = |address: &str| Peer::Tcp(address.parse().unwrap()).group().unwrap();
        assert_eq!(group("10.0.0.1:1"), group("10.0.0.1:2"));
        assert_ne!(group("10.0.0.1:1"), group("10.0.0.2:1"));
        assert_eq!(group("[::ffff:10.0.0.1]:1"), group("10.0.0.1:2"));
        assert_eq!(group("[2001:db8::1]:1"), group("[2001:db8::ffff:0:0:2]:1"));
        assert_ne!(group("[2001:db8::1]:1"), group("[2001:db8:0:1::1]:1"));
        assert_eq!(Peer::Unix { user: Some(7) }.group(), None);
    }
}
