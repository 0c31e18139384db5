//! One line of text for a log: an error with its causes, or a name that a stranger chose.

use std::error::Error as StdError;

use crate::Error;

/// The most characters that a report has: a long chain of causes still fits on a screen.
pub(crate) const LONGEST: usize = 2000;

impl Error {
    /// Returns the error and its causes in one line, outermost first, without control characters
    /// and with at most 2,000 characters.
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
/// terminal's cursor, turn the direction of writing or not be seen becomes a space, and an ellipsis
/// stands for what was cut. The cost is that of `longest`, however long the text is.
pub fn clean(text: &str, longest: usize) -> String {
    let mut characters = text.chars().map(harmless).skip_while(|character| *character == ' ');
    let mut cleaned: String = characters.by_ref().take(longest).collect();
    let is_cut = characters.take(LOOKAHEAD).any(|character| character != ' ');
    if is_cut {
        cleaned.pop();
        cleaned.push('…');
    }
    cleaned.truncate(cleaned.trim_end().len());
    cleaned
}

/// How far behind the cut is looked for more than spaces.
const LOOKAHEAD: usize = 1000;

fn harmless(character: char) -> char {
    if character.is_control() || is_unseen(character) { ' ' } else { character }
}

/// Returns whether a character turns the direction of writing, ends a line, or does not show. A
/// name that differs only by such a character could be taken for another.
fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, ErrorKind};

    #[test]
    fn a_chain_is_one_line() {
        let cause = Error::new(ErrorKind::Unavailable, "no\r\nanswer\u{1b}[2J\u{202e}");
        let error = Error::new(ErrorKind::Failed, "cannot store").with_source(cause);
        let error = error.at_stage("s3", Direction::Encode, 2);
        let said = "stage `s3`, encoding payload 2: cannot store: no  answer [2J";
        assert_eq!(error.report(), said);
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(clean("  abc ", 3), "abc");
        assert_eq!(clean("äöüß", 3), "äö…");
        assert_eq!(clean("", 3), "");
        let error = Error::new(ErrorKind::Failed, "x".repeat(9000));
        assert_eq!(error.report().chars().count(), LONGEST);
    }

    #[test]
    fn what_is_not_seen_becomes_a_space() {
        for character in ["\u{ad}", "\u{61c}", "\u{2066}", "\u{2029}", "\u{e0041}", "\u{9b}", "\0"]
        {
            assert_eq!(clean(&format!("a{character}b"), 9), "a b", "{character:?}");
        }
    }

    /// Hostile text in the message, each name and the place.
    #[test]
    fn an_error_prints_on_one_bounded_line() {
        let hostile = format!("a\nERROR b\u{1b}[2J\u{202e}\r{}", "x".repeat(1 << 20));
        let error = Error::new(ErrorKind::Failed, &*hostile)
            .in_plugin(&hostile)
            .in_file(std::path::Path::new(&hostile))
            .at_place(&hostile)
            .at_stage(&hostile, Direction::Encode, 0);
        for text in [error.to_string(), format!("{error:?}"), error.report()] {
            assert!(text.len() < 8000, "{} bytes", text.len());
            assert!(!text.chars().any(char::is_control) && !text.contains('\u{202e}'), "{text}");
        }
    }
}
