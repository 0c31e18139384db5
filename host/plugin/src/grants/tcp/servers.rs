//! Servers that one plugin may connect to, and the addresses under which its guests see them.
//!
//! A guest looks a name up before it connects, and connects to an address. The host answers the look-up of
//! a granted name with an address that it makes up, and resolves the name only when the guest connects:
//! so no look-up of a guest reaches a name server, and a guest learns nothing of the network.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use super::{
    TcpGrant, TcpTarget, host_name,
    name_address::{is_reserved, name_address},
};

/// Servers that one plugin may connect to.
#[derive(Clone, Default)]
pub(crate) struct Servers {
    grants: Vec<TcpGrant>,
    /// Granted names. The position of a name is its address.
    names: Vec<String>,
}

impl Servers {
    /// Adds a server. One that is there already is replaced.
    pub(crate) fn insert(&mut self, grant: TcpGrant) {
        if let TcpTarget::Name { host, .. } = &grant.target
            && !self.names.iter().any(|name| **name == **host)
        {
            self.names.push(host.as_ref().to_owned());
        }
        self.grants.retain(|known| known.target != grant.target);
        self.grants.push(grant);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    /// Returns the servers, as the operator knows them.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.grants.iter().map(ToString::to_string)
    }

    /// Returns a text that names all servers and how they are reached.
    pub(crate) fn identity(&self) -> String {
        let mut identities: Vec<_> = self.grants.iter().map(TcpGrant::identity).collect();
        // The order of a list in the configuration means nothing.
        identities.sort();
        format!("{identities:?}")
    }

    /// Returns the address of a host that a guest looks up, if the host is granted with any port.
    pub(crate) fn look_up(&self, host: &str) -> Option<IpAddr> {
        if let Ok(address) = host.parse::<IpAddr>() {
            let mut targets = self.grants.iter().map(|grant| &grant.target);
            let is_granted = targets.any(
                |target| matches!(target, TcpTarget::Address(granted) if granted.ip() == address),
            );
            return is_granted.then_some(address);
        }
        let host = host_name::normalised(host)?;
        let position = self.names.iter().position(|name| *name == host)?;
        name_address(position)
    }

    /// Returns the server at the address that a guest connects to, if it is granted.
    pub(crate) fn at(&self, address: SocketAddr) -> Option<&TcpGrant> {
        let (ip, port) = (address.ip(), address.port());
        // Asked first: no granted address can stand for a name.
        let name = if is_reserved(ip) { Some(self.name_at(ip)?) } else { None };
        self.grants.iter().find(|grant| match &grant.target {
            TcpTarget::Address(granted) => {
                name.is_none() && granted.ip() == ip && granted.port() == port
            }
            TcpTarget::Name { host, port: granted } => {
                name == Some(host.as_ref()) && *granted == port
            }
        })
    }

    fn name_at(&self, address: IpAddr) -> Option<&str> {
        let position = (0..self.names.len()).find(|at| name_address(*at) == Some(address))?;
        self.names.get(position).map(String::as_str)
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.grants).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers() -> Servers {
        let mut servers = Servers::default();
        for grant in
            ["127.0.0.1:6379", "db.example:5432", "[::1]:1", "cache.example:6379", "db.example:1"]
        {
            servers.insert(grant.parse().unwrap());
        }
        servers
    }

    fn at(address: &str) -> Option<String> {
        servers().at(address.parse().unwrap()).map(ToString::to_string)
    }

    #[test]
    fn only_granted_hosts_are_found() {
        let look_up = |host| servers().look_up(host).map(|address| address.to_string());
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(look_up("db.example"), text("240.0.0.1"));
        assert_eq!(look_up("DB.example."), text("240.0.0.1"));
        assert_eq!(look_up("cache.example"), text("240.0.0.2"));
        assert_eq!(look_up("127.0.0.1"), text("127.0.0.1"));
        assert_eq!(look_up("::1"), text("::1"));
        for stranger in
            ["example", "a.db.example", "127.0.0.2", "127.1", "::ffff:127.0.0.1", "", "240.0.0.1"]
        {
            assert_eq!(look_up(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn only_granted_ports_are_reached() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(at("240.0.0.1:5432"), text("db.example:5432"));
        assert_eq!(at("240.0.0.1:1"), text("db.example:1"));
        assert_eq!(at("127.0.0.1:6379"), text("127.0.0.1:6379"));
        assert_eq!(at("[::1]:1"), text("[::1]:1"));
        for stranger in [
            "240.0.0.1:6379",
            "240.0.0.2:5432",
            "240.0.0.3:1",
            "255.255.255.255:1",
            "127.0.0.1:6380",
            "[::ffff:127.0.0.1]:6379",
            "[::1]:2",
        ] {
            assert_eq!(at(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn an_address_cannot_stand_for_a_name() {
        let mut servers = servers();
        servers.insert(SocketAddr::from(([240, 0, 0, 2], 6379)).into());
        let found = servers.at(SocketAddr::from(([240, 0, 0, 2], 6379))).unwrap();
        assert_eq!(found.to_string(), "cache.example:6379");
    }
}
