//! Media that were cut off while the delivery log was written.

use super::super::delivery;
use super::*;

/// What a fall of power can leave of the delivery log: each file under its first or last name, as a beginning, empty or
/// as octets of nobody, or under the short name that FAT shows when it lost the long one.
fn halves_of_a_delivery(files: &Files) -> Vec<Files> {
    let (log, signature) = (&files[names::DELIVERY], &files[names::DELIVERY_SIG]);
    let one = |name: &str, octets: &[u8]| Files::from([(name.to_owned(), octets.to_vec())]);
    let both = |first: Files, second: Files| first.into_iter().chain(second).collect::<Files>();
    let beginnings = |octets: &[u8]| {
        let stride = octets.len().div_ceil(8).max(1);
        let cuts = (0..octets.len()).step_by(stride).chain([octets.len() - 1, octets.len()]);
        cuts.map(|end| octets[..end].to_vec()).chain([vec![0; octets.len()]]).collect::<Vec<_>>()
    };
    let mut halves = vec![Files::new()];
    for octets in beginnings(log) {
        halves.extend(["delivery.jsonl.part", "delivery.jsonl", "DELIVE~1.PAR"].map(|name| one(name, &octets)));
        // The old name of what was renamed may still be there.
        halves.push(both(one("delivery.jsonl.part", log), one("delivery.jsonl", &octets)));
    }
    for octets in beginnings(signature) {
        let names = ["delivery.jsonl.sig.part", "delivery.jsonl.sig", "DELIVE~2.SIG"];
        halves.extend(names.map(|name| both(one("delivery.jsonl", log), one(name, &octets))));
    }
    halves
}

#[test]
fn a_delivery_log_that_was_cut_takes_nothing_back_and_counts_for_nothing() {
    let record = draft(Mode::Ceremony).seal();
    let mut without = record.files.clone();
    without.retain(|path, _| !path.starts_with(names::DELIVERY));
    for half in halves_of_a_delivery(&record.files) {
        let cut: Files = without.clone().into_iter().chain(half.clone()).collect();
        let mut marked = cut.clone();
        marked.insert(names::DELIVERING.to_owned(), Vec::new());
        let found = audit(&marked, Some(record.fingerprint), THREADS, report);
        assert_eq!(found.verdict, AuditVerdict::Authentic, "{half:?}: {:#?}", found.lines());
        let told: Vec<&Finding> = found.findings.iter().filter(|finding| finding.check == "AUDIT-DELIVERY").collect();
        let [told] = told.as_slice() else { panic!("{told:?}") };
        assert!(told.verdict == Verdict::Warn && half.keys().all(|path| told.message.contains(path)), "{told}");
        // Without the mark nothing explains it, unless the log is there as a whole or not at all.
        let whole = cut == record.files || half.is_empty();
        let found = judged(&cut);
        assert_eq!(found.verdict == AuditVerdict::Failed, !whole, "{half:?}: {:#?}", found.lines());
    }
}

#[test]
fn a_complete_record_without_a_log_of_its_delivery_is_warned_of() {
    for (ending, expected) in [(Ending::Complete, Verdict::Warn), (Ending::Stopped, Verdict::Skipped)] {
        let draft = draft(Mode::Ceremony);
        let mut chain = Chain::new();
        for (uptime, (step, actor, body)) in (0..).zip(draft.happened) {
            chain.append(moment(uptime), step, &actor, body).unwrap();
        }
        let record = seal(&mut chain, &key(), &draft.mode, draft.files, ending, moment(1000), report).unwrap();
        let found = judged(&record.files);
        let told = found.findings.iter().find(|finding| finding.check == "AUDIT-DELIVERY").unwrap();
        assert_eq!(told.verdict, expected, "{told}");
        assert_eq!(told.message.contains("delivery.jsonl: it is missing"), ending == Ending::Complete, "{told}");
    }
}

#[test]
fn the_mark_of_an_unfinished_delivery_excuses_nothing_else() {
    let mut files = draft(Mode::Ceremony).seal().files;
    files.insert(names::DELIVERING.to_owned(), Vec::new());
    assert_eq!(judged(&files).verdict, AuditVerdict::Consistent);
    for path in ["more", "DELIVERY.TXT", "jobs/01-root/delivery.jsonl", "jobs/DELIVE~1.PAR", "jobs/DELIVERY.TMP"] {
        let mut more = files.clone();
        more.insert(path.to_owned(), Vec::new());
        let found = judged(&more);
        let named = found.failures().any(|finding| names_file(finding, path));
        assert!(named && found.verdict == AuditVerdict::Failed, "{path}: {:#?}", found.lines());
    }
    for path in files.keys().filter(|path| !delivery::is_of_it(path, true)) {
        let mut damaged = files.clone();
        let octets = damaged.get_mut(path).unwrap();
        let place = octets.len() / 2;
        octets[place] ^= 1;
        let found = judged(&damaged);
        let named = found.failures().any(|finding| names_file(finding, path));
        assert!(named && found.verdict == AuditVerdict::Failed, "{path}: {:#?}", found.lines());
    }
    // A mark with something in it is none.
    files.insert(names::DELIVERING.to_owned(), b"x".to_vec());
    let found = judged(&files);
    assert!(found.failures().any(|finding| names_file(finding, names::DELIVERING)), "{:#?}", found.lines());
}
