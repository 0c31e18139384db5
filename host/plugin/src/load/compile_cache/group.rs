//! Groups that have one user alone.
//!
//! Many systems give each user such a group, and let it write to what the user makes (umask 002).
//! Folders of a checkout are then writable by a group, and by nobody else than their owner.

use std::fs;

/// Returns whether a group has this user alone, as far as `/etc/passwd` and `/etc/group` say. A group
/// that only a directory service knows may have others.
pub(super) fn is_alone(group: u32, user: u32) -> bool {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    has_one_user(&read("/etc/passwd"), &read("/etc/group"), group, user)
}

fn has_one_user(users: &str, groups: &str, group: u32, user: u32) -> bool {
    let field = |line: &str, index| line.split(':').nth(index).unwrap_or_default().to_owned();
    let (group, user) = (group.to_string(), user.to_string());
    // name:password:user:group
    let mut primary = users.lines().filter(|line| field(line, 3) == group);
    let (Some(owner), None) = (primary.next(), primary.next()) else {
        return false;
    };
    // name:password:group:members
    let mut same = groups.lines().filter(|line| field(line, 2) == group);
    let (Some(members), None) = (same.next().map(|line| field(line, 3)), same.next()) else {
        return false;
    };
    let name = field(owner, 0);
    let is_owner = |member: &str| member.is_empty() || member == name;
    field(owner, 2) == user && members.split(',').all(is_owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:\nbob:x:1001:1001::/:\n\
                         eve:x:1002:1001::/:\n";
    const GROUPS: &str = "root:x:0:\nann:x:1000:ann\nbob:x:1001:\nstaff:x:50:ann\nroot2:x:7:";

    #[test]
    fn one_user_alone() {
        let alone = |group, user| has_one_user(USERS, GROUPS, group, user);
        assert!(alone(1000, 1000) && alone(0, 0));
        assert!(!alone(1000, 1001), "it is another user's");
        assert!(!alone(1001, 1001), "two users have it");
        assert!(!alone(50, 1000), "it is nobody's first group");
        assert!(!alone(4242, 1000), "nobody knows it");
        assert!(!has_one_user(USERS, "ann:x:1000:bob", 1000, 1000), "another is a member");
    }
}
