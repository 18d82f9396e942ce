//! A plan for people: the table of bundles, the end of coverage, the difference to the previous response.

use std::collections::{BTreeMap, BTreeSet};

use super::{JobInput, PlannedJob, PlannedKey, Previous};
use crate::dns::{Dnskey, Name, RrType, Time};
use crate::exchange::{Key, Records, Response, ResponseBundle};
use crate::render::escape;

/// The heads of the columns of a table of bundles; each KSK is `tag/marks`.
const HEAD: [&str; 5] = ["#", "Inception", "Expiration", "ZSKs", "KSKs"];
/// Columns of a label below the table.
const LABEL: usize = 40;
/// What the marks mean.
const MARKS: &str = "S signs, P published, R revoked, D asks for its DS; times in UTC";

impl PlannedJob {
    /// The planned bundles as lines of text: a head, one line a bundle, then every key with its label.
    #[must_use]
    pub fn table(&self) -> Vec<String> {
        self.table_of(&self.response)
    }

    /// The bundles of another response in the same form, with this job's names of keys.
    #[must_use]
    pub fn table_of(&self, response: &Response) -> Vec<String> {
        let names = Names::new(self);
        let bundles = response.bundles.iter().enumerate();
        let rows = bundles.map(|(index, bundle)| row(&response.zone, index, bundle));
        let rows: Vec<[String; 5]> = std::iter::once(HEAD.map(str::to_owned)).chain(rows).collect();
        let mut widths = [0_usize; 5];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let line = |row: &[String; 5]| {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            cells.collect::<Vec<_>>().join(" ").trim_end().to_owned()
        };
        let mut lines: Vec<String> = rows.iter().map(line).collect();
        let keys = response.bundles.iter().flat_map(ResponseBundle::keys);
        let keys: BTreeMap<(bool, &Dnskey), &Key> =
            keys.map(|key| ((!key.dnskey.is_sep(), &key.dnskey), key)).collect();
        lines.extend(keys.into_values().map(|key| names.labelled(key)));
        lines.push(MARKS.to_owned());
        lines
    }

    /// Until when the planned signatures last without a gap.
    #[must_use]
    pub fn covered_until(&self) -> Time {
        // A plan has at least one bundle; without one, nothing would be covered.
        covered_until(&self.response).or_else(|| Time::from_unix(0)).unwrap_or(Time::MAX)
    }
}

/// Until when a response's signatures last from its first bundle on without a gap; `None` without a bundle.
#[must_use]
pub fn covered_until(response: &Response) -> Option<Time> {
    let mut covered = response.bundles.first()?.inception;
    for bundle in &response.bundles {
        if bundle.inception > covered {
            break;
        }
        covered = expiration(bundle).map_or(covered, |expiration| covered.max(expiration));
    }
    Some(covered)
}

/// When the first of a bundle's signatures ends; the bundle's own expiration where it has no signature.
fn expiration(bundle: &ResponseBundle) -> Option<Time> {
    bundle.end().or(bundle.expiration)
}

/// What changes from the previous response to the planned one, one line each; or that there is none.
#[must_use]
pub fn changes(input: &JobInput, job: &PlannedJob) -> Vec<String> {
    match &input.previous {
        Previous::Response { response, .. } => difference(response, job),
        Previous::First => vec!["there is no previous response".to_owned()],
    }
}

/// Keys that come, stay and go between the last bundle there and all bundles here, and the end of coverage.
fn difference(previous: &Response, job: &PlannedJob) -> Vec<String> {
    let names = Names::new(job);
    let old: BTreeSet<&Dnskey> = last_keys(previous).collect();
    let last: BTreeSet<&Dnskey> = last_keys(&job.response).collect();
    let mut lines = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, bundle) in job.response.bundles.iter().enumerate() {
        for key in bundle.keys() {
            if seen.insert(&key.dnskey) {
                let key = &key.dnskey;
                let comes =
                    if old.contains(key) { "stays".to_owned() } else { format!("comes in bundle {}", index + 1) };
                let goes = if last.contains(key) { "" } else { ", gone at the end" };
                lines.push(format!("{} {comes}{goes}", names.describe(key)));
            }
        }
    }
    for key in old.iter().filter(|key| !seen.contains(*key)) {
        lines.push(format!("{} goes", names.describe(key)));
    }
    let before = covered_until(previous).map_or_else(|| "nothing".to_owned(), |time| time.to_string());
    lines.push(format!("covered until {before} before"));
    lines.push(format!("covered until {} now", job.covered_until()));
    lines
}

