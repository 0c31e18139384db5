//! Values of settings, compared with their kind.

use cloakroom_core::ByteSize;

use super::SettingKind;

impl SettingKind {
    /// Returns what a value must be, to follow the word "must be", if the value is something else. The
    /// value itself is not shown: an operator may have written a secret into the wrong setting.
    pub(super) fn refuse(&self, value: &str) -> Option<String> {
        match self {
            Self::Flag if !matches!(value, "true" | "false") => Some("true or false".to_owned()),
            Self::Integer { least, most } if !is_integer(value, *least, *most) => {
                Some(format!("a number from {least} to {most}"))
            }
            Self::Size { least, most } if !is_size(value, *least, *most) => {
                let (least, most) = (ByteSize::bytes(*least), ByteSize::bytes(*most));
                Some(format!("a whole number and B, KiB, MiB or GiB, from {least} to {most}"))
            }
            Self::Duration if !is_duration(value) => {
                Some("a whole number above 0 and ms, s, m, h or d, such as 5s".to_owned())
            }
            Self::OneOf(words) if !words.iter().any(|word| word == value) => {
                let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
                Some(words.join(" or "))
            }
            _ => None,
        }
    }
}

fn is_integer(value: &str, least: i64, most: i64) -> bool {
    value.parse().is_ok_and(|number: i64| (least..=most).contains(&number))
}

fn is_size(value: &str, least: u64, most: u64) -> bool {
    value.parse().is_ok_and(|size: ByteSize| (least..=most).contains(&size.get()))
}

/// Returns whether a value is a time as configurations write it.
fn is_duration(value: &str) -> bool {
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (count, unit) = value.split_at(digits);
    let is_positive = count.parse().is_ok_and(|count: u32| count > 0);
    is_positive && matches!(unit.trim(), "ms" | "s" | "m" | "h" | "d")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &SettingKind, takes: &[&str], refuses: &[&str]) {
        for value in takes {
            assert_eq!(kind.refuse(value), None, "{kind:?} {value:?}");
        }
        for value in refuses {
            assert!(kind.refuse(value).is_some(), "{kind:?} {value:?}");
        }
    }

    #[test]
    fn values_are_of_their_kind() {
        check(&SettingKind::Text, &["", "any text"], &[]);
        check(&SettingKind::Flag, &["true", "false"], &["", "yes", "TRUE", "1"]);
        let level = SettingKind::Integer { least: -1, most: 12 };
        check(&level, &["-1", "0", "12"], &["", "-2", "13", "1.5", "x", "99999999999999999999"]);
        let size = SettingKind::Size { least: 1024, most: 1 << 20 };
        check(&size, &["1KiB", "1MiB", "1024"], &["", "1B", "2MiB", "1kB"]);
        check(&SettingKind::Duration, &["5s", "500ms", "20d"], &["", "5", "0s", "s", "1w", "-1s"]);
        let words = SettingKind::OneOf(vec!["a".to_owned(), "b".to_owned()]);
        check(&words, &["a", "b"], &["", "A", "c"]);
        check(&SettingKind::Lines, &["", "a\nb"], &[]);
        check(&SettingKind::NameOf("keys".to_owned()), &["payments"], &[]);
    }
}
