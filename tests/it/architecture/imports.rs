//! Finds which file of a crate uses which: every path is followed through re-exports to the file
//! that defines the item.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::{
    Attribute, Item, Meta, UseTree, Visibility,
    visit::{self, Visit},
};

/// A module: what its names stand for, and the paths that its code uses.
struct Module {
    file: PathBuf,
    parent: usize,
    children: BTreeMap<String, usize>,
    items: BTreeSet<String>,
    imports: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    used: Vec<Vec<String>>,
}

/// The modules of a crate. The first is its root, and its own parent.
pub(super) struct Crate(Vec<Module>);

impl Crate {
    /// Reads a crate from its root's file on, without what only tests compile.
    pub(super) fn read(root: &Path) -> Self {
        let mut modules = Self(Vec::new());
        modules.read_file(root.to_owned(), 0);
        modules
    }

    /// Returns the files that each file uses. A `mod` or a re-export alone is no use.
    pub(super) fn uses(&self) -> Uses {
        let mut uses = Uses::new();
        for (at, module) in self.0.iter().enumerate() {
            let ours = uses.entry(module.file.clone()).or_default();
            for path in &module.used {
                ours.extend(self.find(at, path, 0).filter(|file| *file != module.file));
            }
        }
        uses
    }

    fn read_file(&mut self, file: PathBuf, parent: usize) -> usize {
        let text = fs::read_to_string(&file).unwrap();
        let parsed = syn::parse_file(&text).unwrap();
        // Children of `lib.rs` and `main.rs` lie beside it, those of `a.rs` in `a/`.
        let is_root = self.0.is_empty();
        let folder = if is_root { file.parent().unwrap().into() } else { file.with_extension("") };
        self.read_items(file, parent, &folder, &parsed.items)
    }

    fn read_items(&mut self, file: PathBuf, parent: usize, folder: &Path, items: &[Item]) -> usize {
        let at = self.0.len();
        self.0.push(Module {
            file,
            parent,
            children: BTreeMap::new(),
            items: BTreeSet::new(),
            imports: BTreeMap::new(),
            globs: Vec::new(),
            used: Vec::new(),
        });
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            if let Item::Mod(module) = item {
                let name = module.ident.to_string();
                let file = self.0[at].file.clone();
                let child = match &module.content {
                    Some((_, items)) => self.read_items(file, at, &folder.join(&name), items),
                    None => self.read_file(folder.join(format!("{name}.rs")), at),
                };
                self.0[at].children.insert(name, child);
            } else {
                self.0[at].items.extend(name(item));
                Paths(&mut self.0[at]).visit_item(item);
            }
        }
        at
    }

    /// Returns the file that defines what a path names, as seen from a module. None, if it leads
    /// out of the crate or to a module.
    fn find(&self, from: usize, path: &[String], depth: usize) -> Option<PathBuf> {
        // Two globs may name each other.
        if depth > 20 {
            return None;
        }
        let (first, rest) = path.split_first()?;
        let module = &self.0[from];
        match first.as_str() {
            "crate" => return self.find(0, rest, depth + 1),
            "self" => return self.find(from, rest, depth + 1),
            "super" => return self.find(module.parent, rest, depth + 1),
            _ => {}
        }
        if let Some(child) = module.children.get(first) {
            // The name of a module alone uses nothing of it.
            return self.find(*child, rest, depth + 1);
        }
        if module.items.contains(first) {
            return Some(module.file.clone());
        }
        if let Some(target) = module.imports.get(first) {
            let whole: Vec<_> = target.iter().chain(rest).cloned().collect();
            return if whole == path { None } else { self.find(from, &whole, depth + 1) };
        }
        module.globs.iter().find_map(|glob| {
            let whole: Vec<_> = glob.iter().chain(path).cloned().collect();
            self.find(from, &whole, depth + 1)
        })
    }
}

/// The files that each file uses.
type Uses = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// Returns the groups of files in which each file uses all others, directly or through others.
pub(super) fn cycles(uses: &Uses) -> BTreeSet<BTreeSet<PathBuf>> {
    let reached: BTreeMap<_, _> = uses.keys().map(|file| (file, reach(uses, file))).collect();
    let cycles = reached.iter().map(|(file, far)| {
        far.iter().filter(|other| reached[other].contains(*file)).cloned().collect::<BTreeSet<_>>()
    });
    cycles.filter(|cycle| !cycle.is_empty()).collect()
}

fn reach(uses: &Uses, from: &PathBuf) -> BTreeSet<PathBuf> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(file) = next.pop() {
        next.extend(uses[file].iter().filter(|other| seen.insert((*other).clone())));
    }
    seen
}

/// Collects the paths of an item's code.
struct Paths<'a>(&'a mut Module);

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string());
        self.0.used.push(segments.collect());
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut leaves = Vec::new();
        flatten(&item.tree, Vec::new(), &mut leaves);
        for (name, path) in leaves {
            if name == "*" {
                self.0.globs.push(path);
                continue;
            }
            if matches!(item.vis, Visibility::Inherited) {
                self.0.used.push(path.clone());
            }
            self.0.imports.insert(name, path);
        }
    }

    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        visit::visit_macro(self, node);
        self.visit_tokens(node.tokens.clone());
    }
}

impl Paths<'_> {
    /// Finds paths in what a macro is given.
    fn visit_tokens(&mut self, tokens: proc_macro2::TokenStream) {
        let (mut path, mut colons) = (Vec::new(), 0);
        for token in tokens {
            match token {
                proc_macro2::TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.0.used.push(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                proc_macro2::TokenTree::Group(group) => {
                    self.visit_tokens(group.stream());
                    colons = 0;
                }
                _ => colons = 0,
            }
        }
        self.0.used.push(path);
    }
}

fn flatten(tree: &UseTree, mut path: Vec<String>, leaves: &mut Vec<(String, Vec<String>)>) {
    match tree {
        UseTree::Path(node) => {
            path.push(node.ident.to_string());
            flatten(&node.tree, path, leaves);
        }
        UseTree::Name(node) if node.ident == "self" => {
            leaves.push((path.last().cloned().unwrap_or_default(), path));
        }
        UseTree::Name(node) => {
            path.push(node.ident.to_string());
            leaves.push((node.ident.to_string(), path));
        }
        UseTree::Rename(node) => {
            path.push(node.ident.to_string());
            leaves.push((node.rename.to_string(), path));
        }
        UseTree::Glob(_) => leaves.push(("*".to_owned(), path)),
        UseTree::Group(node) => {
            node.items.iter().for_each(|tree| flatten(tree, path.clone(), leaves));
        }
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string() == "test",
        _ => false,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}