fn last_keys(response: &Response) -> impl Iterator<Item = &Dnskey> {
    response.bundles.last().into_iter().flat_map(ResponseBundle::keys).map(|key| &key.dnskey)
}

/// The KSKs' names and labels by their public keys.
struct Names<'a>(BTreeMap<&'a [u8], (&'a str, &'a str)>);

impl<'a> Names<'a> {
    fn new(job: &'a PlannedJob) -> Self {
        let names = |key: &'a PlannedKey| (key.name.as_str(), key.label.as_str());
        Self(job.keys.iter().map(|key| (key.dnskey.key.as_slice(), names(key))).collect())
    }

    /// `19036(current)`, or the tag alone.
    fn of(&self, key: &Dnskey) -> String {
        match self.0.get(key.key.as_slice()) {
            Some((name, _)) => format!("{}({name})", key.key_tag()),
            None => key.key_tag().to_string(),
        }
    }

    fn describe(&self, key: &Dnskey) -> String {
        let kind = match (key.is_sep(), key.is_revoked()) {
            (false, _) => "ZSK",
            (true, false) => "KSK",
            (true, true) => "revoked KSK",
        };
        format!("{kind} {}", self.of(key))
    }

    /// `KSK 19036(current), label Kjqmt7v`: a KSK's label on the token, the identifier that a request gives a ZSK.
    fn labelled(&self, key: &Key) -> String {
        let of_profile = self.0.get(key.dnskey.key.as_slice()).map(|(_, label)| *label);
        let label = of_profile.or(key.identifier.as_deref());
        let label = label.map(|label| format!(", label {}", shortened(label))).unwrap_or_default();
        self.describe(&key.dnskey) + &label
    }
}

fn row(zone: &Name, index: usize, bundle: &ResponseBundle) -> [String; 5] {
    let signers: BTreeSet<u16> = bundle
        .set(RrType::Dnskey)
        .into_iter()
        .flat_map(|set| &set.signatures)
        .map(|signature| signature.rrsig.key_tag)
        .collect();
    let mut zsks = Vec::new();
    let mut ksks = Vec::new();
    for key in bundle.keys().iter().map(|key| &key.dnskey) {
        if key.is_sep() {
            let mark = |holds: bool, mark: &'static str| if holds { mark } else { "" };
            ksks.push(format!(
                "{}/{}{}P{}",
                key.key_tag(),
                mark(key.is_revoked(), "R"),
                mark(signers.contains(&key.key_tag()), "S"),
                mark(asks_for_ds(zone, bundle, key), "D")
            ));
        } else {
            zsks.push(key.key_tag().to_string());
        }
    }
    let minute = |time: Time| time.to_string().replace('T', " ").chars().take(16).collect::<String>();
    [
        (index + 1).to_string(),
        minute(bundle.inception),
        expiration(bundle).map_or_else(|| "-".to_owned(), minute),
        zsks.join(" "),
        ksks.join(" "),
    ]
}

/// A label of at most [`LABEL`] columns; of a longer one the begin and the end, where labels differ.
fn shortened(label: &str) -> String {
    let label = escape(label, usize::MAX);
    let half = (LABEL - 3) / 2;
    match (label.get(..half), label.len().checked_sub(half).and_then(|from| label.get(from..))) {
        (Some(begin), Some(end)) if label.len() > LABEL => format!("{begin}...{end}"),
        _ => label,
    }
}

