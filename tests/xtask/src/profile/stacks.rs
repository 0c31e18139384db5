//! Stacks of functions in which Linux found a program.

use super::steps::{STEPS, imports, is_guest, of_function};

/// Function that measures how fast the core is, between calls.
const PACE: &str = "cost::repeat::pace";

/// Stack of functions, the innermost first, and the step that it lies in, if it lies in one.
pub(crate) struct Stack {
    pub(crate) functions: Vec<String>,
    pub(crate) step: Option<usize>,
}

/// Reads the output of `perf script -F ip,sym`. Stacks outside of calls are left out.
pub(crate) fn parse(text: &str) -> Vec<Stack> {
    text.split("\n\n").filter_map(stack).collect()
}

fn stack(text: &str) -> Option<Stack> {
    let name = |line: &str| line.trim().split_once(' ').map(|(_, name)| name.trim().to_owned());
    let functions: Vec<_> = text.lines().filter_map(name).collect();
    // Reading and compiling plugins is no part of a call either.
    let is_outside =
        |name: &String| name == PACE || (name.contains("prepare::{{closure}}") && !is_call(name));
    if functions.is_empty() || functions.iter().any(is_outside) {
        return None;
    }
    let border = |(depth, name): (usize, &String)| Some((depth, of_function(name)?));
    let found = functions.iter().enumerate().find_map(border);
    // The stack ends at the guest's code, whose frames are of a form that Linux does not know.
    let step = found.map(|(depth, step)| {
        let is_import = is_guest(step) && depth > 0;
        imports().filter(|_| is_import).unwrap_or(step)
    });
    Some(Stack { functions, step })
}

/// Returns whether a function of the program makes a call, and does not prepare one.
fn is_call(name: &str) -> bool {
    name.matches("{{closure}}").count() > 1
}

/// Returns the share of stacks that lie in each step, and at last of those that lie in none.
pub(crate) fn shares(stacks: &[Stack]) -> Vec<f64> {
    let count = |step| stacks.iter().filter(|stack| stack.step == step).count();
    let steps = (0..STEPS.len()).map(Some).chain([None]);
    steps.map(|step| count(step) as f64 / stacks.len().max(1) as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "\
          a1 malloc
          a2 cloakroom_plugin::codec::PluginCodec::run::{{closure}}
          a3 cost::codecs::Call::prepare::{{closure}}::{{closure}}

          b1 wasm[0]::function[7]

          c1 resource_drop
          c2 wasm[0]::function[7]

          d1 jent_memaccess
          d2 cost::codecs::Call::prepare::{{closure}}

          e1 epoll_wait
          e2 tokio::runtime::park
";

    #[test]
    fn each_stack_lies_in_the_step_whose_border_is_next() {
        let stacks = parse(SCRIPT);
        let name = |stack: &Stack| stack.step.map_or("none", |step| STEPS[step].name);
        assert_eq!(
            stacks.iter().map(name).collect::<Vec<_>>(),
            ["scheduling", "guest", "imports", "none"]
        );
        let shares = shares(&stacks);
        assert_eq!((shares.iter().sum::<f64>(), shares.last()), (1.0, Some(&0.25)));
    }
}
