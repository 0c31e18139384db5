//! Key rings that one plugin is granted, and which of them a call uses.
//!
//! A plugin names the ring of its settings in every call. Where a namespace has rings of its own, the host
//! puts those in its place, so that no plugin decides whose keys it gets: one that asks for another tenant's
//! ring by name is refused like a stranger.

use std::{collections::BTreeMap, fmt, iter, sync::Arc};

use cloakroom_core::{Context, KeyRing};

/// Key ring with the name that the operator gave it.
#[derive(Clone)]
pub(crate) struct NamedRing {
    pub(crate) name: Arc<str>,
    /// Namespace that it was granted for, if it is not for all that have none of their own.
    pub(crate) namespace: Option<Arc<str>>,
    pub(crate) ring: Arc<dyn KeyRing>,
}

/// Rings of one namespace.
#[derive(Clone, Default)]
struct NamespaceRings {
    /// Ring that seals, in place of the one that the plugin asks for.
    current: Option<NamedRing>,
    /// Rings that only open.
    old: Vec<NamedRing>,
}

/// Key rings of one grant.
#[derive(Clone, Default)]
pub(crate) struct GrantedRings {
    /// Rings by the name that the plugin asks for.
    by_name: BTreeMap<String, NamedRing>,
    /// Rings of namespaces that have their own.
    by_namespace: BTreeMap<String, NamespaceRings>,
}

/// Ring that may have the key of a sealed payload, and the namespace whose keys are looked up in it.
#[derive(Clone, Copy)]
pub(crate) struct OpeningRing<'a> {
    pub(crate) ring: &'a NamedRing,
    pub(crate) namespace: Option<&'a str>,
}

/// Rings that may have the key of a sealed payload, in the order in which they are tried.
pub(crate) struct OpeningRings<'a> {
    pub(crate) first: OpeningRing<'a>,
    /// Empty where no namespace has rings of its own or shares with this one, so that the usual call
    /// allocates nothing.
    pub(crate) others: Vec<OpeningRing<'a>>,
}

impl GrantedRings {
    /// Grants a ring under a name.
    pub(crate) fn insert(&mut self, name: &str, ring: Arc<dyn KeyRing>) {
        self.by_name.insert(name.to_owned(), named(name, None, ring));
    }

    /// Seals with this ring in calls of a namespace.
    pub(crate) fn set_current(&mut self, namespace: &str, name: &str, ring: Arc<dyn KeyRing>) {
        let rings = self.by_namespace.entry(namespace.to_owned()).or_default();
        rings.current = Some(named(name, Some(namespace), ring));
    }

    /// Also opens with this ring in calls of a namespace.
    pub(crate) fn add_old(&mut self, namespace: &str, name: &str, ring: Arc<dyn KeyRing>) {
        let rings = self.by_namespace.entry(namespace.to_owned()).or_default();
        rings.old.push(named(name, Some(namespace), ring));
    }

    /// Returns whether nothing is granted.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Returns the names that the plugin may ask for.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.by_name.keys()
    }

    /// Returns whether some namespace has rings of its own.
    pub(crate) fn has_namespaces(&self) -> bool {
        !self.by_namespace.is_empty()
    }

    /// Returns the ring that seals in a call, for a plugin that asks for `name`. Nothing if that was not
    /// granted.
    pub(crate) fn sealing(&self, ctx: &Context, name: &str) -> Option<&NamedRing> {
        let asked = self.by_name.get(name)?;
        Some(self.current(ctx.namespace_name(), asked))
    }

    /// Returns the rings that open in a call, for a plugin that asks for `name`. Nothing if that was not
    /// granted.
    pub(crate) fn opening<'a>(&'a self, ctx: &'a Context, name: &str) -> Option<OpeningRings<'a>> {
        let asked = self.by_name.get(name)?;
        let mut rings = self.opening_of(ctx.namespace_name(), asked);
        let first = rings.next()?;
        let mut others: Vec<_> = rings.collect();
        // Formats that name no namespace: the payload may be of any that this one may read.
        for namespace in ctx.readable_namespaces() {
            others.extend(self.opening_of(Some(namespace), asked));
        }
        Some(OpeningRings { first, others })
    }

    /// Returns the rings that open what was sealed for a namespace, the one that seals first.
    fn opening_of<'a>(
        &'a self,
        namespace: Option<&'a str>,
        asked: &'a NamedRing,
    ) -> impl Iterator<Item = OpeningRing<'a>> {
        let old = namespace.map_or(&[][..], |namespace| self.old(namespace));
        let rings = iter::once(self.current(namespace, asked)).chain(old);
        rings.map(move |ring| OpeningRing { ring, namespace })
    }

    fn current<'a>(&'a self, namespace: Option<&str>, asked: &'a NamedRing) -> &'a NamedRing {
        let own = namespace.and_then(|namespace| self.by_namespace.get(namespace));
        own.and_then(|rings| rings.current.as_ref()).unwrap_or(asked)
    }

    fn old(&self, namespace: &str) -> &[NamedRing] {
        self.by_namespace.get(namespace).map_or(&[], |rings| &rings.old)
    }

    /// Returns a text that names all rings. Equal texts mean the same rings by name.
    pub(crate) fn identity(&self) -> String {
        format!("{self:?}")
    }
}

