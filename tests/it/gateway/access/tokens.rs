//! Callers with tokens.

use serde_json::json;

use super::{frontend::Frontend, *};
use crate::scripts::python;

const TOKEN: &str = "token-of-the-till-7Hq2";

/// A gateway that asks for tokens, on this machine without TLS.
fn table(upstream: &str) -> String {
    with_identities(upstream, &[("till", "[\"shop\"]"), ("clerk", "[\"shop\", \"bank\"]")])
}

fn with_token(served: &Served, token: Option<&str>) -> ConnectionOptions {
    let mut options = at(&served.url());
    options.api_key = token.map(str::to_owned);
    options
}

/// A token is for the gateway: Temporal never sees it.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_its_namespaces_and_stays_here() {
    let (frontend, folder) = (Frontend::start().await, tempfile::tempdir().unwrap());
    secret(folder.path(), "till", TOKEN);
    secret(folder.path(), "clerk", "token-of-the-clerk-Xe4");
    let table = table(&format!("http://{}", frontend.address));
    let gateway = Served::start(&opened(folder.path(), &table).await).await;
    let till = Connection::connect(with_token(&gateway, Some(TOKEN))).await.unwrap();
    count(&till, "shop").await.unwrap();
    let refused = count(&till, "bank").await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    let clerk = with_token(&gateway, Some("token-of-the-clerk-Xe4"));
    count(&Connection::connect(clerk).await.unwrap(), "bank").await.unwrap();
    let seen = frontend.seen("CountWorkflowExecutions");
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|call| !call.headers.contains_key("authorization")));
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_of_its_own_nobody_is_answered() {
    let (frontend, folder) = (Frontend::start().await, tempfile::tempdir().unwrap());
    secret(folder.path(), "till", TOKEN);
    secret(folder.path(), "clerk", "token-of-the-clerk-Xe4");
    let table = table(&format!("http://{}", frontend.address));
    let gateway = Served::start(&opened(folder.path(), &table).await).await;
    let longer = format!("{TOKEN}x");
    for token in [None, Some(""), Some("wrong"), Some(&TOKEN[1..]), Some(&*longer)] {
        let refused = Connection::connect(with_token(&gateway, token)).await;
        let refused = format!("{:?}", refused.map(drop).unwrap_err());
        assert!(refused.contains("present a certificate or a token"), "{refused}");
    }
    assert!(frontend.seen("GetSystemInfo").is_empty());
    gateway.end().await;
}

