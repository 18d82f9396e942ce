//! Labels and number of media: `[media]`.

use serde::Deserialize;

use super::super::error::quoted;
use super::super::source::Field;
use super::super::{Media, ProfileError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawMedia {
    request_label: String,
    record_label: String,
    share_label: String,
    record_copies: i64,
}

impl RawMedia {
    /// Reads labels that a FAT volume can have and that differ.
    pub(super) fn read(self, field: &Field<'_>) -> Result<Media, ProfileError> {
        let mut seen: Vec<String> = Vec::new();
        let mut label = |key: &str, text: String| {
            let field = field.key(key);
            let good = text.bytes().all(|sign| sign.is_ascii_alphanumeric() || b" -_".contains(&sign));
            if !good || text.trim() != text || !(1..=11).contains(&text.len()) {
                let expected = "1 to 11 letters, digits, spaces, `-` or `_`";
                let found = quoted(&text);
                return Err(field.refuse("no FAT volume can have this label", expected, found, "choose another label"));
            }
            if seen.iter().any(|other| other.eq_ignore_ascii_case(&text)) {
                let found = quoted(&text);
                let advice = "give each kind of medium its own label, so that none is taken for another";
                return Err(field.refuse("two kinds of media have one label", "three different labels", found, advice));
            }
            seen.push(text.clone());
            Ok(text)
        };
        Ok(Media {
            request_label: label("request-label", self.request_label)?,
            record_label: label("record-label", self.record_label)?,
            share_label: label("share-label", self.share_label)?,
            record_copies: field.key("record-copies").number(self.record_copies, 1..=16)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{SCHEMAS, assert_refused, changed};

    #[test]
    fn media_have_labels_of_fat_that_differ() {
        assert_refused(&changed(SCHEMAS, "\"SHARE\"", "\"\""), "media.share-label", "1 to 11 letters", "``");
        let text = changed(SCHEMAS, "\"SHARE\"", "\"SHARES-OF-ALL\"");
        assert_refused(&text, "media.share-label", "1 to 11 letters", "`SHARES-OF-ALL`");
        assert_refused(&changed(SCHEMAS, "\"SHARE\"", "\"ksr\""), "media.share-label", "three different", "`ksr`");
        assert_refused(&changed(SCHEMAS, "copies = 2", "copies = 0"), "media.record-copies", "1 to 16", "0");
    }
}
