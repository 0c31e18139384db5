//! `explain --history`, on what a real run left in a real server.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::{Cloakroom, CloakroomBuilder, Context, Payload};
use cloakroom_temporal::server::{CodecServer, ServerSettings};
use cloakroom_tests::{KEY, assert_text, compile_cache, rigs::temporal};
use expect_test::expect;
use serde_json::{Value, json};
use temporalio_client::{WorkflowGetResultOptions, WorkflowSignalOptions, WorkflowStartOptions};
use temporalio_common::MemoValues;
use tokio::net::TcpListener;

use crate::{
    cli::binary,
    scripts::to_json,
    worker::{Running, Waiting, client, converter, server, unique},
};

/// The input, and both times the input and the result of an activity, and the result.
const REFERENCES: u64 = 6;

const NOTE: &str = "a canary of a note";

/// A run through a worker with Cloakroom, which stores in a folder.
struct Run {
    folder: tempfile::TempDir,
    cloakroom: Cloakroom,
    id: String,
    parcel: String,
}

impl Run {
    async fn finish() -> Self {
        // What is encoded twice is one object, so that the numbers do not depend on replays.
        let folder = folder("true");
        let opening = CloakroomBuilder::file(folder.path().join("cloakroom.toml"))
            .with_cache(compile_cache());
        let cloakroom = opening.open().await.unwrap();
        let (queue, url) = (unique("history"), server().url());
        let _worker = Running::start(&url, &queue, converter(&cloakroom));
        let client = client(&url, converter(&cloakroom)).await;
        let (id, parcel) = (unique("told"), hex::encode(cloakroom_tests::noise(400_000)));
        let mut options = WorkflowStartOptions::new(queue, id.clone()).build();
        let mut memo = MemoValues::new();
        memo.insert("note", NOTE.to_owned());
        options.memo = Some(memo);
        let handle = client.start_workflow(Waiting::run, parcel.clone(), options).await.unwrap();
        handle.signal(Waiting::go, (), WorkflowSignalOptions::default()).await.unwrap();
        let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
        assert!(result == parcel);
        Self { folder, cloakroom, id, parcel }
    }

    fn export(&self, name: &str, args: &[&str]) -> PathBuf {
        let mut show = temporal(&server().target());
        show.args(["workflow", "show", "-w", &self.id]).args(args);
        let shown = show.output().unwrap();
        assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
        let path = self.folder.path().join(name);
        fs::write(&path, shown.stdout).unwrap();
        path
    }

    fn explain(&self, history: &Path, args: &[&str]) -> Output {
        explain(self.folder.path(), history, args)
    }

    #[track_caller]
    fn story(&self, history: &Path, status: i32, args: &[&str]) -> Value {
        story(self.folder.path(), history, status, args)
    }

    fn objects(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        files(&self.folder.path().join("objects"), &mut found);
        found
    }
}

/// A folder with a configuration and its key, which stores in a folder of it.
fn folder(repeatable: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), STANDARD.encode(KEY)).unwrap();
    let config = CONFIG.replace("REPEATABLE", repeatable);
    fs::write(folder.path().join("cloakroom.toml"), config).unwrap();
    folder
}

const CONFIG: &str = r#"
    [[stage]]
    plugin = "bundled:zstd"
    [[stage]]
    plugin = "bundled:aes-gcm"
    required = true
    settings = { ring = "payments", repeatable = REPEATABLE }
    grants.keys = ["payments"]
    [keys.payments]
    current = "test-key"
    material = { "test-key" = { file = "key" } }
    [storage]
    threshold = "256KiB"
    [[storage.driver]]
    name = "local"
    plugin = "bundled:file"
    settings = { bucket = "objects" }
    grants.buckets = ["objects"]
    [buckets.objects]
    url = "file:objects"
"#;

fn explain(folder: &Path, history: &Path, args: &[&str]) -> Output {
    let mut explain = Command::new(binary());
    explain.args(["explain", "--namespace", "default", "--history"]).arg(history);
    explain.arg("--config").arg(folder.join("cloakroom.toml"));
    explain.args(args).output().unwrap()
}

