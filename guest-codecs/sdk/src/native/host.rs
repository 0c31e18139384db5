//! The answers of the test host of this thread.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use super::service::Handler;
use crate::Error;

/// Objects of a bucket, by their keys.
pub(crate) type Objects = BTreeMap<String, Vec<u8>>;

/// A bucket that was granted.
pub(crate) struct GrantedBucket {
    /// The name that its store has for it.
    pub(crate) store_name: String,
    pub(crate) objects: Rc<RefCell<Objects>>,
}

/// The grants of one host, and its log.
#[derive(Default)]
pub(crate) struct State {
    /// Ids of the keys of each ring. The first is current.
    pub(crate) rings: BTreeMap<String, Vec<String>>,
    pub(crate) buckets: BTreeMap<String, GrantedBucket>,
    pub(crate) services: BTreeMap<String, Rc<Handler>>,
    pub(crate) secrets: BTreeMap<String, Vec<u8>>,
    pub(crate) log: Vec<String>,
    pub(crate) calls: usize,
}

thread_local! {
    /// The hosts of this thread. The last one answers.
    static HOSTS: RefCell<Vec<Rc<RefCell<State>>>> = const { RefCell::new(Vec::new()) };
}

/// Lets `state` answer from now on.
pub(crate) fn enter(state: &Rc<RefCell<State>>) {
    HOSTS.with_borrow_mut(|hosts| hosts.push(state.clone()));
}

/// Ends what [`enter`] began.
pub(crate) fn leave(state: &Rc<RefCell<State>>) {
    HOSTS.with_borrow_mut(|hosts| hosts.retain(|host| !Rc::ptr_eq(host, state)));
}

/// Counts a call that a component would make.
pub(crate) fn count_call() {
    ask(|state| state.calls += 1);
}

/// Asks the host of this thread, if there is one.
pub(crate) fn ask<T>(question: impl FnOnce(&mut State) -> T) -> Option<T> {
    let host = HOSTS.with_borrow(|hosts| hosts.last().cloned())?;
    let answer = question(&mut host.borrow_mut());
    Some(answer)
}

/// Returns the error of a host that did not grant `name`.
pub(crate) fn not_granted(kind: &str, name: &str) -> Error {
    Error::denied(format!(
        "the {kind} `{name}` is not granted: in a test, grant it with `cloakroom_guest::testing::Host`"
    ))
}
