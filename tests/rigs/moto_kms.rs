//! moto as AWS KMS and IAM: it wraps for real, verifies every signature and asks policies. It knows no
//! state of a key: it encrypts with a disabled one.

use serde_json::{Value, json};

use super::{Server, http::exchange, server::from_python};

/// Region of the requests that set it up.
const REGION: &str = "eu-central-1";

/// A server of one test's own.
pub struct MotoKms {
    server: Server,
}

/// Credentials of a user of IAM.
pub struct AwsUser {
    /// Id of the access key.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl MotoKms {
    /// Starts one, which lets everybody do everything until [`MotoKms::enforce`].
    #[must_use]
    pub fn start() -> Self {
        let server = Server::start("moto", |_, port| {
            let mut moto = from_python("moto_server");
            moto.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            moto
        });
        Self { server }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Makes a key, and returns its ARN.
    pub fn key(&self, alias: &str) -> String {
        let made = self.kms("CreateKey", json!({}));
        let arn = made["KeyMetadata"]["Arn"].as_str().expect("an ARN").to_owned();
        let alias = format!("alias/{alias}");
        self.kms("CreateAlias", json!({"AliasName": alias, "TargetKeyId": arn}));
        arn
    }

    /// Sends a request to KMS without a signature: before [`MotoKms::enforce`].
    pub fn kms(&self, action: &str, body: Value) -> Value {
        let headers = format!(
            "{}x-amz-target: TrentService.{action}\r\ncontent-type: application/x-amz-json-1.1\r\n",
            scope("kms", REGION)
        );
        let body = body.to_string();
        let answered = exchange(self.server.address(), "POST", "/", &headers, &body);
        let (status, answer) = answered.expect("an answer");
        assert_eq!(status, 200, "{action}: {answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// Makes a user that may take these actions, such as `kms:Encrypt`.
    pub fn user(&self, name: &str, actions: &[&str]) -> AwsUser {
        self.iam(&format!("Action=CreateUser&UserName={name}"));
        let actions = actions.join("%22,%22");
        let policy = format!(
            "%7B%22Version%22:%222012-10-17%22,%22Statement%22:%5B%7B%22Effect%22:%22Allow%22,\
             %22Action%22:%5B%22{actions}%22%5D,%22Resource%22:%22*%22%7D%5D%7D"
        );
        self.iam(&format!(
            "Action=PutUserPolicy&UserName={name}&PolicyName=p&PolicyDocument={policy}"
        ));
        let made = self.iam(&format!("Action=CreateAccessKey&UserName={name}"));
        let part = |name: &str| {
            let (_, rest) = made.split_once(&format!("<{name}>")).expect("an element");
            rest.split('<').next().expect("a text").to_owned()
        };
        AwsUser { id: part("AccessKeyId"), secret: part("SecretAccessKey") }
    }

    /// Has it verify signatures and ask policies from now on.
    pub fn enforce(&self) {
        let target = "/moto-api/reset-auth";
        let answered = exchange(self.server.address(), "POST", target, "", "0");
        let (status, answer) = answered.expect("an answer");
        assert_eq!(status, 200, "{answer}");
    }

    fn iam(&self, form: &str) -> String {
        let kind = "content-type: application/x-www-form-urlencoded\r\n";
        let headers = format!("{}{kind}", scope("iam", "us-east-1"));
        let answered = exchange(self.server.address(), "POST", "/", &headers, form);
        let (status, answer) = answered.expect("an answer");
        assert_eq!(status, 200, "{form}: {answer}");
        answer
    }
}

/// The header by which moto finds the service and the region.
fn scope(service: &str, region: &str) -> String {
    format!(
        "authorization: AWS4-HMAC-SHA256 Credential=x/20260101/{region}/{service}/aws4_request, \
         SignedHeaders=host, Signature=x\r\n"
    )
}
