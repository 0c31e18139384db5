//! Panel of one size: its frame, and a line for each cost.

use std::fmt::Write as _;

use super::{escaped, frame::Frame, style};

/// Panel of costs over one size.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Title, which says what the size is of.
    pub title: String,
    /// Sizes that were measured, and how they are written.
    pub sizes: Vec<(f64, String)>,
    /// Costs.
    pub lines: Vec<Line>,
}

/// One cost at each size of its panel.
#[derive(Clone, Debug)]
pub struct Line {
    /// Name of the cost.
    pub name: String,
    /// Costs above 0, in any unit.
    pub costs: Vec<f64>,
}

impl Panel {
    pub(super) fn draw(&self, svg: &mut String, names: &[&str]) {
        let Some(frame) = Frame::around(self) else { return };
        let _ = writeln!(svg, "{}", frame.draw(&escaped(&self.title), &self.sizes));
        for line in &self.lines {
            let (colour, dash) = style(names, &line.name);
            let points: Vec<_> = self.points(line).map(|(x, y)| frame.place(x, y)).collect();
            let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
            let _ = writeln!(
                svg,
                "<path class=\"line\" d=\"M{}\" stroke=\"{colour}\" stroke-dasharray=\"{dash}\"/>",
                path.join("L")
            );
            for (x, y) in points {
                let dot =
                    format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{colour}\"/>");
                svg.push_str(&dot);
            }
            svg.push('\n');
        }
    }

    /// Returns sizes and costs as multiples of the smallest size and of the cost there.
    pub(super) fn points(&self, line: &Line) -> impl Iterator<Item = (f64, f64)> {
        let size = self.sizes.first().map_or(1.0, |(size, _)| *size);
        let cost = line.costs.first().copied().unwrap_or(1.0);
        let costs = line.costs.iter().map(move |one| one / cost);
        self.sizes.iter().map(move |(one, _)| one / size).zip(costs)
    }
}
