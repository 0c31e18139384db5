//! Flame graphs: stacks of functions as boxes, as wide as the share of samples that they are in.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    stacks::Stack,
    steps::{STEPS, of_function},
};

const WIDTH: f64 = 1200.0;
const LINE: usize = 17;

/// Boxes that are narrower are left out: nobody could read them, and they are most of the file.
const NARROWEST: f64 = 2.0;

/// Width of a letter.
const LETTER: f64 = 6.6;

/// Function, and what it called.
#[derive(Default)]
struct Node {
    samples: usize,
    step: usize,
    below: BTreeMap<String, Node>,
}

/// Returns the graph of some stacks.
pub(super) fn svg(title: &str, stacks: &[Stack]) -> String {
    let mut root = Node::default();
    for stack in stacks {
        let Some(step) = stack.step else { continue };
        let mut node = &mut root;
        node.samples += 1;
        for name in path(stack, step) {
            node = node.below.entry(short(&name)).or_default();
            node.samples += 1;
            node.step = step;
        }
    }
    let mut boxes = String::new();
    let depth = draw(&mut boxes, &root, 0.0, WIDTH, 1);
    let height = (depth + 2) * LINE;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"monospace\" font-size=\"11\">\n<text x=\"4\" y=\"12\">{}</text>\n{boxes}</svg>\n",
        escaped(title)
    )
}

/// Returns the functions of a stack from the outermost in a call. The stacks of a guest's fibre begin with
/// the step, since they are not connected to their caller's.
fn path(stack: &Stack, step: usize) -> Vec<String> {
    let outermost = stack.functions.iter().rposition(|name| of_function(name).is_some());
    let functions = stack.functions.get(..=outermost.unwrap_or_default()).unwrap_or_default();
    let step = STEPS.get(step).map_or("", |step| step.name);
    let is_whole = functions.last().is_some_and(|name| name.contains("cloakroom_pipeline"));
    let begin = if is_whole { None } else { Some(step.to_owned()) };
    begin.into_iter().chain(functions.iter().rev().cloned()).collect()
}

/// Draws what a function called. Returns the depth of the deepest box.
fn draw(boxes: &mut String, node: &Node, left: f64, width: f64, depth: usize) -> usize {
    let (mut left, mut deepest) = (left, depth);
    for (name, below) in &node.below {
        let share = below.samples as f64 / node.samples.max(1) as f64;
        let wide = width * share;
        if wide >= NARROWEST {
            draw_box(boxes, name, below.step, left, wide, depth);
            deepest = deepest.max(draw(boxes, below, left, wide, depth + 1));
        }
        left += wide;
    }
    deepest
}

fn draw_box(boxes: &mut String, name: &str, step: usize, left: f64, width: f64, depth: usize) {
    let (top, hue) = (depth * LINE, step * 360 / STEPS.len());
    let letters = ((width - 4.0) / LETTER).max(0.0) as usize;
    let text: String = name.chars().take(letters).collect();
    let _ = writeln!(
        boxes,
        "<g><title>{}</title><rect x=\"{left:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"16\" \
         fill=\"hsl({hue},60%,75%)\"/><text x=\"{:.1}\" y=\"{}\">{}</text></g>",
        escaped(name),
        left + 2.0,
        top + 12,
        escaped(&text)
    );
}

/// Returns the last two parts of a function's path, without the parameters of its types.
fn short(name: &str) -> String {
    let (mut plain, mut depth) = (String::new(), 0_usize);
    for c in name.trim_start_matches('<').replace("::{{closure}}", "").chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    let parts: Vec<_> = plain.rsplitn(3, "::").take(2).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("::")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_as_wide_as_its_share() {
        let stack = |functions: &[&str]| Stack {
            functions: functions.iter().map(ToString::to_string).collect(),
            step: Some(0),
        };
        let stacks = [
            stack(&["a::malloc", "cloakroom_pipeline::encode"]),
            stack(&["b::free", "cloakroom_pipeline::encode"]),
        ];
        let svg = svg("encode <1 KiB>", &stacks);
        assert!(svg.contains("encode &lt;1 KiB&gt;"), "{svg}");
        assert!(
            svg.contains(
                "<title>cloakroom_pipeline::encode</title><rect x=\"0.0\" y=\"17\" width=\"1200.0\""
            ),
            "{svg}"
        );
        assert!(
            svg.contains("<title>b::free</title><rect x=\"600.0\" y=\"34\" width=\"600.0\""),
            "{svg}"
        );
    }
}
