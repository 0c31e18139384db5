//! Addresses that the host makes up, which stand for granted names.

use std::net::{IpAddr, Ipv4Addr};

/// First address for names. 240.0.0.0/4 is reserved and never routed: an address of it that is used
/// elsewhere by mistake reaches nobody. It is IPv4, because every client in every language can use that.
const FIRST: u32 = 0xf000_0001;

/// Returns the address of the granted name at this position.
pub(super) fn name_address(position: usize) -> Option<IpAddr> {
    let bits = FIRST.checked_add(u32::try_from(position).ok()?)?;
    Some(Ipv4Addr::from_bits(bits).into())
}

/// Returns whether an address is one of those that stand for names.
pub(super) fn is_reserved(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.to_bits() >= FIRST & 0xf000_0000)
}
