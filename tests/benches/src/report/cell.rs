//! Cells of a table.

use serde_json::{Value, json};

use crate::Samples;

/// Cell of a table: a text, or a figure with its spread.
#[derive(Clone, Debug)]
pub struct Cell {
    pub(super) text: String,
    figure: Option<Value>,
}

impl Cell {
    /// Returns a time in seconds, with its spread.
    #[must_use]
    pub fn time(seconds: &Samples) -> Self {
        Self::measured(seconds, "s", time)
    }

    /// Returns the mean of a time in seconds, where a system counts it too coarsely for one turn.
    #[must_use]
    pub fn mean_time(seconds: &Samples) -> Self {
        let mean = seconds.mean();
        let figure = json!({ "mean": mean, "turns": seconds.turns(), "unit": "s" });
        Self { text: time(mean), figure: Some(figure) }
    }

    /// Returns a number of events a second, with its spread.
    #[must_use]
    pub fn per_second(rate: &Samples) -> Self {
        Self::measured(rate, "1/s", |rate| format!("{}/s", thousands(rate)))
    }

    /// Returns bytes a second, with their spread.
    #[must_use]
    pub fn throughput(rate: &Samples) -> Self {
        Self::measured(rate, "B/s", throughput)
    }

    /// Returns an amount of memory in bytes, with its spread.
    #[must_use]
    pub fn memory(bytes: &Samples) -> Self {
        let mebi = |bytes: f64| format!("{} MiB", thousands(bytes / f64::from(1 << 20)));
        Self::measured(bytes, "B", mebi)
    }

    /// Returns a figure without a unit, with its spread.
    #[must_use]
    pub fn plain(values: &Samples) -> Self {
        Self::measured(values, "1", |value| format!("{value:.2}"))
    }

    /// Returns the ratio of two medians. Its spread is that of the ratios turn by turn.
    #[must_use]
    pub fn ratio(dividend: &Samples, divisor: &Samples) -> Self {
        Self::plain_ratio(dividend.median() / divisor.median(), &dividend.over(divisor))
    }

    /// Returns a ratio in words: so many times.
    #[must_use]
    pub fn times(dividend: &Samples, divisor: &Samples) -> Self {
        let mut cell = Self::ratio(dividend, divisor);
        cell.text = format!("{:.1} times", dividend.median() / divisor.median());
        cell
    }

    /// Returns a count.
    #[must_use]
    pub fn count(count: usize) -> Self {
        Self { text: thousands(count as f64), figure: Some(json!({ "count": count })) }
    }

    fn plain_ratio(ratio: f64, turns: &Samples) -> Self {
        let [low, high] = [0.25, 0.75].map(|share| turns.quantile(share));
        let figure = json!({ "ratio": ratio, "low": low, "high": high, "turns": turns.turns() });
        Self { text: format!("{ratio:.2}"), figure: Some(figure) }
    }

    fn measured(samples: &Samples, unit: &str, show: impl Fn(f64) -> String) -> Self {
        let median = samples.median();
        let spread = (samples.turns() > 1).then(|| format!(" ±{:.0} %", samples.spread() * 100.0));
        let text = show(median) + &spread.unwrap_or_default();
        let [low, high] = [0.25, 0.75].map(|share| samples.quantile(share));
        let figure = json!({
            "median": median, "low": low, "high": high, "turns": samples.turns(), "unit": unit,
        });
        Self { text, figure: Some(figure) }
    }

    /// Returns the cell as programs read it: with the text that people see.
    pub(super) fn json(&self) -> Value {
        match self.figure.clone() {
            Some(Value::Object(mut figure)) => {
                figure.insert("text".into(), self.text.clone().into());
                figure.into()
            }
            _ => self.text.clone().into(),
        }
    }

    pub(super) fn is_figure(&self) -> bool {
        self.figure.is_some()
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), figure: None }
    }
}

fn time(seconds: f64) -> String {
    match seconds * 1e6 {
        micros if micros < 100.0 => format!("{micros:.1} µs"),
        micros if micros < 1e3 => format!("{micros:.0} µs"),
        micros if micros < 1e5 => format!("{:.2} ms", micros / 1e3),
        micros if micros < 1e6 => format!("{:.0} ms", micros / 1e3),
        micros => format!("{:.2} s", micros / 1e6),
    }
}

fn throughput(rate: f64) -> String {
    if rate < 1e9 { format!("{:.0} MB/s", rate / 1e6) } else { format!("{:.2} GB/s", rate / 1e9) }
}

/// Returns a whole number with a comma between thousands.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        let before = place > 0 && digit.is_ascii_digit() && !text.ends_with('-');
        if before && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
