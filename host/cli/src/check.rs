//! Command `check`: loads a configuration, and tries its stores.

use std::io::{self, Write as _};

use cloakroom::{
    Error,
    inspect::{Report, StoreOutcome, StoreRow},
};
use serde_json::{Value, json};

use crate::{args::Check, check_namespaces, failure::Failure, open::builder, table::words};

pub(crate) async fn run(args: &Check) -> Result<(), Failure> {
    let check = match builder(&args.config).check().await {
        Ok(check) => check,
        Err(error) => {
            if args.json {
                write(&format!("{:#}\n", json!({ "ok": false, "error": error_json(&error) })))?;
            }
            // Whatever the kind of the error, a check has two results: scripts ask for 0 or 2.
            return Err(Failure::from(error).into_usage());
        }
    };
    let rows = if args.stores { Some(check.stores().await) } else { None };
    let failed = rows.iter().flatten().filter(|row| row.is_failure()).count();
    let text = if args.json {
        format!("{:#}\n", as_json(check.report(), rows.as_deref(), failed == 0))
    } else {
        as_text(check.report(), rows.as_deref())
    };
    write(&text)?;
    match failed {
        0 => Ok(()),
        1 => Err(Failure::usage("1 step with a store failed: see `failed` above")),
        failed => {
            Err(Failure::usage(format!("{failed} steps with stores failed: see `failed` above")))
        }
    }
}

fn write(text: &str) -> io::Result<()> {
    io::stdout().lock().write_all(text.as_bytes())
}

fn as_text(report: &Report, stores: Option<&[StoreRow]>) -> String {
    let mut text = String::new();
    let mut section = |title: &str, rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            text.push_str(&format!("{title}\n{}", words(&rows)));
        }
    };
    section("stages", stages(report));
    section("drivers", drivers(report));
    section("buckets", buckets(report));
    section("keys", keys(report));
    section("namespaces", check_namespaces::rows(report));
    section("tried with each codec", vec![vec![report.probes.join(", ")]]);
    if let Some(rows) = stores {
        section("stores", rows.iter().map(store_row).collect());
    }
    section("warnings", report.warnings.iter().map(|warning| vec![warning.clone()]).collect());
    for row in stores.into_iter().flatten() {
        if let StoreOutcome::Failed { error, advice, .. } = &row.outcome {
            let StoreRow { driver, bucket, step, .. } = row;
            let step = step.as_str();
            text.push_str(&format!(
                "failed: {step}, driver `{driver}`, bucket `{bucket}`: {error}\n  do: {advice}\n"
            ));
        }
    }
    text
}

fn stages(report: &Report) -> Vec<Vec<String>> {
    let row = |stage: &cloakroom::inspect::StageReport| {
        let required = match stage.required {
            "no" => String::new(),
            "yes" => "required".to_owned(),
            other => format!("required to {other}"),
        };
        let purpose = format!("{:?}", stage.purpose).to_lowercase();
        let encodings = stage.encodings.join(", ");
        vec![stage.name.clone(), stage.plugin.clone(), purpose, encodings, required]
    };
    report.stages.iter().map(row).collect()
}

fn drivers(report: &Report) -> Vec<Vec<String>> {
    let row = |driver: &cloakroom::inspect::DriverReport| {
        let use_ = if driver.stores { "stores and reads" } else { "reads" };
        let buckets = match driver.buckets.join(", ") {
            buckets if buckets.is_empty() => "no bucket".to_owned(),
            buckets => format!("bucket {buckets}"),
        };
        vec![
            driver.name.clone(),
            driver.plugin.clone(),
            driver.kind.clone(),
            use_.to_owned(),
            buckets,
        ]
    };
    report.drivers.iter().map(row).collect()
}

