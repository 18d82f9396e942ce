//! Views of a ceremony, made by hand: one for every question.

use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::App;
use crate::ceremony::{
    BundleView, Code, ComputerView, DocumentAsked, DocumentView, FileChoice, JobState, JobView, Labels, LogLine,
    MediumWanted, PinAsked, PlanView, PlannedKeyView, PlannedView, PreviousView, ProfileChoice, Purpose, Question,
    ReadBackAsked, RecordChoice, ResultView, TimeAsked, TokenFault, TwoPeople, View, Working, WrittenView,
};
use crate::dns::{Algorithm, Dnskey, Duration, Name, Sha256Digest, Time, sha256};
use crate::exchange::Format;
use crate::policy::{BundleRef, Finding};
use crate::steps::{
    Locks, Mode, Moment, Person, Role, Step, TokenFacts, UsbFacts, UsbState, Verdict, VolumeFacts, VolumeId,
};

/// When the screens are drawn.
pub(crate) const NOW: Moment = Moment { time: Time::MAX, uptime: 95_000 };

/// The screen as text.
pub(crate) fn draw(app: &mut App, view: &View, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    app.update(view);
    terminal.draw(|frame| app.draw(frame, view, now())).unwrap();
    terminal.backend().to_string()
}

/// 2026-11-22, a minute after it began.
pub(crate) fn now() -> Moment {
    Moment { time: at("2026-11-22T13:00:07Z"), ..NOW }
}

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

pub(crate) fn role(text: &str) -> Role {
    Role::new(text).unwrap()
}

fn hash(text: &str) -> Sha256Digest {
    sha256(text.as_bytes())
}

fn zone() -> Name {
    "example.".parse().unwrap()
}

fn key(flags: u16, seed: &str) -> Dnskey {
    let mut octets = vec![3, 1, 0, 1, 0xc3];
    for index in 0..8 {
        octets.extend_from_slice(sha256(format!("{seed}{index}").as_bytes()).as_bytes());
    }
    octets.truncate(4 + 256);
    Dnskey { flags, protocol: 3, algorithm: Algorithm::RsaSha256.number(), key: octets }
}

fn volume(id: u32, label: &str, serial: &str, free: u64, writable: bool) -> VolumeFacts {
    let (label, serial, uuid) = (label.to_owned(), serial.to_owned(), "5D3A-91C2".to_owned());
    VolumeFacts { id: VolumeId(id), label, serial, uuid, size: 4_000_000_000, free, writable }
}

fn token(count_low: bool, final_try: bool) -> TokenFacts {
    TokenFacts {
        serial: "H1903018".into(),
        label: "example-ksk".into(),
        manufacturer: "AEP Networks".into(),
        model: "Keyper 9860-2".into(),
        firmware: "3.2".into(),
        protected_path: false,
        pin_count_low: count_low,
        pin_final_try: final_try,
        pin_locked: false,
    }
}

fn view(step: Step, question: Question) -> View {
    let person = |(abbreviation, name): (&str, &str)| Person { role: role(abbreviation), name: name.to_owned() };
    let people = [("CA", "Ada Lovelace"), ("CO1", "Grace Hopper"), ("CO2", "Radia Perlman"), ("IW", "Zoë Kincaid")];
    View {
        mode: Mode::Ceremony,
        program: "claviger 0.1.0 (self-reported)".into(),
        title: "Example TLD, production".into(),
        step,
        stopped_in: None,
        question,
        refusal: None,
        profile_sha256: Some(hash("profile")),
        key_fingerprint: Some("SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDpzdZPcnn8qFZWgQg".into()),
        people: people.map(person).to_vec(),
        volumes: vec![
            volume(1, "RECORD-A", "0781-5567", 3_812_000_000, true),
            volume(2, "RECORD-B", "0781-5568", 3_811_000_000, true),
            volume(3, "KSR", "floppy", 512_000, false),
        ],
        record_volumes: vec![volume(1, "RECORD-A", "0781-5567", 3_812_000_000, true)],
        request_volume: None,
        labels: Labels { record: "RECORD".into(), request: "KSR".into(), share: "SHARE".into() },
        previous_record: None,
        jobs: Vec::new(),
        plan: None,
        token: None,
        officers: Vec::new(),
        threshold: 0,
        officers_at_token: false,
        signatures: (0, 0),
        results: Vec::new(),
        written: Vec::new(),
        fingerprint: None,
        codes: Vec::new(),
        exceptions: 0,
        faults: Vec::new(),
        spool_fault: None,
        token_fault: None,
        log: vec![
            log_line(1, "opened: ceremony, Example TLD, production"),
            log_line(2, "person: CA Ada Lovelace"),
            log_line(3, "first: record, the signer has moved to this appliance, whose records begin today"),
        ],
        computer: ComputerView::default(),
    }
}

