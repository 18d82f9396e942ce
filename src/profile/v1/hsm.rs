//! The token: `[hsm]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::super::error::quoted;
use super::super::source::Field;
use super::super::{HashIn, Hsm, LoginKind, ProfileError};
use super::limits::DURATION;
use crate::dns::Duration;

/// Where the token host may write if the profile does not say: not where media are, nor in anybody's home.
const WRITABLE: [&str; 2] = ["/tmp", "/var"];
/// How long a signature may take if the profile does not say; seconds.
const SIGN_WITHIN: u32 = 30;
/// Folders and files that may be named as writable.
const MAX_WRITABLE: usize = 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawHsm {
    module: String,
    token_label: Option<String>,
    token_serial: Option<String>,
    login: String,
    env: Option<BTreeMap<String, String>>,
    mechanism: String,
    writable: Option<Vec<String>>,
    sign_within: Option<String>,
}

impl RawHsm {
    /// Reads the table.
    pub(super) fn read(self, field: &Field<'_>) -> Result<Hsm, ProfileError> {
        let module = absolute(&field.key("module"), &self.module)?;
        if self.token_label.is_none() && self.token_serial.is_none() {
            let advice = "name the token by its serial number, or by its label";
            return Err(field.key("token-serial").missing("token-serial or token-label", advice));
        }
        // CK_TOKEN_INFO pads label (32) and serial number (16) with spaces.
        let text =
            |key: &str, text: Option<String>, most| text.map(|text| field.key(key).ascii(text, 1..=most)).transpose();
        Ok(Hsm {
            token_label: text("token-label", self.token_label, 32)?,
            token_serial: text("token-serial", self.token_serial, 16)?,
            module,
            login: login(&field.key("login"), &self.login)?,
            env: env(&field.key("env"), self.env.unwrap_or_default())?,
            mechanism: mechanism(&field.key("mechanism"), &self.mechanism)?,
            writable: writable(&field.key("writable"), self.writable)?,
            sign_within: sign_within(&field.key("sign-within"), self.sign_within)?,
        })
    }
}

fn absolute(field: &Field<'_>, text: &str) -> Result<PathBuf, ProfileError> {
    let path = PathBuf::from(text);
    if path.is_absolute() && !text.chars().any(char::is_control) {
        return Ok(path);
    }
    let advice = "write the whole path; nothing is searched for";
    Err(field.refuse("this is no whole path", "an absolute path", quoted(text), advice))
}

fn writable(field: &Field<'_>, paths: Option<Vec<String>>) -> Result<Vec<PathBuf>, ProfileError> {
    let Some(paths) = paths else { return Ok(WRITABLE.map(PathBuf::from).to_vec()) };
    if paths.len() > MAX_WRITABLE {
        let advice = "name the folders above them";
        let expected = format!("at most {MAX_WRITABLE} files and folders");
        return Err(field.refuse("the list is too long", expected, paths.len().to_string(), advice));
    }
    paths.iter().enumerate().map(|(index, path)| absolute(&field.index(index), path)).collect()
}

fn sign_within(field: &Field<'_>, text: Option<String>) -> Result<Duration, ProfileError> {
    let Some(text) = text else { return Ok(Duration::from_seconds(SIGN_WITHIN)) };
    let time: Duration = field.parse(&text, DURATION)?;
    if (1..=3600).contains(&time.seconds()) {
        return Ok(time);
    }
    let advice = "a token that is busy for longer is taken for one that never answers";
    Err(field.refuse("the time is out of bounds", "PT1S to PT1H", quoted(&text), advice))
}

fn login(field: &Field<'_>, text: &str) -> Result<LoginKind, ProfileError> {
    let names = LoginKind::ALL.map(LoginKind::name).join(", ");
    let refused = || {
        let advice = "choose one of these";
        field.refuse("there is no such way to log in", format!("one of {names}"), quoted(text), advice)
    };
    LoginKind::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(refused)
}

fn mechanism(field: &Field<'_>, text: &str) -> Result<HashIn, ProfileError> {
    match text {
        "hashed" => Ok(HashIn::Token),
        "raw" => Ok(HashIn::Software),
        _ => {
            let advice = "choose hashed where the token can hash; the signatures are the same";
            Err(field.refuse("there is no such mechanism", "hashed or raw", quoted(text), advice))
        }
    }
}