fn buckets(report: &Report) -> Vec<Vec<String>> {
    let row = |bucket: &cloakroom::inspect::BucketReport| {
        let keys = match &*bucket.prefix {
            "" => "all keys".to_owned(),
            prefix => format!("keys from {prefix}"),
        };
        let access = if bucket.read_only { "read only" } else { "read and write" };
        vec![bucket.name.clone(), bucket.url.clone(), keys, access.to_owned()]
    };
    report.buckets.iter().map(row).collect()
}

fn keys(report: &Report) -> Vec<Vec<String>> {
    let row = |ring: &cloakroom::inspect::RingReport| {
        let retired: Vec<_> =
            ring.keys.iter().filter(|key| **key != ring.current).map(String::as_str).collect();
        let retired = match retired.join(", ") {
            retired if retired.is_empty() => "no retired keys".to_owned(),
            retired => format!("retired {retired}"),
        };
        vec![ring.name.clone(), format!("current {}", ring.current), retired]
    };
    report.rings.iter().map(row).collect()
}

fn store_row(row: &StoreRow) -> Vec<String> {
    let outcome = match &row.outcome {
        StoreOutcome::Done => "ok".to_owned(),
        StoreOutcome::Noted(text) => format!("note: {text}"),
        StoreOutcome::Unprovable(text) => format!("UNPROVABLE: {text}"),
        StoreOutcome::Failed { kind, .. } => format!("FAILED ({})", kind.as_str()),
        _ => "unknown".to_owned(),
    };
    vec![row.driver.clone(), row.bucket.clone(), row.step.as_str().to_owned(), outcome]
}

fn as_json(report: &Report, stores: Option<&[StoreRow]>, ok: bool) -> Value {
    let stages = report.stages.iter().map(|stage| {
        json!({
            "name": stage.name,
            "plugin": stage.plugin,
            "purpose": format!("{:?}", stage.purpose).to_lowercase(),
            "encodings": stage.encodings,
            "required": stage.required,
        })
    });
    let drivers = report.drivers.iter().map(|driver| {
        json!({
            "name": driver.name,
            "plugin": driver.plugin,
            "kind": driver.kind,
            "stores": driver.stores,
            "buckets": driver.buckets,
        })
    });
    let buckets = report.buckets.iter().map(|bucket| {
        json!({
            "name": bucket.name,
            "url": bucket.url,
            "prefix": bucket.prefix,
            "readOnly": bucket.read_only,
        })
    });
    let keys = report
        .rings
        .iter()
        .map(|ring| json!({ "name": ring.name, "current": ring.current, "keys": ring.keys }));
    json!({
        "ok": ok,
        "stages": stages.collect::<Vec<_>>(),
        "drivers": drivers.collect::<Vec<_>>(),
        "buckets": buckets.collect::<Vec<_>>(),
        "keys": keys.collect::<Vec<_>>(),
        "namespaces": check_namespaces::as_json(report),
        "probes": report.probes,
        "warnings": report.warnings,
        "stores": stores.map(|rows| rows.iter().map(store_json).collect::<Vec<_>>()),
    })
}

fn store_json(row: &StoreRow) -> Value {
    let (result, kind, error, advice) = match &row.outcome {
        StoreOutcome::Noted(text) => ("noted", None, Some(text), None),
        StoreOutcome::Unprovable(text) => ("unprovable", None, Some(text), None),
        StoreOutcome::Failed { kind, error, advice } => {
            ("failed", Some(kind.as_str()), Some(error), Some(advice))
        }
        _ => ("ok", None, None, None),
    };
    json!({
        "driver": row.driver,
        "bucket": row.bucket,
        "step": row.step.as_str(),
        "result": result,
        "kind": kind,
        "text": error,
        "advice": advice,
    })
}

fn error_json(error: &Error) -> Value {
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        causes.push(cloakroom::inspect::clean(&error.to_string(), 2000));
        cause = error.source();
    }
    json!({
        "kind": error.kind().as_str(),
        "place": error.place(),
        "stage": error.stage(),
        "plugin": error.plugin(),
        "message": error.to_string(),
        "causes": causes,
    })
}
