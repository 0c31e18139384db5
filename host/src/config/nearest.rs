//! Suggestion for a misspelt name.

/// Returns the known name that is nearest to `name`, if one is near enough to be meant: one typing
/// error, and another for each four characters.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |known: &&str| strsim::damerau_levenshtein(name, known);
    known.filter(|known| distance(known) <= 1 + name.len() / 4).min_by_key(distance)
}
