//! Canonical JSON (RFC 8785) for the subset that transcripts and state files use.
//!
//! Strings, booleans, arrays, objects and integers whose magnitude is below 2^53; no floats, no null. Keys are ASCII, so
//! that sorting by octets is the sorting by UTF-16 units that the RFC demands.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};
use thiserror::Error;

use super::text;

/// Octets that one line of a transcript may have.
///
/// Wide enough for all findings on the largest document that a profile can admit.
pub const MAX_LINE: usize = 16 << 20;

/// Levels of arrays and objects in each other.
const MAX_DEPTH: usize = 16;

/// The first integer that a reader with floating point numbers cannot tell from its neighbour: 2^53.
const INTEGER_BOUND: u64 = 1 << 53;

/// Why a value has no canonical form, or octets are not in it.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum JsonError {
    /// A value that the subset does not have.
    #[error("expected strings, booleans, arrays, objects and integers below 2^53; found {found}")]
    Value {
        /// What stands there.
        found: String,
    },
    /// A key that is empty or not printable ASCII.
    #[error("expected a key of printable ASCII; found `{found}`")]
    Key {
        /// The key, escaped.
        found: String,
    },
    /// Text that is not in Normalization Form C, has control characters or is too long.
    #[error("expected text in Unicode NFC, without control characters, of at most 1000 characters; found `{found}`")]
    Text {
        /// Its begin, escaped.
        found: String,
    },
    /// Too long a line.
    #[error("expected at most {MAX_LINE} octets; found {found}")]
    Long {
        /// Octets.
        found: usize,
    },
    /// No JSON, or not the object that belongs here.
    #[error("expected {expected}; found: {found}")]
    Shape {
        /// What should stand there.
        expected: &'static str,
        /// What the parser says.
        found: String,
    },
    /// JSON that says the same in other octets.
    #[error("expected the canonical form (RFC 8785); found other octets from octet {at} on")]
    Form {
        /// The first octet that differs, from 0.
        at: usize,
    },
}

/// The canonical octets of a value, without a line end.
///
/// # Errors
/// [`JsonError`] for what the subset does not have.
pub fn canonical(value: &Value) -> Result<Vec<u8>, JsonError> {
    let mut octets = Vec::new();
    write(value, &mut octets, 0)?;
    if octets.len() > MAX_LINE {
        return Err(JsonError::Long { found: octets.len() });
    }
    Ok(octets)
}

/// The canonical octets of anything that serializes, its text cleaned, without a line end.
///
/// # Errors
/// [`JsonError`] for what the subset does not have.
pub fn to_canonical(value: &impl Serialize) -> Result<Vec<u8>, JsonError> {
    canonical(&cleaned(value)?)
}

/// Anything that serializes as a value with its text cleaned, as a transcript would hold it.
///
/// # Errors
/// [`JsonError`] if it does not serialize.
pub fn cleaned(value: &impl Serialize) -> Result<Value, JsonError> {
    let mut value = serde_json::to_value(value).map_err(|error| JsonError::Value { found: error.to_string() })?;
    clean(&mut value);
    Ok(value)
}

/// Reads what `what` names from its canonical octets.
///
/// What was read is written again and compared, so that one meaning has one form: no other spacing, no other order, no
/// key twice, none unknown, no text that [`text::clean_text`] would change.
///
/// # Errors
/// [`JsonError`], with the place of the first octet that differs.
pub fn from_canonical<T: DeserializeOwned + Serialize>(octets: &[u8], what: &'static str) -> Result<T, JsonError> {
    if octets.len() > MAX_LINE {
        return Err(JsonError::Long { found: octets.len() });
    }
    let shape = |error: serde_json::Error| JsonError::Shape { expected: what, found: error.to_string() };
    let read: T = serde_json::from_slice(octets).map_err(shape)?;
    let again = to_canonical(&read)?;
    if again == octets {
        return Ok(read);
    }
    let same = again.iter().zip(octets).take_while(|(expected, found)| expected == found).count();
    Err(JsonError::Form { at: same })
}

