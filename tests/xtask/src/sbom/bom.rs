//! One CycloneDX document.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    hex,
    lock::Lock,
    tree::{Package, Tree},
};

/// Something that is shipped.
pub(super) struct Artifact {
    pub(super) name: &'static str,
    /// SHA-256 of the file, where it is the same for everybody.
    pub(super) digest: Option<String>,
    pub(super) target: &'static str,
}

/// The document for an artifact that is built from the root of `tree` and holds `embedded` ones.
pub(super) fn text(
    artifact: &Artifact,
    tree: &Tree,
    embedded: &[Artifact],
    lock: &Lock,
    rustc: &str,
) -> Result<String> {
    let root = tree.packages.get(&tree.root).context("a tree without its root")?;
    let libraries = tree.packages.values().filter(|one| *one != root);
    let mut components: Vec<Value> = libraries.map(|one| library(one, lock)).collect();
    components.push(std_library(rustc));
    components.extend(embedded.iter().map(|plugin| file(plugin, root)));
    let mut dependencies = Vec::new();
    for (id, package) in &tree.packages {
        let mut needs: Vec<_> = package.needs.iter().map(|need| purl(need)).collect();
        if id == &tree.root {
            needs.push(reference_of_std(rustc));
            needs.extend(embedded.iter().map(reference));
        }
        let whose = if id == &tree.root { reference(artifact) } else { purl(id) };
        dependencies.push(json!({ "ref": whose, "dependsOn": needs }));
    }
    let properties = json!([
        { "name": "cloakroom:target", "value": artifact.target },
        { "name": "cloakroom:features", "value": root.features },
    ]);
    let described = with(file(artifact, root), "type", json!("application"));
    let described = with(described, "purl", json!(purl(&tree.root)));
    let described = with(described, "properties", properties);
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": described },
        "components": components,
        "dependencies": dependencies,
    });
    let serial = json!(serial(&document));
    let document = with(document, "serialNumber", serial);
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn library(package: &Package, lock: &Lock) -> Value {
    let id = format!("{}@{}", package.name, package.version);
    let library = json!({
        "type": "library",
        "bom-ref": purl(&id),
        "name": package.name,
        "version": package.version,
        "purl": purl(&id),
        "licenses": [{ "expression": package.license }],
    });
    with_hash(library, lock.checksum(&package.name, &package.version))
}

/// The program, or a plugin.
fn file(artifact: &Artifact, built_from: &Package) -> Value {
    let file = json!({
        "type": "file",
        "bom-ref": reference(artifact),
        "name": artifact.name,
        "version": built_from.version,
        "licenses": [{ "expression": built_from.license }],
    });
    with_hash(file, artifact.digest.as_deref())
}

fn with_hash(object: Value, sha256: Option<&str>) -> Value {
    match sha256 {
        None => object,
        Some(sha256) => with(object, "hashes", json!([{ "alg": "SHA-256", "content": sha256 }])),
    }
}

/// An object with one more entry.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Some(entries) = object.as_object_mut() {
        entries.insert(name.to_owned(), value);
    }
    object
}

/// Part of everything, and named by no lock file.
fn std_library(rustc: &str) -> Value {
    json!({
        "type": "library",
        "bom-ref": reference_of_std(rustc),
        "name": "rust-std",
        "version": rustc,
        "licenses": [{ "expression": "MIT OR Apache-2.0" }],
    })
}

fn reference_of_std(rustc: &str) -> String {
    format!("rust-std@{rustc}")
}

fn reference(artifact: &Artifact) -> String {
    format!("file:{}", artifact.name)
}

/// Returns the package URL of a crate.
fn purl(id: &str) -> String {
    // A plus sign in a version would be read as a space.
    format!("pkg:cargo/{}", id.replace('+', "%2B"))
}

/// A UUID (version 8) that is a digest of the document.
fn serial(document: &Value) -> String {
    let digest = hex(&Sha256::digest(document.to_string()));
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    let parts = [part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32)];
    let [a, b, c, d, e] = parts;
    format!("urn:uuid:{a}-{b}-8{c}-8{d}-{e}")
}
