//! One line of text for a log: an error with its causes, or a name that a stranger chose.

use std::error::Error as StdError;

use crate::Error;

/// The most characters that a report has: a long chain of causes still fits on a screen.
const LONGEST: usize = 2000;

impl Error {
    /// Returns the error and its causes in one line, outermost first, without control characters and
    /// with at most 2,000 characters.
    pub fn report(&self) -> String {
        let mut text = self.to_string();
        let mut cause = StdError::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        clean(&text, LONGEST)
    }
}

/// Returns the text in one line of at most `longest` characters. What could end the line, move a
/// terminal's cursor or turn the direction of writing becomes a space, and an ellipsis stands for
/// what was cut.
pub fn clean(text: &str, longest: usize) -> String {
    let text: String = text.chars().map(harmless).collect();
    let mut characters = text.trim().chars();
    let mut cleaned: String = characters.by_ref().take(longest).collect();
    if characters.next().is_some() {
        cleaned.pop();
        cleaned.push('…');
    }
    cleaned
}

fn harmless(character: char) -> char {
    let turns = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    if character.is_control() || turns { ' ' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, ErrorKind};

    #[test]
    fn a_chain_is_one_line() {
        let cause = Error::new(ErrorKind::Unavailable, "no\r\nanswer\u{1b}[2J\u{202e}");
        let error = Error::new(ErrorKind::Failed, "cannot store").because(cause);
        let error = error.at_stage("s3", Direction::Encode, 2);
        let said = "stage `s3`, encoding payload 2: cannot store: no  answer [2J";
        assert_eq!(error.report(), said);
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(clean("  abc ", 3), "abc");
        assert_eq!(clean("äöüß", 3), "äö…");
        let error = Error::new(ErrorKind::Failed, "x".repeat(9000));
        assert_eq!(error.report().chars().count(), LONGEST);
    }
}