#[track_caller]
fn story(folder: &Path, history: &Path, status: i32, args: &[&str]) -> Value {
    let explained = explain(folder, history, &[args, &["--json"]].concat());
    let says = String::from_utf8_lossy(&explained.stderr);
    assert_eq!(explained.status.code(), Some(status), "{says}");
    serde_json::from_slice(&explained.stdout).unwrap()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn says(output: &Output) -> String {
    let both = [&*output.stdout, &*output.stderr].concat();
    String::from_utf8(both).unwrap()
}

fn json_len(text: &str) -> u64 {
    Payload::new("json/plain", format!("\"{text}\"")).encoded_len() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_a_run_has_the_numbers_of_the_run() {
    let run = Run::finish().await;
    let history = run.export("history.json", &["-o", "json"]);
    let story = run.story(&history, 0, &[]);
    let (totals, lines) = (&story["totals"], story["payloads"].as_array().unwrap());

    // Each reference stands for the parcel, and all of them for one object, which is on the disk.
    let objects = run.objects();
    let object = fs::metadata(&objects[0]).unwrap().len();
    assert_eq!((objects.len(), &totals["objects"]), (1, &Value::from(1)));
    assert_eq!(totals["objectBytes"], object);
    assert_eq!(totals["references"], REFERENCES);
    assert_eq!(totals["sharedReferences"], REFERENCES - 1);
    let stored: Vec<_> = lines.iter().filter(|line| !line["stored"].is_null()).collect();
    for line in &stored {
        assert_eq!(line["decodedBytes"], json_len(&run.parcel), "{line}");
        assert_eq!(line["state"], "open");
    }
    let fields: Vec<_> = stored.iter().map(|line| format!("{}", line["field"])).collect();
    assert_eq!(fields[0], "\"input[0]\"");
    assert_eq!(fields.last().unwrap(), "\"result[0]\"");

    // The memo is in the history, encrypted.
    let memo = lines.iter().find(|line| line["field"] == "memo.note").unwrap();
    assert_eq!(memo["decodedBytes"], json_len(NOTE));
    assert_eq!((&memo["event"], &memo["layers"][0]["key"]), (&1.into(), &"test-key".into()));

    // Sums are sums, and the server counts what we count and its own words around it.
    let sum = |name: &str| lines.iter().map(|line| line[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!(totals["historyBytes"], sum("historyBytes"));
    assert_eq!(totals["historyBytesWithout"], sum("decodedBytes"));
    assert!(sum("decodedBytes") >= REFERENCES * json_len(&run.parcel) + json_len(NOTE));
    let mut describe = temporal(&server().target());
    let described = describe.args(["workflow", "describe", "-w", &run.id, "-o", "json"]);
    let described: Value = serde_json::from_slice(&described.output().unwrap().stdout).unwrap();
    let held = described["workflowExecutionInfo"]["historySizeBytes"].as_str().unwrap();
    let held: u64 = held.parse().unwrap();
    assert_eq!(story["events"], story["lastEvent"]);
    assert!(sum("historyBytes") < held && held < sum("historyBytes") + 6000, "{held}");

    let told = run.explain(&history, &[]);
    assert_eq!(told.status.code(), Some(0), "{}", says(&told));
    for part in [
        &*format!("workflow {} (Waiting)", run.id),
        "WorkflowExecutionStarted",
        "memo.note",
        "json/protobuf, binary/sealed (key test-key), binary/zstd, json/plain",
        "local: v0/ns/default/d/",
        "for 6 references",
        "6 puts and 6 gets at most",
    ] {
        assert!(says(&told).contains(part), "no `{part}` in: {}", says(&told));
    }
    assert!(!says(&told).contains("canary") && !story.to_string().contains("canary"));
    assert!(!says(&told).contains(&run.parcel[..20]));

    run.prices_are_applied(&history, object);
    run.lost_objects_are_missing(&history);
}

impl Run {
    fn prices_are_applied(&self, history: &Path, object: u64) {
        let prices = ["--runs-per-month", "1000", "--price-gib-month", "0.5"];
        let story = self.story(history, 0, &prices);
        let costs = story["month"]["with"].as_array().unwrap();
        let store = costs.iter().find(|cost| cost["name"] == "store").unwrap();
        let expected = object as f64 * 1000.0 / f64::from(1 << 30) * 0.5;
        assert!((store["amount"].as_f64().unwrap() - expected).abs() < 1e-9, "{store}");
        let told = says(&self.explain(history, &prices));
        for part in
            ["1,000 × 6 requests = 6.0 thousand", "× 0.5 = ", "no price given", "runs a month"]
        {
            assert!(told.contains(part), "no `{part}` in: {told}");
        }
        let usage = self.explain(history, &["--price-gib-month", "1"]);
        assert_eq!(usage.status.code(), Some(2), "{}", says(&usage));
    }

    fn lost_objects_are_missing(&self, history: &Path) {
        let object = self.objects().remove(0);
        let moved = object.with_extension("moved");
        fs::rename(&object, &moved).unwrap();
        let story = self.story(history, 1, &[]);
        assert_eq!(story["totals"]["missing"], REFERENCES);
        assert_eq!(story["totals"]["unreadable"], 0);
        assert_eq!(story["totals"]["historyBytesWithoutIsAtLeast"], true);
        let told = self.explain(history, &[]);
        assert_eq!(told.status.code(), Some(1));
        for part in ["missing:\n  event 1 WorkflowExecutionStarted, input[0]: ", "6 are missing"] {
            assert!(says(&told).contains(part), "no `{part}` in: {}", says(&told));
        }
        // Nobody knows, if no store is asked.
        let story = self.story(history, 0, &["--offline"]);
        assert_eq!(story["totals"]["notAsked"], REFERENCES);
        assert_eq!(story["totals"]["missing"], 0);
        assert_eq!(story["totals"]["objects"], 1);

        // An object that is not what was stored is no missing one.
        fs::write(&object, "rubbish").unwrap();
        let story = self.story(history, 1, &[]);
        assert_eq!(story["totals"]["unreadable"], REFERENCES);
        assert_eq!(story["payloads"][0]["kind"], "corrupt");
        fs::rename(&moved, &object).unwrap();
        self.story(history, 0, &[]);
    }
}

/// Two objects and three payloads in the history are what others are, and one cannot be opened.
#[tokio::test(flavor = "multi_thread")]
async fn duplicates_are_found_although_encryption_hides_them() {
    let folder = folder("false");
    let opening =
        CloakroomBuilder::file(folder.path().join("cloakroom.toml")).with_cache(compile_cache());
    let cloakroom = opening.open().await.unwrap();
    let large = hex::encode(cloakroom_tests::noise(400_000));
    let encode = async |text: &str| {
        let payload = Payload::new("json/plain", format!("\"{text}\""));
        let encoded = cloakroom.encode(&Context::namespace("default"), vec![payload]).await;
        to_json(&encoded.unwrap()[0])
    };
    let (stored, again) = (encode(&large).await, encode(&large).await);
    let (small, twin, other) = (encode("a").await, encode("a").await, encode("b").await);
    assert!(stored != again && small != twin, "repeatable after all");
    let mut forged = encode("c").await;
    forged["data"] = STANDARD.encode("rubbish").into();
    let attribute =
        json!({ "metadata": { "encoding": STANDARD.encode("json/plain") }, "data": "" });
    let events = json!({ "events": [
        { "event_id": 1, "event_type": "WorkflowExecutionStarted",
          "workflow_execution_started_event_attributes": {
            "workflow_id": "by-hand",
            "input": { "payloads": [stored, again, stored, small] },
            "memo": { "fields": { "x": small, "y": twin, "z": other } },
            "search_attributes": { "indexed_fields": { "City": attribute, "Town": attribute } },
        }},
        { "eventId": "3", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED",
          "workflowExecutionSignaledEventAttributes": { "input": { "payloads": [forged] } } },
    ]});
    let history = folder.path().join("history.json");
    fs::write(&history, events.to_string()).unwrap();
    let story = story(folder.path(), &history, 1, &[]);
    let totals = &story["totals"];
    let expected = [
        ("payloads", 10),
        ("references", 3),
        ("objects", 2),
        ("sharedReferences", 1),
        ("objectsStoredAgain", 1),
        ("repeatedPayloads", 2),
        ("unreadable", 1),
        ("missing", 0),
    ];
    for (name, expected) in expected {
        assert_eq!(totals[name], expected, "{name}: {totals}");
    }
    assert_eq!(totals["objectsStoredAgainBytes"], totals["objectBytes"].as_u64().unwrap() / 2);
    let forged = story["payloads"].as_array().unwrap().last().unwrap();
    assert_eq!((&forged["event"], &forged["kind"]), (&3.into(), &"malformed".into()));
    let told = explain(folder.path(), &history, &[]);
    let says = says(&told);
    assert!(
        says.contains("cannot be opened here:\n  event 3 WorkflowExecutionSignaled, input[0]: ")
    );
    assert!(says.contains("search attribute"), "{says}");
    assert!(says.contains("2 of 3 events"), "{says}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_raw_history_is_refused() {
    let run = Run::finish().await;
    let table = run.export("history.txt", &[]);
    let refused = run.explain(&table, &[]);
    crate::cli::refused(
        &refused,
        1,
        &["temporal workflow show -w ID -o json"],
        &expect![[r#"
            error: not a history in JSON (line 1, column 1): export it with `temporal workflow show -w ID -o json`, without --codec-endpoint and without TEMPORAL_CODEC_ENDPOINT
        "#]],
    );
    let nowhere = run.explain(&run.folder.path().join("nowhere"), &[]);
    assert_eq!(nowhere.status.code(), Some(2), "{}", says(&nowhere));

    // What a codec server has decoded is a history without any trace of Cloakroom.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/{{namespace}}", listener.local_addr().unwrap());
    let codec = CodecServer::new(run.cloakroom.clone(), ServerSettings::default());
    let serving = tokio::spawn(async move { codec.serve(listener, std::future::pending()).await });
    let decoded = run.export("decoded.json", &["-o", "json", "--codec-endpoint", &endpoint]);
    let told = run.explain(&decoded, &[]);
    assert_eq!(told.status.code(), Some(1));
    let told = says(&told);
    let hint = told.lines().find(|line| line.contains("codec endpoint")).unwrap();
    assert_text(
        hint.trim(),
        &[],
        &expect![[r#"
            note                     no payload has an encoding of this configuration, and none is stored: either nothing was encoded, or the history was exported through a codec endpoint and shows what was decoded
        "#]],
    );
    assert!(!told.contains("canary"));
    serving.abort();
}