fn log_line(seq: u64, text: &str) -> LogLine {
    LogLine { seq, time: at("2026-11-22T12:58:10Z"), step: Step::Open, text: text.to_owned() }
}

fn document(file: &str, octets: u64) -> DocumentView {
    DocumentView { file: file.to_owned(), sha256: hash(file), octets }
}

/// `count` bundles eleven days apart; the first and the last have a key of a neighbouring quarter.
pub(crate) fn bundles(count: usize) -> Vec<BundleView> {
    let keys = ["old", "zsk", "new"].map(|seed| key(Dnskey::ZSK, seed));
    let keys = keys.map(|key| (key.clone(), key.fingerprint(&zone())));
    let mut inception = at("2027-01-01T00:00:00Z");
    let bundle = |number: usize| {
        let expiration = inception.checked_add(Duration::from_days(21));
        let neighbours = if number == 1 {
            &keys[..2]
        } else if number == count {
            &keys[1..]
        } else {
            &keys[1..2]
        };
        let id = Some(format!("49f4c6cd-08a9-4cb4-aad3-{number:012x}"));
        let bundle = BundleView { number, id, inception, expiration, keys: neighbours.to_vec() };
        inception = inception.checked_add(Duration::from_seconds(if count > 100 { 60 } else { 950_400 })).unwrap();
        bundle
    };
    (1..=count).map(bundle).collect()
}

fn finding(verdict: Verdict, check: &str, message: &str) -> Finding {
    let (check, message) = (check.to_owned(), message.to_owned());
    Finding { check, verdict, reason: None, bundle: None, expected: None, found: None, message }
}

fn findings(failed: bool) -> Vec<Finding> {
    let mut all = Vec::new();
    if failed {
        all.push(Finding {
            bundle: Some(BundleRef { index: 3, id: Some("49f4c6cd-08a9-4cb4-aad3-000000000003".into()) }),
            expected: Some("a signature by key 14796 that verifies".into()),
            found: Some("a signature by key 14796 over other octets".into()),
            ..finding(Verdict::Fail, "KSR-BUNDLE-POP", "The bundle is not signed by each of its keys.")
        });
    }
    all.push(Finding {
        expected: Some("an independent hash, read from paper".into()),
        found: Some("none".into()),
        ..finding(
            Verdict::Warn,
            "KSR-HASH-PAPER",
            "Nobody had the request's SHA-256 on paper, so that nothing but the medium says where it comes from.",
        )
    });
    all.push(Finding {
        reason: Some("unchecked by profile".into()),
        ..finding(Verdict::Skipped, "KSR-RSA-EXPONENT", "The exponent of RSA keys is not limited.")
    });
    for (check, message) in [
        ("KSR-STRUCTURE", "The document has the structure of its format."),
        ("KSR-BUNDLE-UNIQUE", "No bundle stands twice."),
        ("KSR-KEYS", "Flags, protocol, tags and lengths are right."),
        ("KSR-OVERLAP", "Each bundle overlaps the next one by 10 days."),
        ("KSR-CHAIN", "The first bundle's keys are those of the last response."),
    ] {
        all.push(finding(Verdict::Pass, check, message));
    }
    all
}

fn job(failed: bool) -> JobView {
    JobView {
        number: 1,
        zone: zone(),
        format: Format::RootXml,
        request: document("ksr-example-2027-q1-0.xml", 59_642),
        previous: Some(document("skr-example-2026-q4-0.xml", 72_318)),
        bundles: Arc::new(bundles(9)),
        findings: Arc::new(findings(failed)),
        schema: None,
        state: JobState::Open,
    }
}

