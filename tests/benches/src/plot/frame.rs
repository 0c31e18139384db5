//! Frame of a panel: logarithmic scales of the same length on both sides, so that linear growth is the
//! diagonal.

use std::fmt::Write as _;

use super::{HEIGHT, WIDTH, panel::Panel};

const LEFT: f64 = 74.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 46.0;

/// Least width that the name of a size needs.
const LABEL: f64 = 50.0;

/// Frame of a panel. Both scales begin at 1, the smallest size and the cost there.
pub(super) struct Frame {
    /// Powers of ten from the bottom to 1, and from there to the right and to the top.
    below: f64,
    across: f64,
    above: f64,
}

impl Frame {
    /// Returns the frame around all points of a panel, or nothing if there are none.
    pub(super) fn around(panel: &Panel) -> Option<Self> {
        let points = || panel.lines.iter().flat_map(|line| panel.points(line));
        points().next()?;
        let across = points().map(|(x, _)| x.log10()).fold(0.1, f64::max);
        let above = points().map(|(_, y)| y.log10()).fold(across, f64::max);
        // A cost that does not grow lies on the line of 1, not on the edge.
        let below = points().map(|(_, y)| -y.log10()).fold(0.15, f64::max);
        Some(Self { below, across, above })
    }

    /// Returns where a point lies, both as multiples.
    pub(super) fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let (width, height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
        let up = (y.log10() + self.below) / (self.above + self.below);
        (LEFT + x.log10() / self.across * width, TOP + height - up * height)
    }

    /// Draws title, scales, the lines of the grid and the diagonal.
    pub(super) fn draw(&self, title: &str, sizes: &[(f64, String)]) -> String {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        let mut svg = format!(
            "<text x=\"{LEFT}\" y=\"20\" font-weight=\"bold\">{title}</text>\n\
             <rect class=\"edge\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{}\" height=\"{}\"/>\n",
            right - LEFT,
            bottom - TOP
        );
        for power in (-self.below).ceil() as i32..=self.above.floor() as i32 {
            let (_, y) = self.place(1.0, 10_f64.powi(power));
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 8.0,
                y + 4.5,
                multiple(power)
            );
        }
        svg.push_str(&self.labels(sizes));
        let ((x, y), (end_x, end_y)) = (self.place(1.0, 1.0), self.diagonal());
        let _ = write!(svg, "<path class=\"linear\" d=\"M{x:.1} {y:.1}L{end_x:.1} {end_y:.1}\"/>");
        svg
    }

    /// Returns the end of linear growth.
    fn diagonal(&self) -> (f64, f64) {
        let end = 10_f64.powf(self.across);
        self.place(end, end)
    }

    /// Draws the sizes below the frame, those alone that have room.
    fn labels(&self, sizes: &[(f64, String)]) -> String {
        let (mut svg, mut free) = (String::new(), 0.0);
        let smallest = sizes.first().map_or(1.0, |(size, _)| *size);
        let bottom = HEIGHT - BOTTOM;
        for (size, name) in sizes {
            let (x, _) = self.place(size / smallest, 1.0);
            let _ = write!(svg, "<path class=\"edge\" d=\"M{x:.1} {bottom}v5\"/>");
            if x >= free {
                let y = bottom + 20.0;
                let _ = write!(
                    svg,
                    "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{name}</text>"
                );
                free = x + LABEL;
            }
        }
        svg + "\n"
    }
}

/// Returns a power of ten as a multiple.
fn multiple(power: i32) -> String {
    match power {
        ..0 => format!("×{}", 10_f64.powi(power)),
        0..4 => format!("×{}", 10_i32.pow(power.unsigned_abs())),
        _ => format!("×10<tspan dy=\"-5\" font-size=\"10\">{power}</tspan>"),
    }
}
