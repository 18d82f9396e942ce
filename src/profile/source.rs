//! The text of a profile, and the way from keys to places in it and back.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ProfileError;
use super::error::quoted;

/// The text with its tables, whose values know where they stand.
pub(super) struct Source<'a> {
    text: &'a str,
    table: Spanned<DeTable<'a>>,
}

/// A key of the profile, there or missing, by its path.
#[derive(Clone)]
pub(super) struct Field<'a> {
    source: &'a Source<'a>,
    keys: Vec<String>,
}

/// What to do about a text that is no TOML, or a value of another type.
const SEE_DOCS: &str = "correct it as docs/profile.md describes this key";

impl<'a> Source<'a> {
    /// Reads TOML, whatever it says.
    pub(super) fn parse(text: &'a str) -> Result<Self, ProfileError> {
        let table = DeTable::parse(text).map_err(|error| {
            let (line, column) = place(text, error.span().map_or(0, |span| span.start));
            let (message, expected) =
                error.message().split_once(", expected ").unwrap_or_else(|| (error.message(), "TOML 1.0"));
            ProfileError {
                line,
                column,
                field: String::new(),
                expected: expected.to_owned(),
                found: match error.span().and_then(|span| text.get(span)) {
                    None | Some("") => "the end of the line".to_owned(),
                    Some(found) => quoted(found),
                },
                message: format!("the text is no TOML: {message}"),
                advice: "correct this line",
            }
        })?;
        Ok(Self { text, table })
    }

    /// The whole profile as a field.
    pub(super) const fn root(&'a self) -> Field<'a> {
        Field { source: self, keys: Vec::new() }
    }

    /// An integer at the top; or, for another type, that type's name.
    pub(super) fn integer(&self, key: &str) -> Option<Result<i64, String>> {
        let value = self.table.get_ref().get(key)?.get_ref();
        let number = value.as_integer().map(|number| i64::from_str_radix(number.as_str(), number.radix()));
        Some(match number {
            Some(Ok(number)) => Ok(number),
            Some(Err(_)) => Err("an integer of more than 64 bits".to_owned()),
            None => Err(value.type_str().to_owned()),
        })
    }

    /// Reads the whole text into a structure; its errors get place and path.
    pub(super) fn decode<T: DeserializeOwned>(&'a self) -> Result<T, ProfileError> {
        toml::from_str(self.text).map_err(|error| self.explain(error.message(), &error.span().unwrap_or(0..0)))
    }

    /// Turns an error of `serde` into one of ours; its messages have three forms.
    fn explain(&'a self, message: &str, span: &Range<usize>) -> ProfileError {
        let keys = path_in_table(self.table.get_ref(), span).unwrap_or_default();
        let field = Field { source: self, keys };
        let (what, expected) = message.split_once(", expected ").unwrap_or((message, "what docs/profile.md describes"));
        let word = what.split('`').nth(1).unwrap_or_default();
        if what.starts_with("missing field") {
            return field.key(word).missing(&format!("the key `{word}`"), "add it; there is no silent default");
        }
        if what.starts_with("unknown field") {
            let advice = "correct the key's name or remove it; a key that means nothing is never ignored";
            return field.refuse("this key means nothing here", expected, quoted(word), advice);
        }
        let found = what.split_once(": ").map_or(what, |(_, found)| found);
        field.refuse("the value has another type", plain_type(expected), found, SEE_DOCS)
    }
}

impl<'a> Field<'a> {
    /// The field below this one.
    pub(super) fn key(&self, key: &str) -> Self {
        let mut keys = self.keys.clone();
        keys.push(key.to_owned());
        Self { source: self.source, keys }
    }

    /// The element of this list.
    pub(super) fn index(&self, index: usize) -> Self {
        self.key(&index.to_string())
    }

    /// The error for this field as it stands.
    pub(super) fn refuse(
        &self,
        message: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
        advice: &'static str,
    ) -> ProfileError {
        let (line, column) = place(self.source.text, self.offset());
        let (expected, found) = (expected.into(), found.into());
        ProfileError { line, column, field: self.path(), expected, found, message: message.into(), advice }
    }

    /// The error for this field where it is demanded and not there.
    pub(super) fn missing(&self, expected: &str, advice: &'static str) -> ProfileError {
        self.refuse("a key is missing", expected, "nothing", advice)
    }

    /// Reads a text as a type.
    pub(super) fn parse<T: FromStr>(&self, text: &str, expected: &str) -> Result<T, ProfileError> {
        text.parse().map_err(|_| self.refuse("the value cannot be read", expected, quoted(text), SEE_DOCS))
    }

    /// Reads a number that must lie within bounds.
    pub(super) fn number<T: TryFrom<i64>>(&self, number: i64, bounds: RangeInclusive<i64>) -> Result<T, ProfileError> {
        let refused = || {
            let expected = format!("{} to {}", bounds.start(), bounds.end());
            self.refuse("the number is out of bounds", expected, number.to_string(), SEE_DOCS)
        };
        if !bounds.contains(&number) {
            return Err(refused());
        }
        T::try_from(number).map_err(|_| refused())
    }

