//! Callers that a new configuration takes away, although the rest of it cannot be loaded.

use super::{frontend::Frontend, *};

const TILL: &str = "token-of-the-till-7Hq2";
const CLERK: &str = "token-of-the-clerk-Xe4";

fn table(frontend: &Frontend, identities: &[(&str, &str)]) -> String {
    with_identities(&format!("http://{}", frontend.address), identities)
}

/// A plugin that is not there: the configuration is read, and never loaded.
const BROKEN: &str = "[[stage]]\nplugin = \"file:missing.wasm\"\n";

async fn connect(gateway: &Served, token: &str) -> Connection {
    let mut options = at(&gateway.url());
    options.api_key = Some(token.to_owned());
    Connection::connect(options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_broken_configuration_takes_away_counts_at_once() {
    let (frontend, folder) = (Frontend::start().await, tempfile::tempdir().unwrap());
    secret(folder.path(), "till", TILL);
    secret(folder.path(), "clerk", CLERK);
    let both = [("till", "[\"shop\", \"bank\"]"), ("clerk", "[\"shop\", \"bank\"]")];
    let whole = table(&frontend, &both);
    let cloakroom = opened(folder.path(), &whole).await;
    let gateway = Served::start(&cloakroom).await;
    let served = gateway.gateway.clone();
    cloakroom.on_gateway_callers(move |written| {
        let _has_changed = served.restrict(written.unwrap());
    });
    let (till, clerk) = (connect(&gateway, TILL).await, connect(&gateway, CLERK).await);
    count(&till, "shop").await.unwrap();
    let replace = async |table: &str| {
        cloakroom.replace(builder(folder.path(), "", table)).await.map_err(|error| error.report())
    };
    let code = async |caller: &Connection, namespace: &str| {
        count(caller, namespace).await.map_or_else(|status| status.code(), |()| Code::Ok)
    };

    // Without one identity, and with fewer namespaces for the other. Both connections are open.
    let less = table(&frontend, &[("clerk", "[\"shop\", \"vault\"]")]);
    replace(&(less + BROKEN)).await.unwrap_err();
    assert_eq!(code(&till, "shop").await, Code::Unauthenticated);
    assert_eq!(code(&clerk, "shop").await, Code::Ok);
    assert_eq!(code(&clerk, "bank").await, Code::PermissionDenied);
    assert_eq!(code(&clerk, "vault").await, Code::PermissionDenied, "it gives nothing");

    // The file is as it was: nothing is taken away any more.
    replace(&whole).await.unwrap();
    assert_eq!(code(&till, "shop").await, Code::Ok);
    assert_eq!(code(&clerk, "bank").await, Code::Ok);

    // Another token in the same file.
    secret(folder.path(), "till", "another-token-of-the-till");
    replace(&(whole.clone() + BROKEN)).await.unwrap_err();
    assert_eq!(code(&till, "shop").await, Code::Unauthenticated);
    let refused = Connection::connect({
        let mut options = at(&gateway.url());
        options.api_key = Some("another-token-of-the-till".to_owned());
        options
    });
    assert!(refused.await.is_err(), "a token of a configuration that is not loaded");

    // No file at all: nobody is the till.
    fs::remove_file(folder.path().join("till")).unwrap();
    replace(&(whole.clone() + BROKEN)).await.unwrap_err();
    assert_eq!(code(&till, "shop").await, Code::Unauthenticated);
    assert_eq!(code(&clerk, "shop").await, Code::Ok);
    gateway.end().await;
}

/// A call must satisfy both until the new settings serve.
#[tokio::test(flavor = "multi_thread")]
async fn a_swap_lifts_the_restrictions_that_it_includes() {
    let (frontend, folder) = (Frontend::start().await, tempfile::tempdir().unwrap());
    secret(folder.path(), "till", TILL);
    secret(folder.path(), "clerk", CLERK);
    let cloakroom = opened(folder.path(), &table(&frontend, &[("till", "[\"shop\"]")])).await;
    let gateway = Served::start(&cloakroom).await;
    let till = connect(&gateway, TILL).await;
    let other = table(&frontend, &[("till", "[\"bank\"]"), ("clerk", "[\"bank\"]")]);
    let other = opened(folder.path(), &other).await.temporal_gateway().unwrap().1;
    assert!(gateway.gateway.restrict(other.callers.clone()));
    assert!(!gateway.gateway.restrict(other.callers.clone()), "nothing changed");
    for namespace in ["shop", "bank"] {
        assert_eq!(count(&till, namespace).await.unwrap_err().code(), Code::PermissionDenied);
    }
    gateway.gateway.swap(&other).unwrap();
    count(&till, "bank").await.unwrap();
    count(&connect(&gateway, CLERK).await, "bank").await.unwrap();
    assert_eq!(count(&till, "shop").await.unwrap_err().code(), Code::PermissionDenied);
    gateway.end().await;
}