fn plan_view() -> PlanView {
    let ksk = |name: &str, signs| {
        let dnskey = key(Dnskey::KSK, name);
        let fingerprint = dnskey.fingerprint(&zone());
        PlannedKeyView { name: name.to_owned(), label: format!("K{name}"), dnskey, fingerprint, signs }
    };
    PlanView {
        sha256: hash("plan"),
        signatures: 9,
        jobs: vec![PlannedView {
            number: 1,
            zone: zone(),
            schema: Some("normal".into()),
            keys: vec![ksk("ksk-2024", true), ksk("ksk-2027", false)],
            table: table(),
            difference: vec![
                "+ KSK ksk-2027 is published from bundle 1 on".into(),
                "  KSK ksk-2024 signs, as before".into(),
            ],
            covered_until: at("2027-04-19T00:00:00Z"),
        }],
        findings: vec![
            finding(Verdict::Warn, "PLAN-KSK-AGE", "The key ksk-2024 has signed for more than two years."),
            finding(Verdict::Pass, "PLAN-COVERAGE", "The quarter is covered without a gap."),
        ],
    }
}

fn table() -> Vec<String> {
    let mut table = vec!["No  From        Until       ZSK          KSK publish  KSK sign".to_owned()];
    table.extend(bundles(9).iter().map(|bundle| {
        let until = bundle.expiration.unwrap().date();
        format!("{:>2}  {}  {until}  23114        20326 38696  20326", bundle.number, bundle.inception.date())
    }));
    table
}

/// A job with request, bundles, keys and findings.
pub(crate) fn request() -> View {
    let mut view = view(Step::Request, Question::MoreJobs);
    view.jobs = vec![JobView { state: JobState::Taken, ..job(false) }];
    view
}

pub(crate) fn judged() -> View {
    View { question: Question::Judged { job: 1, failed: false }, jobs: vec![job(false)], ..request() }
}

pub(crate) fn read_back() -> View {
    let asked =
        ReadBackAsked { subject: "request".into(), sha256: hash("ksr-example-2027-q1-0.xml"), words: vec![5, 14, 27] };
    View { question: Question::ReadBack(asked), ..request() }
}

pub(crate) fn people() -> View {
    view(Step::Open, Question::People { missing: vec![role("EW"), role("CO3")] })
}

/// A keyboard that waits and a device that is refused.
pub(crate) fn usb() -> UsbState {
    let facts = |id, name: &str, product: &str, classes: &str| UsbFacts {
        id,
        product: product.to_owned(),
        name: name.to_owned(),
        classes: classes.to_owned(),
    };
    UsbState {
        refused: vec![facts(8, "ACME Modem", "0525:a4a2", "02 0a")],
        waiting: vec![facts(7, "QEMU USB Keyboard", "0627:0001", "03")],
        keyboards: 1,
    }
}

/// A PIN is typed while they are there.
pub(crate) fn pin_usb() -> View {
    let mut view = pin();
    view.computer.usb = usb();
    view
}

/// UTC by the computer's clock, before anybody has confirmed it.
pub(crate) fn time() -> View {
    view(Step::Open, Question::Time(TimeAsked { computer: now().time, offset: None, first: None }))
}

fn plan(question: Question) -> View {
    let mut view = View { question, step: Step::Plan, ..request() };
    view.plan = Some(Arc::new(plan_view()));
    view
}

pub(crate) fn two_people() -> View {
    plan(Question::TwoPeople(TwoPeople { subject: "plan".into(), sha256: hash("plan"), first: None, reason: None }))
}

fn unlock(question: Question) -> View {
    let mut view = plan(question);
    (view.step, view.threshold) = (Step::Unlock, 2);
    view.token = Some(token(false, false));
    view.officers = vec![(role("CO1"), true), (role("CO2"), false), (role("CO3"), false)];
    view
}

pub(crate) fn pin() -> View {
    unlock(Question::Pin(PinAsked { officer: Some(role("CO2")), token: token(true, true) }))
}

fn execute(question: Question) -> View {
    View { step: Step::Execute, signatures: (4, 9), ..unlock(question) }
}

pub(crate) fn working() -> View {
    execute(Question::Working(Working { what: "signing bundle 5 of 9".into(), done: 4, total: 9, since: 75_000 }))
}

fn review(failed: bool) -> View {
    let mut view = execute(Question::Review { failed });
    (view.step, view.signatures) = (Step::Review, (9, 9));
    view.results = vec![ResultView {
        number: 1,
        zone: zone(),
        file: "skr-example-2027-q1-0.xml".into(),
        sha256: hash("skr"),
        octets: 73_007,
        table: table(),
        findings: Arc::new(findings(failed).into_iter().filter(|finding| finding.verdict != Verdict::Warn).collect()),
    }];
    view
}

