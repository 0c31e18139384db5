//! Steps of a call, known by the functions at their borders.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Result, ensure};

use crate::cost::callgrind::Profile;

/// Rounds in which costs are passed on from callers. No call is deeper.
const ROUNDS: usize = 200;

/// Step of a call: what a function with one of these texts in its name does, and all below it that belongs
/// to no other step.
pub(super) struct Step {
    pub(super) name: &'static str,
    borders: &'static [&'static str],
}

/// Steps, in the order in which a function is looked up.
pub(super) const STEPS: [Step; 9] = [
    Step { name: "sealing", borders: &["Key>::seal_aes_gcm"] },
    Step {
        name: "metrics",
        borders: &[
            "metrics::handles::",
            "metrics::key::",
            "metrics::recorder::",
            "::metric::",
            "CallMetrics",
        ],
    },
    Step { name: GUEST, borders: &["wasm[", "component-trampolines["] },
    Step {
        name: IMPORTS,
        borders: &["HostFn::cabi_entrypoint", "HostFn::entrypoint", "libcalls::", "trampolines::"],
    },
    Step {
        name: "instance: taking and giving back",
        borders: &["InstancePool::take", "InstancePool::put_back"],
    },
    Step {
        name: "call: fibre, lowering, lifting",
        borders: &["call_impl", "FiberFuture", "fiber_start"],
    },
    Step {
        name: "scheduling",
        borders: &["PluginCodec::run", "cloakroom_plugin::compute::", "codec::Codec>::encode"],
    },
    Step {
        name: "stage: checks, accounting",
        borders: &["encode_payload::{{closure}}", "stage::Stage", "part::PartCall"],
    },
    Step {
        name: "admission and pipeline",
        borders: &["Pipeline>::encode", "admission::", "cloakroom_pipeline::"],
    },
];

const GUEST: &str = "guest";

const IMPORTS: &str = "imports";

/// Returns the step that a function begins.
pub(super) fn of_function(name: &str) -> Option<usize> {
    // Callgrind knows no names in code that was compiled at run time.
    if name.starts_with("0x") {
        return of_name(GUEST);
    }
    STEPS.iter().position(|step| step.borders.iter().any(|border| name.contains(border)))
}

/// Returns the step of host code that a guest called.
pub(super) fn imports() -> Option<usize> {
    of_name(IMPORTS)
}

/// Returns whether a step is the guest's code.
pub(super) fn is_guest(step: usize) -> bool {
    Some(step) == of_name(GUEST)
}

fn of_name(name: &str) -> Option<usize> {
    STEPS.iter().position(|step| step.name == name)
}

/// Checks that each border is the name of a function that ran.
///
/// # Errors
/// If a function was renamed, or the compiler has put it into its caller: what it does would then be counted
/// for the step around it.
pub(super) fn check<'a>(functions: impl Iterator<Item = &'a String> + Clone) -> Result<()> {
    for step in &STEPS {
        for border in step.borders {
            ensure!(
                functions.clone().any(|name| name.contains(border)),
                "no function with `{border}` in its name ran, where the step `{}` begins: it was renamed, \
                 or is part of its caller now. Name the function where the step begins now in \
                 tests/xtask/src/profile/steps.rs",
                step.name
            );
        }
    }
    Ok(())
}

/// Returns the instructions of each step, and at last of what lies in none. Those of a function that several
/// steps call are divided by what it did for each.
pub(super) fn instructions(profile: &Profile) -> Vec<f64> {
    let shares = shares(profile);
    let mut steps = vec![0.0; STEPS.len()];
    for (name, own) in &profile.own {
        if let Some(shares) = shares.get(&**name) {
            steps.iter_mut().zip(shares).for_each(|(step, share)| *step += share * *own as f64);
        }
    }
    let rest = profile.own(|_| true) as f64 - steps.iter().sum::<f64>();
    steps.push(rest.max(0.0));
    steps
}

/// Returns the share that each step has in each function.
fn shares(profile: &Profile) -> HashMap<&str, Vec<f64>> {
    let mut callers: BTreeMap<&str, Vec<(&str, f64)>> = BTreeMap::new();
    for calls in profile.calls.iter().filter(|calls| calls.caller != calls.callee) {
        let cost = calls.instructions as f64;
        callers.entry(&calls.callee).or_default().push((&calls.caller, cost));
    }
    let border = |step| (0..STEPS.len()).map(|at| f64::from(u8::from(at == step))).collect();
    let begins = |name: &str| of_function(name).map(border);
    let mut shares: HashMap<&str, Vec<f64>> = HashMap::new();
    for name in profile.own.keys() {
        shares.insert(name, begins(name).unwrap_or_else(|| vec![0.0; STEPS.len()]));
    }
    for _ in 0..ROUNDS {
        for (name, callers) in callers.iter().filter(|(name, _)| of_function(name).is_none()) {
            let all: f64 = callers.iter().map(|(_, cost)| cost).sum();
            let mut sum = vec![0.0; STEPS.len()];
            for (caller, cost) in callers {
                let of_caller = shares.get(caller).into_iter().flatten();
                sum.iter_mut()
                    .zip(of_caller)
                    .for_each(|(to, from)| *to += from * cost / all.max(1.0));
            }
            shares.insert(name, sum);
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_of_two_steps_is_divided_by_what_it_did_for_each() {
        let text = "fn=(1) PluginCodec::run\n0 10\ncfn=(2) malloc\ncalls=1 0\n0 30\n\n\
                    fn=(3) <RingKey as Key>::seal_aes_gcm\n0 100\ncfn=(2)\ncalls=1 0\n0 10\n\nfn=(2)\n0 40\n";
        let steps = instructions(&Profile::parse(text).unwrap());
        let step = |name| steps[of_name(name).unwrap()].round();
        assert_eq!((step("scheduling"), step("sealing")), (40.0, 110.0));
        assert_eq!(steps.last().unwrap().round(), 0.0);
    }

    #[test]
    fn what_lies_in_no_step_is_not_lost() {
        let text = "fn=(1) main\n0 7\ncfn=(2) PluginCodec::run\ncalls=1 0\n0 30\n\nfn=(2)\n0 30\n";
        let steps = instructions(&Profile::parse(text).unwrap());
        assert_eq!(steps.last().unwrap().round(), 7.0);
    }

    #[test]
    fn a_border_that_no_function_has_is_an_error_that_names_it() {
        let mut names: Vec<_> =
            STEPS.iter().flat_map(|step| step.borders).map(ToString::to_string).collect();
        assert!(check(names.iter()).is_ok());
        let missing = names.pop().unwrap();
        let error = check(names.iter()).unwrap_err().to_string();
        assert!(error.contains(&format!("`{missing}`")), "{error}");
    }
}
