//! Refusal of a server that was not granted.

use cloakroom_core::{Error, ErrorKind, Remedy, clean};
use wasmtime_wasi::p2::bindings::sockets::network::ErrorCode;

use crate::instance::{
    guest_error::{GuestError, Refusal},
    state::InstanceState,
};

/// Most characters of a server's name that are shown.
const NAME: usize = 128;

impl InstanceState {
    /// Refuses a server. `asked` is the guest's text and may hold payload bytes: it is shown only if the
    /// operator wrote it into the settings, alone or with a port.
    pub(super) fn refuse_server(&mut self, asked: &str) -> ErrorCode {
        let settings = &self.config.settings;
        let is_setting = settings.names().filter_map(|name| settings.get(name)).any(|value| {
            let host = value.rsplit_once(':').map_or(value, |(host, _)| host);
            value == asked || host.eq_ignore_ascii_case(asked)
        });
        let asked = if is_setting {
            format!("connections to `{}` were not granted to this plugin", clean(asked, NAME))
        } else {
            "a connection that it asked for was not granted to this plugin".to_owned()
        };
        let granted: Vec<_> =
            self.config.grants.tcp.names().map(|server| format!("`{server}`")).collect();
        let text = format!("{asked}; granted: {}", granted.join(", "));
        self.record(Error::new(ErrorKind::Denied, text).with_remedies(&[Remedy::GrantTcp]));
        ErrorCode::AccessDenied
    }

    /// Records why there is no connection. WASI has a code for the guest and no more, and a guest's own
    /// words are not shown.
    pub(super) fn record(&mut self, error: Error) {
        let for_guest = GuestError { kind: error.kind(), text: String::new() };
        self.call.refusal = Some(Box::new(Refusal { for_guest, error }));
    }
}