fn write(question: Question) -> View {
    let mut view = View { step: Step::Write, question, ..review(false) };
    view.fingerprint = Some(hash("transcript"));
    let serial =
        |label: &str| view.volumes.iter().find(|volume| volume.label == label).map(|volume| volume.serial.clone());
    let written = |name: &str, label: &str, state: &str| WrittenView {
        name: name.to_owned(),
        label: label.to_owned(),
        serial: serial(label).unwrap_or_default(),
        state: state.to_owned(),
    };
    view.written = vec![
        written("20261122T130000Z-example", "RECORD-A", "read back: identical"),
        written("20261122T130000Z-example", "RECORD-B", "no space left: 112 kB needed, 3 kB free"),
        written("skr-example-2027-q1-0.xml", "KSR", "waiting"),
    ];
    view
}

fn close(question: Question) -> View {
    let mut view = View { step: Step::Close, ..write(question) };
    let key = &view.plan.as_ref().unwrap().jobs[0].keys[0].dnskey;
    let ds = key.ds(&zone(), crate::dns::DigestType::Sha256);
    let code = |title: &str, payload: String, sha256| Code { title: title.to_owned(), payload, sha256: Some(sha256) };
    view.codes = vec![
        code("Transcript fingerprint", hash("transcript").to_string(), hash("transcript")),
        code("SKR of example.", hash("skr").to_string(), hash("skr")),
        code("DS of example., key ksk-2024", format!("example. IN DS {ds}"), key.fingerprint(&zone())),
    ];
    view
}

pub(crate) fn closing() -> View {
    close(Question::Close)
}

pub(crate) fn finished() -> View {
    close(Question::Finished { outcome: "complete".into() })
}

fn opening() -> Vec<(&'static str, View)> {
    let profile = |name: &str, origin: &str, fault: Option<&str>| ProfileChoice {
        name: name.to_owned(),
        origin: origin.to_owned(),
        sha256: hash(name),
        fault: fault.map(str::to_owned),
    };
    let production = profile("Example TLD, production", "medium CLAVIGER", None);
    let broken = profile("rehearsal.toml", "image", Some("line 3: unknown key `hsm.modul`; expected `hsm.module`"));
    let bare = |question| View {
        title: String::new(),
        profile_sha256: None,
        people: Vec::new(),
        ..view(Step::Open, question)
    };
    let mut refused = people();
    refused.refusal = Some("role `Co3`: expected 1 to 8 upper-case letters and digits, a letter first".into());
    let rehearsal = View { mode: Mode::Rehearsal, ..people() };
    let mut time_set = view(
        Step::Open,
        Question::Time(TimeAsked { computer: now().time, offset: Some(3_605), first: Some(role("CA")) }),
    );
    time_set.computer.rtc = Some(-2);
    let mut starting = bare(Question::Working(Working {
        what: "the appliance starts; nothing goes on before its door is shut".into(),
        done: 0,
        total: 0,
        since: 90_000,
    }));
    starting.computer.build_id = Some(hash("manifest").to_string());
    let mut preparing = starting.clone();
    preparing.computer.boot_medium = Some(hash("image").to_string());
    let holds = ["modules: none can be loaded any more", "lockdown: confidentiality", "root file system: read-only"];
    preparing.computer.started = holds.map(str::to_owned).to_vec();
    preparing.question = Question::Working(Working {
        what: "keys are made on a software token, for the rehearsal".into(),
        done: 0,
        total: 0,
        since: 90_000,
    });
    let layouts = ["us", "uk", "de", "fr", "es", "it", "pt", "be", "dk", "se", "no", "de-ch", "fr-ch"];
    let question = Question::Keyboard { layouts: layouts.map(str::to_owned).to_vec(), loaded: 2 };
    let keyboard = View { question, ..preparing.clone() };
    vec![
        ("open_keyboard", keyboard),
        ("open_starting", starting),
        ("open_preparing", preparing),
        ("open_profile", bare(Question::Profile(vec![production.clone(), broken]))),
        ("open_profile_none", bare(Question::Profile(Vec::new()))),
        ("open_confirm", bare(Question::ConfirmProfile(production))),
        ("open_people", people()),
        ("open_people_refused", refused),
        ("open_people_rehearsal", rehearsal),
        ("open_time", time()),
        ("open_time_set", time_set),
    ]
}

