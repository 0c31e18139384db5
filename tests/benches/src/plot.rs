//! Plots of growth as SVG: several costs over one size, both on logarithmic scales.

mod frame;
mod panel;

use std::fmt::Write as _;

pub use self::panel::{Line, Panel};

/// Width and height of a panel, with its title and its scales.
const WIDTH: f64 = 470.0;
const HEIGHT: f64 = 380.0;

const COLUMNS: usize = 2;

/// Height of the legend above the panels.
const LEGEND: f64 = 56.0;

/// Colours that stay apart for the colour-blind, and in light and dark.
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8c6d1f", "#56b4e9"];

/// Dashes, for who cannot tell the colours apart.
const DASHES: [&str; 6] = ["", "7 3", "2 3", "9 3 2 3", "5 5", "12 4"];

/// Draws the panels in two columns, below a legend of all their lines.
#[must_use]
pub fn draw(panels: &[Panel]) -> String {
    let names = names(panels);
    let mut body = legend(&names);
    for (index, panel) in panels.iter().enumerate() {
        let x = (index % COLUMNS) as f64 * WIDTH;
        let y = LEGEND + (index / COLUMNS) as f64 * HEIGHT;
        let _ = writeln!(body, "<g transform=\"translate({x},{y})\">");
        panel.draw(&mut body, &names);
        body.push_str("</g>\n");
    }
    let rows = panels.len().div_ceil(COLUMNS);
    let (width, height) = (WIDTH * COLUMNS as f64, LEGEND + HEIGHT * rows as f64);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <style>{STYLE}</style>\n\
         <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n{body}</svg>\n"
    )
}

/// Paper and ink. A browser in its dark mode swaps them.
const STYLE: &str = ".paper{fill:#fff}text{fill:#1f2328}.grid{stroke:#d8dde2}.edge{stroke:#8b949e;fill:none}\
                     .linear{stroke:#57606a;stroke-width:1.5;stroke-dasharray:3 4}.line{fill:none;stroke-width:2}\
                     @media(prefers-color-scheme:dark){.paper{fill:#0d1117}text{fill:#e6edf3}\
                     .grid{stroke:#2a313a}.linear{stroke:#9aa4af}}";

/// Returns the names of all lines, each once, in the order in which they first occur.
fn names(panels: &[Panel]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for line in panels.iter().flat_map(|panel| &panel.lines) {
        if !names.contains(&line.name.as_str()) {
            names.push(&line.name);
        }
    }
    names
}

fn legend(names: &[&str]) -> String {
    let mut text = String::from(
        "<text x=\"16\" y=\"22\">Each cost as a multiple of what it is at the smallest size. What climbs \
         steeper than the dotted diagonal grows faster than linear.</text>\n",
    );
    let mut x = 16.0;
    for name in names {
        let (colour, dash) = style(names, name);
        let _ = writeln!(
            text,
            "<path class=\"line\" d=\"M{x} 42h34\" stroke=\"{colour}\" stroke-dasharray=\"{dash}\"/>\
             <text x=\"{}\" y=\"46\">{}</text>",
            x + 42.0,
            escaped(name)
        );
        x += 64.0 + name.chars().count() as f64 * 7.5;
    }
    let _ = writeln!(
        text,
        "<path class=\"linear\" d=\"M{x} 42h34\"/><text x=\"{}\" y=\"46\">linear</text>",
        x + 42.0
    );
    text
}

/// Returns the colour and the dashes of a line. One name has the same in all panels.
fn style(names: &[&str], name: &str) -> (&'static str, &'static str) {
    let index = names.iter().position(|other| *other == name).unwrap_or_default();
    (COLOURS[index % COLOURS.len()], DASHES[index % DASHES.len()])
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(title: &str, costs: [f64; 3]) -> Panel {
        let sizes = [1.0, 10.0, 100.0].map(|size| (size, format!("{size}")));
        let line = Line { name: "time".into(), costs: costs.into() };
        Panel { title: title.into(), sizes: sizes.into(), lines: vec![line] }
    }

    /// Returns the points of the first line.
    fn points(svg: &str) -> Vec<(f64, f64)> {
        let line = svg.lines().filter(|line| line.starts_with("<path class=\"line\"")).nth(1);
        let path = line.expect("a line behind the legend").split("d=\"M").nth(1).expect("a path");
        let number = |text: &str| text.parse::<f64>().expect("a number");
        let place = |text: &str| text.split_once(' ').map(|(x, y)| (number(x), number(y)));
        path.split('"')
            .next()
            .into_iter()
            .flat_map(|path| path.split('L'))
            .filter_map(place)
            .collect()
    }

    fn rises(svg: &str) -> Vec<f64> {
        points(svg).windows(2).map(|pair| pair[0].1 - pair[1].1).collect()
    }

    #[test]
    fn linear_growth_lies_on_the_diagonal() {
        let svg = draw(&[panel("calls", [7.0, 70.0, 700.0])]);
        let (all, diagonal) =
            (points(&svg), svg.lines().find(|line| line.contains("class=\"linear\" d=\"M7")));
        assert_eq!(all.len(), 3);
        let [(x, y), _, (end_x, end_y)] = all[..] else { panic!("three points") };
        let expect = format!("d=\"M{x:.1} {y:.1}L{end_x:.1} {end_y:.1}\"");
        assert!(diagonal.expect("a diagonal").contains(&expect), "{expect} is not in {diagonal:?}");
        let rises = rises(&svg);
        assert!((rises[0] - rises[1]).abs() < 0.2, "{rises:?}");
    }

    #[test]
    fn a_square_is_twice_as_steep_and_a_constant_is_flat() {
        let linear = rises(&draw(&[panel("calls", [1.0, 10.0, 10.0])]));
        assert!(linear[0] > 50.0 && linear[1] == 0.0, "{linear:?}");
        let square = rises(&draw(&[panel("calls", [1.0, 10.0, 1000.0])]));
        assert!((square[1] / square[0] - 2.0).abs() < 0.01, "{square:?}");
    }

    #[test]
    fn every_panel_is_drawn_and_texts_are_escaped() {
        let svg = draw(&[panel("a < b", [1.0; 3]), panel("c & d", [1.0; 3]), panel("e", [2.0; 3])]);
        assert!(svg.contains(">a &lt; b<") && svg.contains(">c &amp; d<"), "{svg}");
        assert_eq!(svg.matches("<g transform").count(), 3);
        // One legend, and one line in each panel.
        assert_eq!(svg.matches("class=\"line\" d").count(), 1 + 3);
        assert!(svg.contains("prefers-color-scheme:dark") && svg.len() < 8 << 10, "{}", svg.len());
    }

    #[test]
    fn a_panel_without_points_is_empty() {
        let svg = draw(&[Panel { title: "empty panel".into(), sizes: vec![], lines: vec![] }]);
        assert!(!svg.contains("empty panel"), "{svg}");
    }
}
