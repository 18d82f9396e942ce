//! What an interrupted ceremony leaves, and what only looks like it.

use super::*;
use crate::transcript::JournalHead;

/// The journal of a ceremony that ended in the midst of signing, its head signed some entries before the end.
fn left_over(signed: usize) -> Files {
    let draft = draft(Mode::Ceremony);
    let mut chain = Chain::new();
    let mut files = Files::new();
    let signed_one = draft.happened.iter().position(|(_, _, body)| matches!(body, Body::Signed(_))).unwrap();
    for (uptime, (step, actor, body)) in (0..).zip(draft.happened.into_iter().take(signed_one + 2)) {
        chain.append(moment(uptime), step, &actor, body).unwrap();
        if chain.entries().len() == signed {
            let head = JournalHead::write(&chain, &key(), &Mode::Ceremony).unwrap();
            files.insert(names::JOURNAL_HEAD.to_owned(), head);
        }
    }
    files.insert(names::TRANSCRIPT.to_owned(), chain.octets().to_vec());
    files.insert(names::ALLOWED_SIGNERS.to_owned(), key().public().allowed_signers(&Mode::Ceremony).into_bytes());
    files
}

#[test]
fn a_journal_is_interrupted_and_good_as_far_as_it_is_signed() {
    let mut files = left_over(20);
    let found = judged(&files);
    let all = files[names::TRANSCRIPT].iter().filter(|octet| **octet == b'\n').count();
    assert_eq!((found.verdict, found.entries.len()), (AuditVerdict::Interrupted, all), "{:#?}", found.lines());
    assert!(found.lines().iter().any(|line| line.contains("after number 20 are not signed")), "{:#?}", found.lines());
    // The power went in the midst of a line.
    let transcript = files.get_mut(names::TRANSCRIPT).unwrap();
    transcript.truncate(transcript.len() - 10);
    let found = judged(&files);
    assert_eq!((found.verdict, found.entries.len()), (AuditVerdict::Interrupted, all - 1), "{:#?}", found.lines());
}

#[test]
fn of_a_journal_it_is_told_what_was_signed_and_that_it_has_no_fingerprint() {
    let files = left_over(20);
    let told = judged(&files).lines().join("\n");
    assert!(told.contains("signatures 1 to 5 were made") && told.contains("numbered 6 to 10 were announced"), "{told}");
    let fingerprint = judged(&files).fingerprint;
    let found = audit(&files, fingerprint, THREADS, report);
    assert_eq!(found.verdict, AuditVerdict::Failed);
    assert!(found.summary().contains("AUDIT-FINGERPRINT: transcript.jsonl: a journal has no"), "{}", found.summary());
}

#[test]
fn what_a_journals_head_signs_cannot_be_changed() {
    for path in [names::TRANSCRIPT, names::JOURNAL_HEAD, names::ALLOWED_SIGNERS] {
        let mut files = left_over(20);
        let octets = files.get_mut(path).unwrap();
        let place = octets.len() / 3;
        octets[place] ^= 1;
        let found = judged(&files);
        assert_eq!(found.verdict, AuditVerdict::Failed, "{path}: {:#?}", found.lines());
        assert!(found.failures().any(|finding| finding.to_string().contains(path)), "{path}: {:#?}", found.lines());
    }
}

/// A crash before the head was first put leaves the same.
#[test]
fn of_a_journal_without_a_head_nothing_is_good() {
    let mut files = left_over(20);
    let head = files.remove(names::JOURNAL_HEAD).unwrap();
    for half in [None, Some(head)] {
        files.extend(half.map(|head| (format!("{}.new", names::JOURNAL_HEAD), head)));
        let found = judged(&files);
        assert_eq!((found.verdict, found.verdict.name()), (AuditVerdict::Unsigned, "unsigned"), "{:#?}", found.lines());
        let headline = found.headline();
        assert!(headline.starts_with("INTERRUPTED, NOT SIGNED: ") && !headline.contains("good"), "{headline}");
        assert!(found.lines().iter().any(|line| line.contains("journal.head is missing: no entry is signed")));
    }
    // Whose key cannot be read, of that no head is signed by it.
    let mut chain = Chain::new();
    let note = Body::Paused(Note { note: "x".to_owned() });
    chain.append(moment(1), Step::Open, &Actor::Program, note).unwrap();
    let head = JournalHead::write(&chain, &key(), &Mode::Ceremony).unwrap();
    let files =
        Files::from([(names::TRANSCRIPT.to_owned(), chain.octets().to_vec()), (names::JOURNAL_HEAD.to_owned(), head)]);
    assert_eq!(judged(&files).verdict, AuditVerdict::Unsigned);
}

#[test]
fn a_sealed_transcript_is_no_journal_whatever_lies_beside_it() {
    let whole = draft(Mode::Ceremony).seal().files;
    let (entries, _) = chain::read_good(&whole[names::TRANSCRIPT], Sha256Digest::ZERO);
    let mut signed = Chain::new();
    for entry in entries {
        let moment = Moment { time: entry.time, uptime: entry.uptime };
        signed.append(moment, entry.step, &entry.actor, entry.body).unwrap();
    }
    let head = JournalHead::write(&signed, &key(), &Mode::Ceremony).unwrap();
    let some = |kept: &[&str]| -> Files {
        let kept = kept.iter().map(|path| ((*path).to_owned(), whole[*path].clone()));
        kept.collect()
    };
    let three = some(&[names::TRANSCRIPT, names::ALLOWED_SIGNERS, names::KEY_PEM]);
    let mut headed = three.clone();
    headed.insert(names::JOURNAL_HEAD.to_owned(), head);
    for files in [some(&[names::TRANSCRIPT]), three, headed] {
        let found = judged(&files);
        assert_eq!(found.verdict, AuditVerdict::Failed, "{:#?}", found.lines());
        let told = found.failures().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(
            told.contains("was sealed, so this is no journal: the other files of its record are missing"),
            "{told}"
        );
    }
}