/// A record medium and the request medium were taken out, while a file is to be chosen.
fn media_gone() -> View {
    let files = vec![FileChoice { place: "KSR".into(), name: "ksr-example.txt".into(), size: 781 }];
    let asked = DocumentAsked { job: 1, purpose: Purpose::Request, files };
    let mut gone = view(Step::Request, Question::Document(asked));
    gone.request_volume = Some(volume(9, "KSR", "floppy", 512_000, true));
    gone.volumes.remove(0);
    gone.volumes.pop();
    gone
}

fn media() -> Vec<(&'static str, View)> {
    let record = |folder: &str, interrupted| RecordChoice {
        volume: VolumeId(1),
        label: "RECORD-A".into(),
        folder: folder.to_owned(),
        interrupted,
    };
    let records = vec![record("20260822T090412Z-example", false), record("20260822T083000Z-example", true)];
    let previous = PreviousView {
        folder: "20260822T090412Z-example".into(),
        fingerprint: hash("previous"),
        verdict: "consistent, NOT ANCHORED until the fingerprint is compared".into(),
    };
    let subject = || "record".to_owned();
    let first = TwoPeople {
        subject: "first: record".into(),
        sha256: hash("first"),
        first: Some(role("CA")),
        reason: Some("the signer has moved to this appliance, whose records begin today".into()),
    };
    let asked = ReadBackAsked { subject: "previous transcript".into(), sha256: hash("previous"), words: vec![7] };
    let mut compared = view(Step::Media, Question::ReadBack(asked));
    compared.previous_record = Some(previous);
    compared.refusal = Some("word 7: expected another word than `absurd`; read it from the paper again".into());
    vec![
        ("media_record", view(Step::Media, Question::RecordVolumes { needed: 2 })),
        ("media_request", view(Step::Media, Question::RequestVolume)),
        ("media_gone", media_gone()),
        ("media_previous", view(Step::Media, Question::PreviousRecord(records))),
        ("media_read_back", compared),
        ("media_reason", view(Step::Media, Question::Reason { subject: subject(), typed: String::new() })),
        ("media_two_people", view(Step::Media, Question::TwoPeople(first))),
    ]
}

fn requests() -> Vec<(&'static str, View)> {
    let file = |name: &str, size| FileChoice { place: "KSR".into(), name: name.to_owned(), size };
    let files = vec![file("ksr-example-2027-q1-0.xml", 59_642), file("ksr-example-2027-q1-0-old.xml", 59_640)];
    let document = |purpose| Question::Document(DocumentAsked { job: 1, purpose, files: files.clone() });
    let choosing = View { jobs: Vec::new(), ..view(Step::Request, document(Purpose::Request)) };
    let failed = View { question: Question::Judged { job: 1, failed: true }, jobs: vec![job(true)], ..request() };
    let looking = Working { what: "looking for files".into(), done: 0, total: 0, since: 0 };
    let dropped = |question| {
        let jobs = vec![JobView { state: JobState::Dropped, ..job(true) }];
        View { jobs, request_volume: Some(volume(3, "KSR", "floppy", 512_000, true)), ..view(Step::Request, question) }
    };
    vec![
        ("request_document", choosing),
        ("request_previous", View { question: document(Purpose::Previous), ..request() }),
        ("request_read_back", read_back()),
        ("request_judged", judged()),
        ("request_failed", failed),
        ("request_dropped", dropped(Question::Working(looking))),
        ("request_elsewhere", dropped(Question::RequestVolume)),
        ("request_resume", view(Step::Request, Question::Resume { entries: 14, signatures: 0 })),
        ("request_more", request()),
    ]
}

fn planning() -> Vec<(&'static str, View)> {
    let schemas = ["normal", "fallback", "revoke"].map(str::to_owned).to_vec();
    let schema = View { question: Question::Schema { job: 1, choices: schemas }, ..judged() };
    let acknowledge = Question::Acknowledge {
        job: 0,
        check: "PLAN-KSK-AGE".into(),
        message: "The key ksk-2024 has signed for more than two years.".into(),
        number: 2,
        total: 2,
    };
    vec![("request_schema", schema), ("plan_acknowledge", plan(acknowledge)), ("plan_two_people", two_people())]
}