/// Whether the bundle's CDS or CDNSKEY name this key.
fn asks_for_ds(zone: &Name, bundle: &ResponseBundle, key: &Dnskey) -> bool {
    bundle.sets.iter().any(|set| match &set.records {
        Records::Cdnskey(keys) => keys.contains(key),
        Records::Cds(set) => set.iter().any(|ds| ds.is_of(key, zone)),
        Records::Dnskey(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{build, fixture};
    use super::*;

    fn planned(schema: &str) -> (JobInput, PlannedJob) {
        let input = JobInput { schema: Some(schema.to_owned()), ..fixture::root_input() };
        let plan = build(&fixture::root_profile(), std::slice::from_ref(&input), fixture::now(), "test").unwrap();
        (input, plan.jobs.into_iter().next().unwrap())
    }

    #[test]
    fn the_table_shows_who_is_published_signs_and_is_revoked() {
        let (_, job) = planned("revoke");
        let table = job.table();
        assert!(table[0].starts_with("# Inception"), "{}", table[0]);
        let (current, next) = (job.keys[0].dnskey.clone(), job.keys[1].dnskey.clone());
        assert_eq!((job.keys[0].name.as_str(), job.keys[1].name.as_str()), ("current", "next"));
        let has = |line: &str, mark: String| assert!(line.split(' ').any(|word| word == mark), "{line}: {mark}");
        has(&table[1], format!("{}/SP", current.key_tag()));
        has(&table[1], format!("{}/P", next.key_tag()));
        has(&table[2], format!("{}/RSP", current.revoked().key_tag()));
        has(&table[2], format!("{}/SP", next.key_tag()));
        has(&table[9], format!("{}/SP", next.key_tag()));
        assert!(
            table.iter().any(|line| line.starts_with("revoked KSK") && line.ends_with("(current), label Kcurrent")),
            "{table:#?}"
        );
        let zsks: Vec<&String> = table.iter().filter(|line| line.starts_with("ZSK ")).collect();
        assert!(zsks.len() == 3 && zsks[0].contains(", label zsk-"), "{table:#?}");
        assert!(fixture::bind_plan().jobs[0].table()[1].ends_with("/SPD"));
        assert_eq!(table.last().map(String::as_str), Some(MARKS));
    }

    #[test]
    fn a_table_with_two_keys_of_each_kind_fits_a_small_screen() {
        let (_, job) = planned("revoke");
        for line in job.table() {
            assert!(line.chars().count() <= 66, "{line}");
        }
    }

    #[test]
    fn the_difference_names_keys_that_come_stay_and_go() {
        let (input, job) = planned("pre-publish");
        let lines = changes(&input, &job);
        let count = |part: &str| lines.iter().filter(|line| line.contains(part)).count();
        assert_eq!((count("KSK"), count("ZSK")), (2, 3), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("(current) stays")));
        assert!(lines.iter().any(|line| line.contains("(next) comes in bundle 2")));
        assert_eq!(count("stays, gone at the end"), 1, "the ZSK of the last quarter");
        assert!(lines.last().unwrap().starts_with("covered until "));
        let first = JobInput { previous: Previous::First, ..input };
        assert_eq!(changes(&first, &job), ["there is no previous response"]);
    }

    #[test]
    fn long_labels_show_where_they_differ() {
        assert_eq!(shortened("Klajeyz"), "Klajeyz");
        assert_eq!(shortened(&"a".repeat(40)), "a".repeat(40));
        let [one, other] = ["1", "2"].map(|end| shortened(&("302e31".repeat(20) + end)));
        assert!(one.len() <= LABEL && one != other && one.ends_with('1'), "{one}");
    }

    #[test]
    fn coverage_ends_at_the_first_gap() {
        let (_, mut job) = planned("normal");
        let whole = job.covered_until();
        assert_eq!(Some(whole), job.response.bundles[8].expiration);
        for bundle in &mut job.response.bundles[1..3] {
            bundle.sets[0].signatures[0].rrsig.expiration = bundle.inception;
        }
        assert_eq!(Some(job.covered_until()), job.response.bundles[0].expiration);
    }
}
