//! Text that a stranger chose, made safe to show on one line.

/// The most characters of an error's message: a long chain of causes still fits on a screen.
pub(crate) const LONGEST: usize = 2000;

/// Returns the text on one line of at most `longest` characters.
///
/// Characters that end a line, move a terminal's cursor, turn the direction of writing or do not show
/// become spaces. An ellipsis marks a cut. The cost depends on `longest`, not on the length of `text`.
#[must_use]
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

/// Number of characters after the cut that are searched for more than spaces.
const LOOKAHEAD: usize = 1000;

fn harmless(character: char) -> char {
    if character.is_control() || is_unseen(character) { ' ' } else { character }
}

/// Returns whether a character turns the direction of writing, ends a line, or does not show.
fn is_unseen(character: char) -> bool {
    // An attacker who may choose names could otherwise write a log line of their own, or choose a name
    // that looks like somebody else's.
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

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(clean("  abc ", 3), "abc");
        assert_eq!(clean("äöüß", 3), "äö…");
        assert_eq!(clean("", 3), "");
    }

    #[test]
    fn what_is_not_seen_becomes_a_space() {
        for character in ["\u{ad}", "\u{61c}", "\u{2066}", "\u{2029}", "\u{e0041}", "\u{9b}", "\0"]
        {
            assert_eq!(clean(&format!("a{character}b"), 9), "a b", "{character:?}");
        }
    }
}