/// Reads the token host's environment; what steers the dynamic linker would load code past the module.
fn env(field: &Field<'_>, env: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, ProfileError> {
    for (name, value) in &env {
        let field = field.key(name);
        let signs = name.bytes().all(|sign| sign.is_ascii_alphanumeric() || sign == b'_');
        if !signs || name.is_empty() || name.starts_with(|sign: char| sign.is_ascii_digit()) {
            let expected = "letters, digits and `_`, no digit first";
            return Err(field.refuse("no name of a variable", expected, quoted(name), "correct the name"));
        }
        if name.starts_with("LD_") {
            let advice = "remove it; the module is named by hsm.module alone";
            return Err(field.refuse("this variable loads other code", "no LD_ variable", quoted(name), advice));
        }
        if value.chars().any(char::is_control) {
            let expected = "text without control characters";
            return Err(field.refuse("no value of a variable", expected, quoted(value), "correct the value"));
        }
    }
    Ok(env)
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{SCHEMAS, assert_refused, changed, read_text};
    use super::*;

    #[test]
    fn a_token_has_a_serial_or_a_label() {
        let text = changed(SCHEMAS, "token-label = \"test\"\n", "");
        assert_refused(&text, "hsm.token-serial", "token-serial or token-label", "nothing");
        let hsm = read_text(&changed(SCHEMAS, "token-label", "token-serial")).unwrap().hsm;
        assert_eq!((hsm.token_label, hsm.token_serial.as_deref()), (None, Some("test")));
        let text = changed(SCHEMAS, "token-label = \"test\"", "token-serial = \"12345678901234567\"");
        assert_refused(&text, "hsm.token-serial", "1 to 16 printable ASCII", "`12345678901234567`");
        assert_refused(&changed(SCHEMAS, "\"test\"", "\"test \""), "hsm.token-label", "1 to 32", "`test `");
    }

    #[test]
    fn every_supported_way_to_log_in_reads_and_no_other() {
        for kind in [LoginKind::Pin, LoginKind::Protected, LoginKind::Preloaded] {
            let text = changed(SCHEMAS, "\"pin\"", &format!("\"{}\"", kind.name()));
            assert_eq!(read_text(&text).unwrap().hsm.login, kind);
        }
        let expected = "one of pin, shares, protected, sequence, preloaded";
        assert_refused(&changed(SCHEMAS, "\"pin\"", "\"PIN\""), "hsm.login", expected, "`PIN`");
    }

    #[test]
    fn a_mechanism_is_hashed_or_raw() {
        let text = changed(SCHEMAS, "\"hashed\"", "\"raw\"");
        assert_eq!(read_text(&text).unwrap().hsm.mechanism, HashIn::Software);
        assert_refused(&changed(SCHEMAS, "\"hashed\"", "\"md5\""), "hsm.mechanism", "hashed or raw", "`md5`");
    }

    #[test]
    fn the_module_has_an_absolute_path() {
        let text = changed(SCHEMAS, "\"/usr/lib/module.so\"", "\"module.so\"");
        assert_refused(&text, "hsm.module", "an absolute path", "`module.so`");
    }

    #[test]
    fn the_environment_loads_no_code() {
        let with = |pair: &str| changed(SCHEMAS, "env = {}", &format!("env = {{ {pair} }}"));
        let env = read_text(&with("SOFTHSM2_CONF = \"/tmp/x\"")).unwrap().hsm.env;
        assert_eq!(env.get("SOFTHSM2_CONF").map(String::as_str), Some("/tmp/x"));
        assert_refused(&with("LD_PRELOAD = \"/x\""), "hsm.env.LD_PRELOAD", "no LD_ variable", "`LD_PRELOAD`");
        assert_refused(&with("\"A B\" = \"x\""), "hsm.env.\"A B\"", "letters, digits", "`A B`");
        assert_refused(&with("A = \"x\\n\""), "hsm.env.A", "text without control characters", "`x\\n`");
        assert_refused(&with("A = 1"), "hsm.env.A", "a string", "integer `1`");
        assert!(read_text(&changed(SCHEMAS, "env = {}\n", "")).unwrap().hsm.env.is_empty());
    }

    #[test]
    fn what_the_token_host_may_write_is_named_by_whole_paths() {
        let with = |list: &str| changed(SCHEMAS, "env = {}", &format!("writable = [{list}]"));
        let read = |text: &str| read_text(text).unwrap().hsm.writable;
        assert_eq!(read(SCHEMAS), [PathBuf::from("/tmp"), PathBuf::from("/var")]);
        assert!(read(&with("")).is_empty());
        assert_eq!(read(&with("\"/opt/hsm/log\", \"/x\"")), [PathBuf::from("/opt/hsm/log"), PathBuf::from("/x")]);
        assert_refused(&with("\"/x\", \"log\""), "hsm.writable.1", "an absolute path", "`log`");
        assert_refused(&with("\"/x\\n\""), "hsm.writable.0", "an absolute path", "`/x\\n`");
        assert_refused(&with(&"\"/x\",".repeat(17)), "hsm.writable", "at most 16", "17");
    }

    #[test]
    fn a_signature_may_take_a_second_to_an_hour() {
        let with = |text: &str| changed(SCHEMAS, "env = {}", &format!("sign-within = \"{text}\""));
        let read = |text: &str| read_text(text).unwrap().hsm.sign_within.seconds();
        assert_eq!([read(SCHEMAS), read(&with("PT1S")), read(&with("PT1H"))], [30, 1, 3600]);
        for text in ["PT0S", "PT1H1S"] {
            assert_refused(&with(text), "hsm.sign-within", "PT1S to PT1H", &format!("`{text}`"));
        }
        assert_refused(&with("30"), "hsm.sign-within", "an ISO 8601 duration", "`30`");
    }
}
