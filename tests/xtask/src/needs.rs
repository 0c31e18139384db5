//! Requirements of the tests besides Cargo, and the tests that are skipped without them.

use std::thread;

use anyhow::{Result, anyhow, bail};

use crate::{
    dapr, debian, go, guest_tools, java, node, python,
    run::{cargo, say, target_dir},
};

/// Words in the names of tests that need Python: it is also where Temporal's server comes from.
const PYTHON: [&str; 11] = [
    "python",
    "s3::",
    "gcs::",
    "faults::",
    "worker::",
    "codec_server::",
    "ui::",
    "sdks::",
    "kubernetes::",
    "author_examples::webdav",
    "author_examples::json_fields",
];

/// Requirements that were set up, and the tests that lack one.
#[derive(Default)]
pub(crate) struct Needs {
    vars: Vec<(&'static str, String)>,
    skipped: Vec<&'static str>,
    missing: Vec<String>,
}

impl Needs {
    /// Sets everything up. If `strict`, the first requirement that cannot be met is an error.
    pub(crate) fn set_up(strict: bool) -> Result<Self> {
        let target = target_dir()?;
        let mut needs = Self::default();
        // First what may need apt-get, of which only one runs at a time. Go compiles while pip waits
        // for the network.
        let java = java::set_up(&target);
        let ((go, dapr), python, node, apps) = thread::scope(|scope| {
            let go = scope.spawn(|| (go::set_up(&target), dapr::set_up(&target)));
            let (python, node) = (python::set_up(&target), node::set_up(&target));
            let apps = dapr::apps(&target, python.as_deref().ok());
            let panicked = |_| {
                let panicked = || anyhow!("its set-up panicked");
                (Err(panicked()), Err(panicked()))
            };
            (go.join().unwrap_or_else(panicked), python, node, apps)
        });
        let python = python.map(|found| ("CLOAKROOM_PYTHON", found.to_string_lossy().into_owned()));
        needs.note("Python", &PYTHON, strict, python.map(Some))?;
        let node = node.map(|found| ("CLOAKROOM_NODE", found.to_string_lossy().into_owned()));
        needs.note("Node", &["node_", "azure::"], strict, node.map(Some))?;
        let jco = guest_tools::jco(&target);
        let jco = jco.map(|found| ("CLOAKROOM_JCO", found.to_string_lossy().into_owned()));
        needs.note(
            "jco",
            &["templates::typescript", "author_examples::webdav", "stand_ins::javascript"],
            strict,
            jco.map(Some),
        )?;
        let zig = guest_tools::zig(&target);
        let zig = zig.map(|found| ("CLOAKROOM_ZIG", found.to_string_lossy().into_owned()));
        needs.note("zig", &["templates::c_"], strict, zig.map(Some))?;
        let go = go.map(|found| ("CLOAKROOM_GO", found.to_string_lossy().into_owned()));
        needs.note(
            "Go",
            &[
                "sdks::go",
                "sdks::mixed",
                "wire_visitor::",
                "templates::go",
                "author_examples::vectors",
                "dashboards::",
                "remote_codec::",
                "sdks::remote",
            ],
            strict,
            go.map(Some),
        )?;
        let dapr = dapr.map(|found| ("CLOAKROOM_DAPR", found.to_string_lossy().into_owned()));
        needs.note("Dapr", &["dapr::", "document_pipeline::"], strict, dapr.map(Some))?;
        for (sdk, tests, installed) in apps {
            needs.note(sdk, tests, strict, installed.map(|()| None))?;
        }
        let java = java.map(|found| ("CLOAKROOM_JAVA", found.to_string_lossy().into_owned()));
        needs.note("Java", &["sdks::java", "sdks::mixed"], strict, java.map(Some))?;
        needs.note(
            "Redis",
            &[
                "redis::",
                "redis_login::",
                "dapr::gateway",
                "dapr::signing",
                "dapr::stall",
                "dapr::trouble",
                "document_pipeline::",
                "leaves_no_canary",
            ],
            strict,
            debian::redis().map(|()| None),
        )?;
        let postgres = debian::postgres().map(|()| None);
        needs.note("PostgreSQL", &["postgres::"], strict, postgres)?;
        let registry = debian::registry().map(|()| None);
        needs.note("a registry", &["registry::"], strict, registry)?;
        needs.note("Chromium", &["ui::"], strict, debian::chromium().map(|()| None))?;
        needs.note(
            "promtool",
            &["alerts::", "dashboards::"],
            strict,
            debian::promtool().map(|()| None),
        )?;
        Ok(needs)
    }

    /// `tests` are words in the names of the tests that need it.
    fn note(
        &mut self,
        name: &str,
        tests: &[&'static str],
        strict: bool,
        found: Result<Option<(&'static str, String)>>,
    ) -> Result<()> {
        match found {
            Ok(var) => self.vars.extend(var),
            Err(error) if strict => bail!("the tests need {name}: {error:#}"),
            Err(error) => {
                self.skipped.extend(tests);
                let tests = tests.join("`, `");
                self.missing.push(format!("tests named `{tests}`, which need {name}: {error:#}"));
            }
        }
        Ok(())
    }

    /// Runs the tests whose names hold one of `filter`, or every test, but for those that lack
    /// something; says which these are.
    pub(crate) fn test(&self, filter: &[&str]) -> Result<()> {
        let skips = self.skipped.iter().flat_map(|word| ["--skip", word]);
        let args = ["test", "--workspace", "--"].into_iter().chain(filter.iter().copied());
        let args: Vec<_> = args.chain(skips).collect();
        let vars: Vec<_> = self.vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
        cargo(&args, &vars)?;
        self.report();
        Ok(())
    }

    /// Says what could not be set up.
    pub(crate) fn report(&self) {
        for missing in &self.missing {
            say(&format!("\nskipped: {missing}"));
        }
    }
}
