//! The known name that a misspelt one is nearest to.

/// Edits that a misspelt name may have.
const EDITS: usize = 2;

/// Returns the known name that is at most two edits away from `name`.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let edits = known.iter().map(|known| (distance(name.as_bytes(), known.as_bytes()), *known));
    // A name of two letters is two edits away from every other.
    let near = edits.filter(|(edits, known)| *edits <= EDITS && edits * 2 <= known.len());
    near.min().map(|(_, known)| known)
}

/// Counts the insertions, deletions, replacements and swaps of neighbours between two names.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, byte) in left.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX);
            let replaced = at(&last, column) + usize::from(byte != other);
            let mut fewest = replaced.min(at(&last, column + 1) + 1).min(at(&next, column) + 1);
            let swapped = row > 0
                && column > 0
                && left.get(row - 1) == Some(other)
                && right.get(column - 1) == Some(byte);
            if swapped {
                fewest = fewest.min(at(&before, column - 1) + 1);
            }
            next.push(fewest);
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expect: Option<&str>) {
        assert_eq!(nearest(name, &["bucket", "max_bytes", "prefix", "ring"]), expect, "{name}");
    }

    #[test]
    fn finds_misspelt_names() {
        check("bukcet", Some("bucket"));
        check("prefx", Some("prefix"));
        check("max-bytes", Some("max_bytes"));
        check("rnig", Some("ring"));
        check("rings", Some("ring"));
    }

    #[test]
    fn leaves_other_names_alone() {
        check("colour", None);
        check("", None);
        check("b", None);
        assert_eq!(nearest("level", &[]), None);
    }

    #[test]
    fn counts_edits() {
        assert_eq!(distance(b"level", b"level"), 0);
        assert_eq!(distance(b"levle", b"level"), 1);
        assert_eq!(distance(b"", b"level"), 5);
        assert_eq!(distance(b"kitten", b"sitting"), 3);
    }
}