fn acting() -> Vec<(&'static str, View)> {
    let officers = Question::Officer { choices: vec![role("CO2"), role("CO3")], missing: 1 };
    let fault = Question::Fault {
        message: "The token host stopped answering after signature 4 (CKR_DEVICE_ERROR). Check the cable and the power of the HSM.".into(),
    };
    let mut resume = unlock(Question::Resume { entries: 212, signatures: 4 });
    let mut failed = View { step: Step::Unlock, ..execute(fault) };
    failed.token_fault = Some(TokenFault { message: String::new(), expected: None, found: None });
    let mut withheld = failed.clone();
    withheld.token_fault = None;
    withheld.question = Question::Fault {
        message: "Nothing more was asked of the token: no record medium takes the journal. Put one of them back, or plug in another one."
            .into(),
    };
    resume.token = None;
    for view in [&mut resume, &mut failed, &mut withheld] {
        view.officers.iter_mut().for_each(|(_, there)| *there = false);
    }
    let mut pin_locks = pin();
    pin_locks.computer.locks = Locks { caps: Some(true), num: Some(false) };
    let reading = Working { what: "reading the record back".into(), done: 0, total: 0, since: 90_000 };
    let write_fault = Question::WriteFault {
        name: "20261122T130000Z-example".into(),
        volume: VolumeId(1),
        label: "RECORD-A".into(),
        message: "The medium is full: 112 kB are needed, 3 kB are free.".into(),
        optional: true,
        wanted: Some(MediumWanted { label: "RECORD".into(), octets: 112_000, taken: Vec::new() }),
    };
    let mut write_media = write(write_fault.clone());
    write_media.volumes.extend([
        volume(4, "RECORD-C", "0781-5570", 3_000, true),
        volume(5, "(exFAT)", "0781-5571", 0, false),
        volume(6, "RECORD-D", "0781-5572", 3_811_000_000, true),
    ]);
    if let Some(foreign) = write_media.volumes.get_mut(4) {
        foreign.uuid.clear();
    }
    let mut write_alike = write(write_fault.clone());
    for volume in write_alike.volumes.iter_mut().chain(&mut write_alike.record_volumes) {
        volume.label = volume.label.replace("RECORD-B", "RECORD-A");
    }
    for row in &mut write_alike.written {
        row.label = row.label.replace("RECORD-B", "RECORD-A");
    }
    let mut write_log = close(Question::Close);
    write_log.question = Question::WriteFault {
        name: "delivery.jsonl".into(),
        volume: VolumeId(1),
        label: "RECORD-A".into(),
        message: "medium RECORD-A: it is not there any more: put the same medium in again".into(),
        optional: true,
        wanted: None,
    };
    let mut review_full = review(false);
    review_full.request_volume = Some(volume(3, "KSR", "floppy", 3_072, true));
    vec![
        ("unlock_resume", resume),
        ("unlock_token", unlock(Question::Token(vec![token(false, false), token(true, false)]))),
        ("unlock_officer", unlock(officers)),
        ("unlock_share", unlock(Question::ShareVolume { officer: role("CO2") })),
        ("unlock_pin", pin()),
        ("unlock_pin_locks", pin_locks),
        ("unlock_pin_usb", pin_usb()),
        ("execute_working", working()),
        ("unlock_fault", failed),
        ("unlock_withheld", withheld),
        ("execute_paused", execute(Question::Paused)),
        ("review_accept", review(false)),
        ("review_failed", review(true)),
        ("review_full", review_full),
        ("write_working", write(Question::Working(reading))),
        ("write_fault", write(write_fault.clone())),
        ("write_fault_media", write_media),
        ("write_fault_alike", write_alike),
        ("write_fault_log", write_log),
        ("close_codes", closing()),
        ("close_finished", finished()),
        ("close_stopped", stopped()),
        ("close_without_log", without_log()),
    ]
}

/// People stopped at `request`: the record of it was written, and nothing else.
fn stopped() -> View {
    let mut view = close(Question::Finished { outcome: "stopped".into() });
    view.stopped_in = Some(Step::Request);
    view.codes.truncate(1);
    view.written.retain(|written| written.state == "read back: identical");
    view
}

/// People went on without the delivery log of one record.
fn without_log() -> View {
    let mut view = finished();
    let log = |label: &str, state: &str| WrittenView {
        name: "delivery.jsonl".to_owned(),
        label: label.to_owned(),
        serial: if label == "RECORD-A" { "0781-5567".to_owned() } else { "0781-5568".to_owned() },
        state: state.to_owned(),
    };
    view.written.truncate(1);
    view.written.extend([log("RECORD-A", "read back: identical"), log("RECORD-B", "it is not there any more")]);
    view
}

/// Every question, by the name of its snapshot.
pub(crate) fn all() -> Vec<(&'static str, View)> {
    [opening(), media(), requests(), planning(), acting()].concat()
}
