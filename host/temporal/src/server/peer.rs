//! Client end of a connection.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

/// Client end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    Tcp(SocketAddr),
    /// A process of this machine, with the user it runs as.
    Unix {
        user: Option<u32>,
    },
}

impl Peer {
    /// Returns the address that limits are counted by, or `None` for a Unix socket.
    ///
    /// An IPv6 address counts by its /64: one customer has that whole network and could pick a
    /// fresh address for each connection. The file mode of a Unix socket limits its clients
    /// already.
    pub(super) fn group(self) -> Option<IpAddr> {
        let Self::Tcp(address) = self else {
            return None;
        };
        Some(match address.ip().to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (!0 << 64))),
            v4 => v4,
        })
    }

    /// Returns the name that log lines are counted by.
    pub(super) fn name(self) -> String {
        self.group().map_or_else(|| self.to_string(), |group| group.to_string())
    }

    /// Returns whether the client came through a Unix socket, whose file mode admitted it.
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
    fn groups_addresses_of_one_network() {
        let group = |address: &str| Peer::Tcp(address.parse().unwrap()).group().unwrap();
        assert_eq!(group("10.0.0.1:1"), group("10.0.0.1:2"));
        assert_ne!(group("10.0.0.1:1"), group("10.0.0.2:1"));
        assert_eq!(group("[::ffff:10.0.0.1]:1"), group("10.0.0.1:2"));
        assert_eq!(group("[2001:db8::1]:1"), group("[2001:db8::ffff:0:0:2]:1"));
        assert_ne!(group("[2001:db8::1]:1"), group("[2001:db8:0:1::1]:1"));
        assert_eq!(Peer::Unix { user: Some(7) }.group(), None);
    }
}
