//! Numbers for people, with their thousands separated.

use std::fmt;

/// Number that is displayed with its thousands separated, such as `3,145,683`.
///
/// ```
/// assert_eq!(cloakroom_core::Thousands(3_145_683).to_string(), "3,145,683");
/// assert_eq!(cloakroom_core::Thousands(0).to_string(), "0");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thousands(pub u64);

impl fmt::Display for Thousands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index != 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}