impl NamespaceRings {
    /// Returns the names of the rings, the one that seals first.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.current.iter().chain(&self.old).map(|ring| &*ring.name)
    }
}

impl fmt::Debug for GrantedRings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespaces = self.by_namespace.iter();
        let namespaces = namespaces.map(|(name, rings)| (name, rings.names().collect::<Vec<_>>()));
        f.debug_struct("GrantedRings")
            .field("by_name", &self.by_name.keys())
            .field("by_namespace", &namespaces.collect::<Vec<_>>())
            .finish()
    }
}

impl fmt::Display for NamedRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key ring `{}`", self.name)?;
        match &self.namespace {
            Some(namespace) => write!(f, " of namespace `{namespace}`"),
            None => Ok(()),
        }
    }
}

fn named(name: &str, namespace: Option<&str>, ring: Arc<dyn KeyRing>) -> NamedRing {
    NamedRing { name: name.into(), namespace: namespace.map(Arc::from), ring }
}

#[cfg(test)]
mod tests {
    use cloakroom_core::KeyLookup;

    use super::*;

    struct Nothing;

    impl KeyRing for Nothing {
        fn find<'a>(&'a self, _: &'a str, _: Option<&'a str>) -> KeyLookup<'a> {
            KeyLookup::none()
        }
    }

    /// `shop` seals under a ring of its own and was moved there from `common`; `legacy` goes back to it.
    fn rings() -> GrantedRings {
        let mut rings = GrantedRings::default();
        rings.insert("common", Arc::new(Nothing));
        rings.set_current("shop", "shop-keys", Arc::new(Nothing));
        rings.add_old("shop", "common", Arc::new(Nothing));
        rings.add_old("legacy", "legacy-keys", Arc::new(Nothing));
        rings
    }

    #[track_caller]
    fn check(ctx: &Context, asked: &str, expect: &[&str]) {
        let rings = rings();
        let opening = rings.opening(ctx, asked);
        let tried =
            opening.iter().flat_map(|rings| [&rings.first].into_iter().chain(&rings.others));
        let names: Vec<_> = tried.map(|opening| &*opening.ring.name).collect();
        assert_eq!(names, expect);
        let sealing = rings.sealing(ctx, asked);
        assert_eq!(sealing.map(|ring| ring.name.to_string()).as_deref(), expect.first().copied());
    }

    #[test]
    fn a_namespace_gets_its_own_rings_whatever_the_plugin_asks_for() {
        check(&Context::namespace("shop"), "common", &["shop-keys", "common"]);
        check(&Context::namespace("legacy"), "common", &["common", "legacy-keys"]);
        check(&Context::namespace("other"), "common", &["common"]);
        check(&Context::none(), "common", &["common"]);
        for namespace in ["shop", "legacy", "other"] {
            check(&Context::namespace(namespace), "shop-keys", &[]);
        }
    }

    #[test]
    fn a_reader_also_opens_with_the_rings_of_who_shares_with_it() {
        let reads = |namespace: &str| {
            Context::namespace("other").with_readable(Arc::from([namespace.to_owned()]))
        };
        check(&reads("shop"), "common", &["common", "shop-keys", "common"]);
        check(&reads("third"), "common", &["common", "common"]);
        // A payload that names its namespace is opened as that one's alone.
        check(&reads("shop").opening("shop"), "common", &["shop-keys", "common"]);
    }

    #[test]
    fn keys_of_a_ring_are_looked_up_for_the_namespace_that_sealed() {
        let mut rings = GrantedRings::default();
        rings.insert("common", Arc::new(Nothing));
        let ctx = Context::namespace("other").with_readable(Arc::from(["shop".to_owned()]));
        let OpeningRings { first, others } = rings.opening(&ctx, "common").unwrap();
        let namespaces = iter::once(&first).chain(&others).map(|ring| ring.namespace);
        assert_eq!(namespaces.collect::<Vec<_>>(), [Some("other"), Some("shop")]);
    }
}
