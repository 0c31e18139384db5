//! Check of settings that name a grant, such as a bucket, when a plugin is loaded and not at its first call.

use cloakroom_core::{Error, ErrorKind, clean};
use cloakroom_plugin::{About, SettingKind, TcpGrant};

use crate::config::{PluginEntry, nearest};

/// Most characters of a name that are shown.
const NAME: usize = 300;

/// A setting that names what the plugin was not granted.
pub(crate) struct NotGranted {
    /// Name of the setting.
    pub(crate) setting: String,
    /// True if the setting is in the file. A default has no line there.
    pub(crate) is_given: bool,
    pub(crate) error: Error,
}

/// Refuses a setting of the kind `name-of` whose value is in no grant of the plugin's entry.
///
/// # Errors
/// The first such setting.
pub(crate) fn check(about: &About, entry: PluginEntry<'_>) -> Result<(), NotGranted> {
    for setting in &about.settings {
        let SettingKind::NameOf(grant) = &setting.kind else { continue };
        let given = entry.settings.get(&setting.name).map(|value| &*value.0);
        let Some(value) = given.or(setting.default.as_deref()) else { continue };
        let Some(granted) = granted(grant, entry) else { continue };
        let Some(value) = comparable(grant, value) else { continue };
        if !granted.contains(&value) {
            let text = refusal(&setting.name, grant, &value, &granted);
            let error = Error::new(ErrorKind::Config, text);
            let setting = setting.name.clone();
            return Err(NotGranted { setting, is_given: given.is_some(), error });
        }
    }
    Ok(())
}

/// Returns the names in a grant, or `None` for a grant that this version does not know.
fn granted(grant: &str, entry: PluginEntry<'_>) -> Option<Vec<String>> {
    let grants = entry.grants;
    Some(match grant {
        "buckets" => grants.buckets.clone(),
        "keys" => grants.keys.clone(),
        "secrets" => grants.secrets.clone(),
        "services" => grants.services.clone(),
        "subkeys" => grants.subkeys.clone(),
        "tcp" => grants.tcp.iter().filter_map(|server| comparable(grant, &server.to)).collect(),
        _ => return None,
    })
}

/// Returns a name as it is compared. A server has several spellings, and one that only the plugin can read
/// is left to the plugin.
fn comparable(grant: &str, name: &str) -> Option<String> {
    match grant {
        "tcp" => name.parse::<TcpGrant>().ok().map(|server| server.to_string()),
        _ => Some(name.to_owned()),
    }
}

fn refusal(setting: &str, grant: &str, value: &str, granted: &[String]) -> String {
    let help = match (nearest(value, granted.iter().map(String::as_str)), granted) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, []) => format!("add it to `grants.{grant}`, which is empty"),
        (None, granted) => {
            format!("granted: `{}`; name one of these, or grant it", granted.join("`, `"))
        }
    };
    let value = clean(value, NAME);
    format!("setting `{setting}` names `{value}`, which is not in `grants.{grant}`: {help}")
}
