//! Pages of a list.

use cloakroom_grpc::{Code, Status};

use super::{
    ask::{Answer, Asker},
    message,
};

/// Entries of a page. Entries are small, and histories are asked for with a size of their own.
const PAGE: u64 = 200;

/// Pages of a list, whose requests have namespace, page size, token and query in the fields 1 to 4.
pub(super) struct Pages<'a> {
    asker: &'a Asker<'a>,
    method: &'static str,
    query: &'a str,
    token: Vec<u8>,
    is_done: bool,
}

impl<'a> Pages<'a> {
    pub(super) fn new(asker: &'a Asker<'a>, method: &'static str, query: &'a str) -> Self {
        Self { asker, method, query, token: Vec::new(), is_done: false }
    }

    /// Returns the next page, if there is one.
    pub(super) async fn next(&mut self) -> Result<Option<Answer>, Status> {
        if self.is_done {
            return Ok(None);
        }
        let mut request = Vec::new();
        message::text(&mut request, 1, self.asker.namespace);
        message::number(&mut request, 2, PAGE);
        message::bytes(&mut request, 3, &self.token);
        message::text(&mut request, 4, self.query);
        let page = self.asker.ask(self.method, request).await?;
        let token = page.root().bytes("next_page_token").unwrap_or_default().to_vec();
        if !token.is_empty() && token == self.token {
            // It would never end, and who knows what was left out.
            return Err(Status::new(Code::Internal, "the server repeats the token of a page"));
        }
        self.is_done = token.is_empty();
        self.token = token;
        Ok(Some(page))
    }
}
