//! A reader of JSON that knows where each value lies, so that one can be replaced in its text.
//!
//! `serde_json` parses into values and forgets the offsets; written again, spaces, the order of
//! keys and long numbers would change.

use std::borrow::Cow;

/// Objects and arrays within one another. `JsonFormat` of Java stops at 100 as well.
const DEPTH: usize = 100;

/// A position in a text. Every method returns nothing if the text is not JSON there.
pub(crate) struct Json<'a> {
    text: &'a [u8],
    pub(crate) at: usize,
    depth: usize,
}

impl<'a> Json<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, depth: 0 }
    }

    /// Returns the next byte that is no space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| b" \t\n\r".contains(byte)).count();
        self.text.get(self.at).copied()
    }

    /// Returns whether only spaces are left.
    pub(crate) fn is_done(&mut self) -> bool {
        self.peek().is_none()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let rest = self.text.get(self.at..)?;
        rest.starts_with(word).then(|| self.at += word.len())
    }

    /// Reads an object. `value` is called with each key and reads its value.
    pub(crate) fn object(
        &mut self,
        mut value: impl FnMut(&mut Self, &[u8]) -> Option<()>,
    ) -> Option<()> {
        self.list(b'{', b'}', |json| {
            json.peek()?;
            let key = json.string()?;
            json.eat(b':')?;
            value(json, &key)
        })
    }

    /// Reads an array. `value` is called for each value and reads it.
    pub(crate) fn array(&mut self, value: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.list(b'[', b']', value)
    }

    fn list(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.eat(open)?;
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        if self.peek()? != close {
            item(self)?;
            while self.peek()? == b',' {
                self.at += 1;
                item(self)?;
            }
        }
        self.depth -= 1;
        self.eat(close)
    }

    /// Skips any value.
    pub(crate) fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'{' => self.object(|json, _| json.skip()),
            b'[' => self.array(Self::skip),
            b'"' => self.string().map(drop),
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            _ => self.number().map(drop),
        }
    }

    /// Reads a string, which must begin here, and resolves its escapes.
    pub(crate) fn string(&mut self) -> Option<Cow<'a, [u8]>> {
        self.word(b"\"")?;
        let start = self.at;
        let mut made: Option<Vec<u8>> = None;
        loop {
            let byte = *self.text.get(self.at)?;
            match byte {
                b'"' => {
                    let plain = self.text.get(start..self.at)?;
                    self.at += 1;
                    return Some(made.map_or(Cow::Borrowed(plain), Cow::Owned));
                }
                b'\\' => {
                    let before = self.text.get(start..self.at)?;
                    self.at += 1;
                    let escaped = self.escape()?;
                    let made = made.get_or_insert_with(|| before.to_vec());
                    made.extend_from_slice(escaped.encode_utf8(&mut [0; 4]).as_bytes());
                }
                0..0x20 => return None,
                _ => {
                    self.at += 1;
                    made.iter_mut().for_each(|made| made.push(byte));
                }
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let byte = *self.text.get(self.at)?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return char::from_u32(first);
                }
                self.word(b"\\u")?;
                let second = self.hex()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                return char::from_u32(0x10000 + ((first - 0xd800) << 10) + second);
            }
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        digits
            .iter()
            .try_fold(0, |number, &digit| Some(number << 4 | char::from(digit).to_digit(16)?))
    }

    /// Reads a number, and returns its text.
    pub(crate) fn number(&mut self) -> Option<&'a str> {
        self.peek()?;
        let start = self.at;
        let _ = self.word(b"-");
        match self.digits()? {
            b"0" => {}
            digits if digits.starts_with(b"0") => return None,
            _ => {}
        }
        if self.word(b".").is_some() {
            self.digits()?;
        }
        if self.word(b"e").or_else(|| self.word(b"E")).is_some() {
            let _ = self.word(b"+").or_else(|| self.word(b"-"));
            self.digits()?;
        }
        std::str::from_utf8(self.text.get(start..self.at)?).ok()
    }

    fn digits(&mut self) -> Option<&'a [u8]> {
        let rest = self.text.get(self.at..)?;
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        rest.get(..count).filter(|digits| !digits.is_empty())
    }
}
