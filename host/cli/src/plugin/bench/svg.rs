//! Figures as a picture: for each size a group of bars, one for each plugin.

use std::fmt::Write as _;

use cloakroom::ByteSize;

use super::row::Row;
use crate::plugin::measure::{throughput, throughput_text};

const WIDTH: usize = 760;
/// Space for names.
const LEFT: usize = 190;
/// Space for figures.
const RIGHT: usize = 100;
const BAR: usize = 18;
const GAP: usize = 6;

/// Colours of encoding and of decoding, which differ in brightness too.
const COLOURS: [&str; 2] = ["#1f5f8b", "#8fc1e3"];

/// Draws the throughput of fresh instances in both directions.
pub(super) fn draw(rows: &[Row]) -> String {
    let fresh: Vec<_> = rows.iter().filter(|row| !row.is_warm).collect();
    let mut sizes: Vec<_> = fresh.iter().map(|row| row.bytes).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut bars = String::new();
    let mut top = 58;
    for size in sizes {
        let group: Vec<_> = fresh.iter().filter(|row| row.bytes == size).copied().collect();
        let title = ByteSize::bytes(size as u64);
        let _ = writeln!(bars, "<text x=\"10\" y=\"{top}\" class=\"size\">{title}</text>");
        top += 12;
        // Each size has a scale of its own: a call costs more than its bytes where they are few.
        let fastest = group.iter().flat_map(|row| speeds(row)).fold(0.0, f64::max);
        for row in group {
            top = draw_row(&mut bars, row, fastest, top);
        }
        top += 24;
    }
    format!("{}{bars}</svg>\n", head(top))
}

fn head(height: usize) -> String {
    let [out, back] = COLOURS;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <style>.size {{ font-weight: bold }}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"10\" y=\"22\" font-size=\"15\">Throughput with fresh instances</text>\n\
         <rect x=\"500\" y=\"11\" width=\"12\" height=\"12\" fill=\"{out}\"/>\
         <text x=\"518\" y=\"22\">out</text>\n\
         <rect x=\"570\" y=\"11\" width=\"12\" height=\"12\" fill=\"{back}\"/>\
         <text x=\"588\" y=\"22\">back</text>\n"
    )
}

/// Draws the two bars of a plugin. Returns where the next ones begin.
fn draw_row(bars: &mut String, row: &Row, fastest: f64, top: usize) -> usize {
    let name = escaped(&row.plugin);
    let middle = top + BAR;
    let _ = writeln!(
        bars,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>",
        LEFT - 10,
        middle + 4
    );
    let times = [row.times.out, row.times.back];
    for (index, ((speed, colour), time)) in
        speeds(row).into_iter().zip(COLOURS).zip(times).enumerate()
    {
        let y = top + index * BAR;
        let whole = (WIDTH - LEFT - RIGHT) as f64;
        let length = if fastest > 0.0 { (speed / fastest * whole).max(1.0) } else { 1.0 };
        let figure = throughput_text(row.bytes, time);
        let _ = writeln!(
            bars,
            "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{}\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{}\">{figure}</text>",
            BAR - 2,
            LEFT as f64 + length + 6.0,
            y + BAR - 5
        );
    }
    top + 2 * BAR + GAP
}

fn speeds(row: &Row) -> [f64; 2] {
    [row.times.out, row.times.back].map(|time| throughput(row.bytes, time).unwrap_or_default())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
