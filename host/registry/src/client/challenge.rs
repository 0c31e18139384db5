//! Challenges of a registry: how it wants to be asked.

/// Most characters of a challenge.
const MOST: usize = 4096;

/// Challenge of a registry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password with each request.
    Basic,
    /// A token, which is asked for at the realm.
    Bearer {
        /// URL of the realm.
        realm: String,
        /// Name of the registry at the realm.
        service: Option<String>,
    },
}

impl Challenge {
    /// Reads a `WWW-Authenticate` header. The scope in it is ignored: a client knows what it needs, and a
    /// registry could ask for a token that may do more.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let header = header.get(..header.len().min(MOST))?.trim();
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (mut realm, mut service) = (None, None);
        for (name, value) in Parameters(rest) {
            match name.to_ascii_lowercase().as_str() {
                "realm" => realm = Some(value),
                "service" => service = Some(value),
                _ => {}
            }
        }
        Some(Self::Bearer { realm: realm?, service })
    }
}

/// Parameters of a challenge: `name="value"` or `name=value`, with commas between them.
struct Parameters<'a>(&'a str);

impl<'a> Iterator for Parameters<'a> {
    type Item = (&'a str, String);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.trim_start_matches([' ', ',']);
        let (name, rest) = rest.split_once('=')?;
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (value, rest) = rest.split_at(end);
                (value.trim().to_owned(), rest)
            }
        };
        self.0 = rest;
        Some((name.trim(), value))
    }
}

/// Returns a value up to its closing quote, without backslashes, and the rest.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_challenges_of_registries() {
        let bearer = |realm: &str, service: Option<&str>| {
            let (realm, service) = (realm.to_owned(), service.map(str::to_owned));
            Some(Challenge::Bearer { realm, service })
        };
        for (header, expect) in [
            ("Basic realm=\"x\"", Some(Challenge::Basic)),
            ("basic", Some(Challenge::Basic)),
            (
                "Bearer realm=\"https://a.example/token\",service=\"a, b\",scope=\"repository:x:pull,push\"",
                bearer("https://a.example/token", Some("a, b")),
            ),
            ("bearer service=s , realm=https://a/t", bearer("https://a/t", Some("s"))),
            ("Bearer realm=\"a\\\"b\"", bearer("a\"b", None)),
            ("Bearer", None),
            ("Bearer realm=\"unending", None),
            ("Negotiate", None),
            ("", None),
        ] {
            assert_eq!(Challenge::parse(header), expect, "{header}");
        }
        let long = format!("Bearer realm=\"{}\"", "x".repeat(2 * MOST));
        assert_eq!(Challenge::parse(&long), None);
    }
}
