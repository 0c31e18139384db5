//! The document that the workflows carry: what an OCR engine says of a scan.
//!
//! It is made up, and the same each time.

use serde::{Deserialize, Serialize};

/// Result of an OCR engine.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Scan {
    /// The pages, in order.
    pub(crate) pages: Vec<Page>,
}

/// One page.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Page {
    /// Counted from one.
    pub(crate) number: usize,
    /// Text that was read, line by line.
    pub(crate) words: Vec<Word>,
}

/// One word, where it stands, and how sure the engine is of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Word {
    /// As it was read.
    pub(crate) text: String,
    /// Four corners, in pixels: a scan is never quite straight.
    pub(crate) corners: [[u32; 2]; 4],
    /// Between 0 and 1.
    pub(crate) confidence: f64,
}

impl Scan {
    /// A document that is about so large as JSON.
    pub(crate) fn of(bytes: usize) -> Self {
        let (mut dice, mut pages, mut size) = (Dice(2026), Vec::new(), 0);
        while size < bytes {
            let page = Page::made_up(pages.len() + 1, &mut dice);
            size += serde_json::to_vec(&page).map_or(bytes, |json| json.len());
            pages.push(page);
        }
        Self { pages }
    }

    /// Returns the number of words.
    pub(crate) fn words(&self) -> usize {
        self.pages.iter().map(|page| page.words.len()).sum()
    }

    /// Returns the confidence of the engine in `text`, if it was read.
    pub(crate) fn confidence_of(&self, text: &str) -> f64 {
        let words = self.pages.iter().flat_map(|page| &page.words);
        let found = words.filter(|word| word.text == text).map(|word| word.confidence);
        found.fold(0.0, f64::max)
    }
}

impl Page {
    fn made_up(number: usize, dice: &mut Dice) -> Self {
        let line = |line: u32, dice: &mut Dice| {
            let mut left = 180 + dice.below(40);
            let top = 140 + line * 52;
            (0..9)
                .map(|_| {
                    let word = Word::made_up(left, top, dice);
                    left += 30 + 22 * u32::try_from(word.text.len()).unwrap_or(1);
                    word
                })
                .collect::<Vec<_>>()
        };
        Self { number, words: (0..40).flat_map(|at| line(at, dice)).collect() }
    }
}

impl Word {
    fn made_up(left: u32, top: u32, dice: &mut Dice) -> Self {
        let text = match dice.below(3) {
            0 => format!("{}.{:02}", dice.below(10_000), dice.below(100)),
            _ => dice.one_of(&WORDS).to_owned(),
        };
        let right = left + 22 * u32::try_from(text.len()).unwrap_or(1);
        let mut corner = |x, y| [x + dice.below(16), y + dice.below(16)];
        let corners = [
            corner(left, top),
            corner(right, top),
            corner(right, top + 40),
            corner(left, top + 40),
        ];
        Self { text, corners, confidence: f64::from(100_000_000 - dice.below(40_000_000)) / 1e8 }
    }
}

const WORDS: [&str; 32] = [
    "invoice",
    "number",
    "date",
    "due",
    "amount",
    "total",
    "net",
    "gross",
    "tax",
    "VAT",
    "vendor",
    "customer",
    "order",
    "delivery",
    "account",
    "bank",
    "IBAN",
    "reference",
    "quantity",
    "unit",
    "price",
    "discount",
    "freight",
    "bolt",
    "bracket",
    "gasket",
    "valve",
    "bearing",
    "hours",
    "of",
    "for",
    "per",
];

/// Numbers that look random, and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let high = u32::try_from(self.0 >> 33).unwrap_or(0);
        high % limit
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let at = self.below(u32::try_from(words.len()).unwrap_or(1));
        usize::try_from(at).ok().and_then(|at| words.get(at)).copied().unwrap_or("")
    }
}