/// The subject of a signed token is an identity. Any other token has the namespaces of its claim.
#[tokio::test(flavor = "multi_thread")]
async fn signed_tokens_are_identities() {
    let (frontend, folder) = (Frontend::start().await, tempfile::tempdir().unwrap());
    let asked = json!({ "audience": "a", "issuer": "i" });
    let made = tokio::task::block_in_place(|| python("tokens.py", &asked));
    fs::write(folder.path().join("jwks.json"), made["keys"].to_string()).unwrap();
    let of = |kind: &str, name: &str| made[kind][name].as_str().unwrap().to_owned();
    let table = |identity: &str| {
        format!(
            "[gateway.temporal]\nupstream = \"http://{}\"\njwt = {{ keys = \"DIR/jwks.json\", \
             audience = \"a\", issuer = \"i\", namespaces = \"namespaces\" }}\n{identity}",
            frontend.address
        )
    };
    let gateway = Served::start(&opened(folder.path(), &table("")).await).await;
    let one = of("good", "for one namespace");
    let connection = Connection::connect(with_token(&gateway, Some(&one))).await.unwrap();
    count(&connection, "payments").await.unwrap();
    for namespace in ["orders", "*", ""] {
        let refused = count(&connection, namespace).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{namespace}: {refused}");
    }
    for (name, token) in made["bad"].as_object().unwrap() {
        let refused = Connection::connect(with_token(&gateway, token.as_str())).await;
        assert!(refused.is_err(), "{name}");
    }
    gateway.end().await;
    let someone = "[[gateway.temporal.identity]]\nname = \"someone\"\nsubject = \"someone\"\n\
                   namespaces = [\"orders\"]\n";
    let gateway = Served::start(&opened(folder.path(), &table(someone)).await).await;
    let connection = Connection::connect(with_token(&gateway, Some(&one))).await.unwrap();
    count(&connection, "orders").await.unwrap();
    assert_eq!(count(&connection, "payments").await.unwrap_err().code(), Code::PermissionDenied);
    let seen = frontend.seen("CountWorkflowExecutions");
    assert!(seen.iter().all(|call| !call.headers.contains_key("authorization")));
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_told_apart_or_recognised_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    secret(folder.path(), "till", TOKEN);
    secret(folder.path(), "short", "short");
    let refused = async |table: &str| {
        let table = format!("[gateway.temporal]\nupstream = \"http://127.0.0.1:1\"\n{table}");
        let opened = opened(folder.path(), &table).await;
        let report = opened.temporal_gateway().map(drop).unwrap_err().report();
        report.replace(folder.path().to_str().unwrap(), "DIR")
    };
    let identity = |name: &str, mark: &str| {
        format!(
            "[[gateway.temporal.identity]]\nname = \"{name}\"\n{mark}\nnamespaces = [\"shop\"]\n"
        )
    };
    let till = identity("till", "token = { file = \"DIR/till\" }");
    let mut texts = Vec::new();
    for table in [
        identity("till", ""),
        identity("till", "san = [\"spiffe://acme/till\"]"),
        identity("till", "subject = \"till\""),
        identity("till", "token = { file = \"DIR/short\" }"),
        identity("till", "token = { file = \"DIR/missing\" }"),
        till.clone() + "admin = true\n",
        format!("{till}{till}"),
        till.clone() + &identity("clerk", "token = { file = \"DIR/till\" }"),
        format!("listen = \"0.0.0.0:7243\"\n{till}"),
        "listen = \"0.0.0.0:7243\"\n".to_owned(),
        "api_key = { file = \"DIR/till\" }\n".to_owned(),
        "upstream_tls = { server_name = \"temporal\" }\n".to_owned(),
        "tls = { certificate = \"DIR/till\", key = \"DIR/till\" }\n".to_owned(),
    ] {
        let text = refused(&table).await;
        assert!(!text.contains(TOKEN), "{text}");
        texts.push(text);
    }
    let refusals = expect_test::expect![[r#"
        [gateway.temporal]: identity `till` has no certificate name, token or subject, so nobody can be it
        [gateway.temporal]: identity `till` is recognised by a certificate, but clients are asked for none: name the authorities that sign them
        [gateway.temporal]: identity `till` is recognised by a signed token, but no keys verify one
        gateway.temporal.identity `till` `token`: the token has 5 bytes, but at least 16 are needed: use random ones, such as those of `openssl rand -base64 32`
        gateway.temporal.identity `till` `token`: cannot read `DIR/missing`: correct the path: No such file or directory (os error 2)
        [gateway.temporal]: identity `till` may make administrative calls, which concern every namespace, but may not use every namespace: give it all of them, or take that right from it
        [gateway.temporal]: two identities are called `till`
        [gateway.temporal]: identities `till` and `clerk` have the same token
        [gateway.temporal]: payloads and tokens would cross the network to 0.0.0.0:7243 in the clear: serve TLS, or listen on 127.0.0.1 or [::1]
        [gateway.temporal]: everybody who reaches 0.0.0.0:7243 could read all payloads: listen on 127.0.0.1 or [::1], or authenticate callers by a certificate or a token
        [gateway.temporal]: everybody who reaches the gateway could use its credentials for http://127.0.0.1:1: authenticate callers by a certificate or a token
        [gateway.temporal]: there are settings of TLS for http://127.0.0.1:1, which is not https: write https, or remove them
        gateway.temporal.tls: `DIR/till`: the certificate is not PEM
    "#]];
    refusals.assert_eq(&(texts.join("\n") + "\n"));
}

/// A worker opens the same file and needs none of its certificates, so that it is a warning.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_why_the_gateway_would_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let table = "[gateway.temporal]\nupstream = \"http://127.0.0.1:1\"\n\
                 tls = { certificate = \"DIR/gone.pem\", key = \"DIR/gone.key\" }\n";
    let check = builder(folder.path(), "", table).check().await.unwrap();
    let warnings = check.report().warnings.join("\n");
    let expect = format!(
        "`cloakroom gateway temporal` would not start here: gateway.temporal.tls: cannot read `{}/gone.pem`",
        folder.path().display()
    );
    assert!(warnings.contains(&expect), "{warnings}");
    let table = "[gateway.temporal]\nupstream = \"http://127.0.0.1:1\"\n";
    let check = builder(folder.path(), "", table).check().await.unwrap();
    assert!(!check.report().warnings.join("\n").contains("would not start"));
}
