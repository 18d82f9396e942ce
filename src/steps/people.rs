//! Who takes part.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Officers in the largest quorum: what `quorum create` makes shares for, a share file holds and a profile may name.
pub const MAX_OFFICERS: usize = 32;

/// A role in a ceremony, as the practice statements abbreviate it: `CA`, `IW`, `CO1`, `EW`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Role(String);

impl TryFrom<String> for Role {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::new(&text).ok_or("a role has 1 to 8 upper-case letters and digits, a letter first, as CA or CO1")
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.0
    }
}

impl Role {
    /// A role of 1 to 8 upper-case ASCII letters and digits, a letter first; `None` for anything else.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let signs = text.bytes().all(|sign| sign.is_ascii_uppercase() || sign.is_ascii_digit());
        let first = text.bytes().next().is_some_and(|sign| sign.is_ascii_uppercase());
        (signs && first && text.len() <= 8).then(|| Self(text.to_owned()))
    }

    /// The abbreviation.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The PIN of an officer in a rehearsal; it protects nothing, and the screen says how it is made.
#[must_use]
pub fn rehearsal_pin(officer: &Role) -> String {
    format!("rehearse-{officer}")
}

/// Someone entered at `open`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Person {
    /// The role held in this ceremony.
    pub role: Role,
    /// The name, as entered.
    pub name: String,
}

/// `CA Ada Lovelace`.
impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.role, self.name)
    }
}

/// Who caused an entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Actor {
    /// The program itself.
    Program,
    /// Whoever is at the keyboard; attested, not authenticated.
    Operator,
    /// A person by role.
    Role(Role),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program => f.write_str("program"),
            Self::Operator => f.write_str("operator"),
            Self::Role(role) => fmt::Display::fmt(role, f),
        }
    }
}