    /// A text of `bounds` printable ASCII characters.
    pub(super) fn ascii(&self, text: String, bounds: RangeInclusive<usize>) -> Result<String, ProfileError> {
        let printable = text.bytes().all(|sign| matches!(sign, b' '..=b'~'));
        if printable && text.trim() == text && bounds.contains(&text.len()) {
            return Ok(text);
        }
        let expected =
            format!("{} to {} printable ASCII characters, no space at either end", bounds.start(), bounds.end());
        Err(self.refuse("the text cannot be used here", expected, quoted(&text), SEE_DOCS))
    }

    /// A name that the profile itself gives: 1 to 32 letters, digits and `-_.+`.
    pub(super) fn name(&self, name: &str) -> Result<(), ProfileError> {
        let good = name.bytes().all(|sign| sign.is_ascii_alphanumeric() || b"-_.+".contains(&sign));
        if good && (1..=32).contains(&name.len()) {
            return Ok(());
        }
        let expected = "1 to 32 letters, digits, `-`, `_`, `.` or `+`";
        Err(self.refuse("the name cannot be used", expected, quoted(name), "choose another name"))
    }

    /// The path as TOML writes it.
    pub(super) fn path(&self) -> String {
        let bare = |key: &str| {
            !key.is_empty() && key.bytes().all(|sign| sign.is_ascii_alphanumeric() || b"-_".contains(&sign))
        };
        let parts = self.keys.iter().map(|key| {
            if bare(key) { key.clone() } else { format!("\"{}\"", key.escape_debug().to_string().replace("\\'", "'")) }
        });
        parts.collect::<Vec<_>>().join(".")
    }

    /// Where the value stands; for one that is missing, the nearest table around it.
    fn offset(&self) -> usize {
        let mut keys = self.keys.iter();
        let Some(first) = keys.next() else { return 0 };
        let Some(mut value) = self.source.table.get_ref().get(first.as_str()) else { return 0 };
        for key in keys {
            let below = match value.get_ref() {
                DeValue::Array(array) => key.parse::<usize>().ok().and_then(|index| array.get(index)),
                DeValue::Table(table) => table.get(key.as_str()),
                _ => None,
            };
            let Some(below) = below else { break };
            value = below;
        }
        value.span().start
    }
}

/// A structure that is written as a table and in no other way; `serde` alone would take a list of its values as well.
pub(super) struct Table<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TableVisitor(PhantomData))
    }
}

struct TableVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for TableVisitor<T> {
    type Value = Table<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Table)
    }
}

/// Line and column, both from 1, of an offset into a text.
pub(super) fn place(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let (lines, rest) =
        before.rsplit_once('\n').map_or((0, before), |(head, rest)| (head.matches('\n').count() + 1, rest));
    let count = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
    (count(lines), count(rest.chars().count()))
}

/// The path of the key or value that stands exactly at `span`.
fn path_in_table(table: &DeTable<'_>, span: &Range<usize>) -> Option<Vec<String>> {
    table.iter().find_map(|(key, value)| {
        if key.span() == *span {
            return Some(vec![key.get_ref().to_string()]);
        }
        path_in_value(value, span).map(|below| prefixed(key.get_ref(), below))
    })
}

/// The same below one value; empty for the value itself.
fn path_in_value(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<Vec<String>> {
    if value.span() == *span {
        return Some(Vec::new());
    }
    match value.get_ref() {
        DeValue::Table(table) => path_in_table(table, span),
        DeValue::Array(array) => array
            .iter()
            .enumerate()
            .find_map(|(index, value)| path_in_value(value, span).map(|below| prefixed(&index.to_string(), below))),
        _ => None,
    }
}

fn prefixed(key: &str, mut below: Vec<String>) -> Vec<String> {
    below.insert(0, key.to_owned());
    below
}

/// Rust's names of types in words.
fn plain_type(expected: &str) -> &str {
    match expected {
        "i64" => "an integer",
        "a map" => "a table",
        "a sequence" => "a list",
        "a TOML datetime" => "a time without quotes, as 2017-02-02T00:00:00Z",
        text => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_toml_writes_them() {
        let source = Source::parse("[zones.\"example.\"]\nkeys = [ 1, 2 ]\n").unwrap();
        let field = source.root().key("zones").key("example.").key("keys").index(1);
        assert_eq!(field.path(), "zones.\"example.\".keys.1");
        let error = field.missing("x", "y");
        assert_eq!((error.line, error.column), (2, 13));
        let error = field.key("deeper").missing("x", "y");
        assert_eq!((error.line, error.column), (2, 13), "the nearest thing that is there");
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(place("é\néa = 1", "é\néa".len()), (2, 3));
        assert_eq!(place("", 0), (1, 1));
    }
}