fn clean(value: &mut Value) {
    match value {
        Value::String(string) => *string = text::clean_text(string),
        Value::Array(values) => values.iter_mut().for_each(clean),
        Value::Object(map) => map.values_mut().for_each(clean),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn write(value: &Value, octets: &mut Vec<u8>, depth: usize) -> Result<(), JsonError> {
    if depth > MAX_DEPTH {
        return Err(JsonError::Value { found: format!("more than {MAX_DEPTH} levels") });
    }
    match value {
        Value::Null => return Err(JsonError::Value { found: "null".to_owned() }),
        Value::Bool(true) => octets.extend_from_slice(b"true"),
        Value::Bool(false) => octets.extend_from_slice(b"false"),
        Value::Number(number) => octets.extend_from_slice(integer(number)?.as_bytes()),
        Value::String(string) => write_string(string, octets)?,
        Value::Array(values) => {
            octets.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    octets.push(b',');
                }
                write(value, octets, depth + 1)?;
            }
            octets.push(b']');
        }
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            octets.push(b'{');
            for (index, (key, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    octets.push(b',');
                }
                write_key(key, octets)?;
                octets.push(b':');
                write(value, octets, depth + 1)?;
            }
            octets.push(b'}');
        }
    }
    Ok(())
}

fn integer(number: &Number) -> Result<String, JsonError> {
    let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
    match magnitude {
        Some(magnitude) if magnitude < INTEGER_BOUND => Ok(number.to_string()),
        _ => Err(JsonError::Value { found: number.to_string() }),
    }
}

fn write_key(key: &str, octets: &mut Vec<u8>) -> Result<(), JsonError> {
    if key.is_empty() || !key.bytes().all(|sign| sign.is_ascii_graphic() || sign == b' ') {
        return Err(JsonError::Key { found: key.escape_default().take(80).collect() });
    }
    escape_into(key, octets);
    Ok(())
}

fn write_string(string: &str, octets: &mut Vec<u8>) -> Result<(), JsonError> {
    if !text::is_clean(string) {
        return Err(JsonError::Text { found: string.escape_default().take(80).collect() });
    }
    escape_into(string, octets);
    Ok(())
}

/// Clean text has no control characters, so that two signs alone are escaped (RFC 8785, section 3.2.2.2).
fn escape_into(string: &str, octets: &mut Vec<u8>) {
    octets.push(b'"');
    for octet in string.bytes() {
        if matches!(octet, b'"' | b'\\') {
            octets.push(b'\\');
        }
        octets.push(octet);
    }
    octets.push(b'"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text_of(value: &Value) -> String {
        String::from_utf8(canonical(value).unwrap()).unwrap()
    }

    #[test]
    fn sorts_keys_and_leaves_no_space() {
        let value = json!({"b": [1, -2, true, false], "a": {"z.": "x", "B": "é\"\\/"}});
        assert_eq!(text_of(&value), r#"{"a":{"B":"é\"\\/","z.":"x"},"b":[1,-2,true,false]}"#);
    }

    #[test]
    fn refuses_what_the_subset_does_not_have() {
        for value in
            [json!(null), json!(1.5), json!(1_u64 << 53), json!(-(1_i64 << 53)), json!({"é": 1}), json!({"": 1})]
        {
            assert!(canonical(&value).is_err(), "{value}");
        }
        assert_eq!(text_of(&json!((1_u64 << 53) - 1)), "9007199254740991");
        assert!(canonical(&json!("a\nb")).is_err());
        assert!(canonical(&json!("e\u{301}")).is_err());
    }

    #[test]
    fn reads_nothing_but_the_canonical_form() {
        let read = |text: &str| from_canonical::<super::super::Note>(text.as_bytes(), "a note");
        assert!(read(r#"{"note":"x"}"#).is_ok());
        for other in [
            r#"{"note": "x"}"#,
            r#"{"note":"x"} "#,
            r#"{"note":"\u0078"}"#,
            r#"{"note":"x","note":"x"}"#,
            r#"{"note":"x","more":"y"}"#,
            r#"{"note":1}"#,
            "{\"note\":\"e\u{301}\"}",
            r#"{"note":"\n"}"#,
            "",
        ] {
            assert!(read(other).is_err(), "{other}");
        }
    }
}
