//! Stacks of functions in which Linux found a program.

use super::steps::{STEPS, imports, is_guest, of_function};

/// Stack of functions, the innermost first, and the step that it lies in.
pub(crate) struct Stack {
    pub(crate) functions: Vec<String>,
    pub(crate) step: usize,
}

/// Reads the output of `perf script -F ip,sym`. Stacks outside of calls are left out.
pub(crate) fn parse(text: &str) -> Vec<Stack> {
    text.split("\n\n").filter_map(stack).collect()
}

fn stack(text: &str) -> Option<Stack> {
    let name = |line: &str| line.trim().split_once(' ').map(|(_, name)| name.trim().to_owned());
    let functions: Vec<_> = text.lines().filter_map(name).collect();
    // Reading and compiling plugins is no part of a call.
    if functions.iter().any(|name| name.contains("prepare::{{closure}}") && !is_call(name)) {
        return None;
    }
    let (depth, step) = functions
        .iter()
        .enumerate()
        .find_map(|(depth, name)| of_function(name).map(|step| (depth, step)))?;
    // The stack ends at the guest's code, whose frames are of a form that Linux does not know.
    let step = if is_guest(step) && depth > 0 { imports()? } else { step };
    Some(Stack { functions, step })
}

/// Returns whether a function of the program makes a call, and does not prepare one.
fn is_call(name: &str) -> bool {
    name.matches("{{closure}}").count() > 1
}

/// Returns the share of stacks that lie in each step.
pub(crate) fn shares(stacks: &[Stack]) -> Vec<f64> {
    let count = |step| stacks.iter().filter(|stack| stack.step == step).count();
    (0..STEPS.len()).map(|step| count(step) as f64 / stacks.len().max(1) as f64).collect()
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
";

    #[test]
    fn each_stack_lies_in_the_step_whose_border_is_next() {
        let names: Vec<_> = parse(SCRIPT).iter().map(|stack| STEPS[stack.step].name).collect();
        assert_eq!(names, ["scheduling", "guest", "imports"]);
    }
}
