//! Records made without a ceremony, whole and damaged.

mod cut;
mod forged;
mod left;
mod withdrawn;

use std::collections::BTreeMap;

use super::*;
use crate::dns::{Name, Time};
use crate::exchange::{Format, Limits, Stamp, read_request, write_request, write_response};
use crate::plan::{self, JobInput, Plan, Previous, fixture};
use crate::policy;
use crate::profile::{self, Profile};
use crate::render;
use crate::steps::{Actor, Moment, Role, Step, TokenFacts};
use crate::transcript::{
    Acknowledged, Batch, BatchDone, CeremonyKey, Chain, ClockDrift, Confirmed, DocumentRead, Ending, Findings, First,
    Head, JobDecision, JobPaths, JudgedAt, NotCompared, Note, Opened, Outcome, PersonEntered, Planned, PreviousRecord,
    ReadBack, Report, ResponseMade, SealedRecord, Subject, TimeAgreed, TimeConfirmed, Unlocking, Watch, Written,
    delivery, responses_digest, rrsets, seal,
};

const THREADS: usize = 2;

/// Any text that is made from the entries alone; the real one is made a floor apart.
fn report(entries: &[Entry]) -> Report {
    let text: String = entries.iter().map(|entry| format!("{} {}\n", entry.seq, entry.step)).collect();
    Report { html: format!("<pre>{text}</pre>"), text }
}

/// The root with schemas and a zone with a schedule.
fn profile_text() -> String {
    let (root, example) = (fixture::ksk(101), fixture::ksk(111));
    format!(
        r#"profile-version = 1
name = "Two zones"
[hsm]
module = "/usr/lib/module.so"
token-label = "ceremony"
login = "pin"
mechanism = "hashed"
[media]
request-label = "KSR"
record-label = "RECORD"
share-label = "SHARE"
record-copies = 1
[roles]
required = ["CA", "IW"]
[policies.root]
ttl = {root_ttl}
[policies.root.request]
num-bundles = 9
num-keys-per-bundle = [2, 1, 1, 1, 1, 1, 1, 1, 2]
num-different-keys-in-all-bundles = 3
approved-algorithms = ["ED25519"]
rsa-approved-key-sizes = [2048]
rsa-approved-exponents = [65537]
min-cycle-inception-length = "P79D"
max-cycle-inception-length = "P81D"
min-bundle-interval = "P9D"
max-bundle-interval = "P11D"
min-signature-validity = "P21D"
max-signature-validity = "P21D"
min-validity-overlap = "P9D"
max-validity-overlap = "P12D"
signature-horizon-days = 180
[policies.root.ksk]
publish-safety = "PT0S"
retire-safety = "P28D"
min-signature-validity = "P21D"
max-signature-validity = "P21D"
min-validity-overlap = "P9D"
max-validity-overlap = "P16D"
[policies.root.schemas.normal]
"1-9" = {{ publish = ["current"], sign = ["current"] }}
[policies.tld]
ttl = {ttl}
[policies.tld.request]
approved-algorithms = ["ED25519"]
max-signature-validity = "P21D"
signature-horizon-days = 400
[policies.tld.schedule]
coverage = "P90D"
signatures-validity-dnskey = "P14D"
signatures-refresh = "P5D"
inception-offset = "PT1H"
cds-digest-types = ["SHA-256"]
cdnskey = true
[zones."."]
policy = "root"
[zones.".".keys.current]
label = "Kroot"
algorithm = "ED25519"
dnskey = "{root}"
[zones."example."]
policy = "tld"
[zones."example.".keys.current]
label = "Kexample"
algorithm = "ED25519"
dnskey = "{example}"
"#,
        root_ttl = fixture::ROOT_TTL,
        ttl = fixture::TTL,
    )
}

/// Everything that happens, and everything that it makes, before it is sealed.
struct Draft {
    mode: Mode,
    files: Files,
    happened: Vec<(Step, Actor, Body)>,
}

fn key() -> CeremonyKey {
    CeremonyKey::from_seed(&[42; 32])
}

fn moment(uptime: u64) -> Moment {
    Moment { time: fixture::now(), uptime }
}

fn role(text: &str) -> Role {
    Role::new(text).unwrap()
}

impl Draft {
    fn push(&mut self, step: Step, body: Body) {
        self.happened.push((step, Actor::Program, body));
    }

    fn confirm(&mut self, step: Step, subject: &str, sha256: Sha256Digest) {
        if self.mode == Mode::Unattended {
            return self.push(step, Body::Unconfirmed(Subject { subject: subject.to_owned() }));
        }
        for (by, initials) in [("CA", "AL"), ("IW", "GH")] {
            let (subject, word) = (subject.to_owned(), render::word(0, sha256.as_bytes()[0]).to_owned());
            let initials = initials.to_owned();
            self.push(step, Body::Confirmed(Confirmed { subject, sha256, role: role(by), initials, word }));
        }
    }

    fn compare(&mut self, step: Step, subject: &str, sha256: Sha256Digest) {
        let subject = subject.to_owned();
        let unattended = self.mode == Mode::Unattended;
        self.push(
            step,
            match unattended {
                true => Body::NoIndependentHash(NotCompared { subject, attempts: 1 }),
                false => Body::ReadBack(ReadBack { subject, sha256, words: vec![1, 2, 3], attempts: 1 }),
            },
        );
    }

    fn findings(&mut self, step: Step, job: usize, stage: &str, findings: &[Finding]) {
        assert!(findings.iter().all(|finding| finding.verdict != Verdict::Fail), "{findings:#?}");
        let body = Findings { job, stage: stage.to_owned(), findings: findings.to_vec() };
        self.push(step, Body::Findings(body));
    }

    fn open(&mut self, profile: &Profile, octets: &[u8]) {
        let public = key().public();
        self.files.insert(names::PROFILE.to_owned(), octets.to_vec());
        let opened = Opened {
            transcript_version: 1,
            claviger: "0.1.0".to_owned(),
            build_id: "none".to_owned(),
            mode: self.mode.clone(),
            profile: profile.name.clone(),
            profile_sha256: profile.sha256,
            ceremony_key: public.base64(),
            key_fingerprint: public.fingerprint(),
        };
        self.push(Step::Open, Body::Opened(opened));
        for (by, name) in [("CA", "Ada Lovelace"), ("IW", "Grace Hopper")] {
            self.push(Step::Open, Body::Person(PersonEntered { role: role(by), name: name.to_owned() }));
        }
        let (agreed, offset_seconds) = (fixture::now(), 0);
        let people = if self.mode == Mode::Unattended { &[][..] } else { &[("CA", "AL"), ("IW", "GH")] };
        for (by, initials) in people {
            let (watch, shown) = (Watch::at(agreed).to_string(), agreed);
            let (role, initials) = (role(by), (*initials).to_owned());
            let confirmed = TimeConfirmed { role, initials, watch, shown, offset_seconds };
            self.push(Step::Open, Body::TimeConfirmed(confirmed));
        }
        let rtc = Some(agreed);
        self.push(Step::Open, Body::TimeAgreed(TimeAgreed { rtc, shown: agreed, agreed, offset_seconds }));
        let drift = ClockDrift { rtc: agreed, agreed, drift_seconds: 0 };
        self.push(Step::Media, Body::ClockDrift(drift));
    }

    fn document(&mut self, job: usize, purpose: &str, path: &str, octets: &[u8], facts: (Format, &Name, usize)) {
        let (format, zone, bundles) = (facts.0, facts.1.clone(), facts.2);
        self.files.insert(path.to_owned(), octets.to_vec());
        let body = DocumentRead {
            job,
            purpose: purpose.to_owned(),
            file: "file".to_owned(),
            path: path.to_owned(),
            sha256: sha256(octets),
            octets: octets.len() as u64,
            format,
            zone,
            bundles,
        };
        self.push(Step::Request, Body::Document(body));
    }

    /// Reads one request, judges it, and makes it a job.
    fn job(&mut self, profile: &Profile, number: usize, input: &JobInput, paths: &JobPaths) {
        let request = &input.request;
        let octets = write_request(request).unwrap();
        let facts = (request.format, &request.zone, request.bundles.len());
        self.document(number, "request", &paths.request, &octets, facts);
        self.compare(Step::Request, &format!("request of job {number}"), sha256(&octets));
        match &input.previous {
            Previous::First => {
                let subject = format!("response of job {number}");
                self.confirm(Step::Request, &format!("first: {subject}"), sha256(&octets));
                self.push(Step::Request, Body::First(First { subject, reason: "a new zone".to_owned() }));
            }
            Previous::Response { response, .. } => {
                let octets = write_response(response).unwrap();
                let facts = (response.format, &response.zone, response.bundles.len());
                self.document(number, "previous", &paths.previous, &octets, facts);
            }
        }
        let findings = policy::check_request(profile, input, fixture::now(), THREADS);
        self.findings(Step::Request, number, "request", &findings);
        let (zone, schema) = (request.zone.clone(), input.schema.clone());
        self.push(Step::Request, Body::Job(JobDecision { job: number, zone, accepted: true, schema, until: None }));
    }

    fn plan(&mut self, profile: &Profile, inputs: &[JobInput]) -> Plan {
        let plan = plan::build(profile, inputs, fixture::now(), "claviger 0.1.0").unwrap();
        self.files.insert(names::PLAN.to_owned(), plan.to_json());
        let covered_until = plan.jobs.iter().map(plan::PlannedJob::covered_until).collect();
        let planned = Planned { plan_sha256: plan.hash(), signatures: plan.count(), covered_until };
        self.push(Step::Plan, Body::Planned(planned));
        self.findings(Step::Plan, 0, "plan", &policy::check_plan(profile, inputs, &plan, fixture::now()));
        let all = self.happened.iter().filter_map(|(_, _, body)| match body {
            Body::Findings(findings) => Some(findings.clone()),
            _ => None,
        });
        for findings in all.collect::<Vec<_>>() {
            for finding in findings.findings.iter().filter(|finding| finding.verdict == Verdict::Warn) {
                let (check, message) = (finding.check.clone(), finding.to_string());
                self.push(Step::Plan, Body::Acknowledged(Acknowledged { job: findings.job, check, message }));
            }
        }
        self.confirm(Step::Plan, "plan", plan.hash());
        plan
    }

    fn sign(&mut self, profile: &Profile, plan: &Plan, paths: &[JobPaths]) {
        let serial = "0123".to_owned();
        let token = TokenFacts {
            serial: serial.clone(),
            label: "ceremony".to_owned(),
            manufacturer: "m".to_owned(),
            model: "m".to_owned(),
            firmware: "1.0".to_owned(),
            protected_path: false,
            pin_count_low: false,
            pin_final_try: false,
            pin_locked: false,
        };
        self.push(Step::Unlock, Body::TokenChosen(token));
        self.push(Step::Unlock, Body::Unlocking(Unlocking { login: "pin".to_owned(), serial, officers: Vec::new() }));
        self.push(Step::Unlock, Body::Unlocked(Outcome { good: true, note: "open".to_owned() }));
        let keys = plan.jobs.iter().flat_map(|job| job.keys.iter().filter(|key| key.signs).map(move |key| (job, key)));
        let found = keys.map(|(job, key)| {
            let fact = Some(key.dnskey.fingerprint(&job.zone).to_string());
            let message = format!("the token has the key {}", key.name);
            Finding { expected: fact.clone(), found: fact, ..Finding::new("TOKEN-KEY", Verdict::Pass, message) }
        });
        self.findings(Step::Unlock, 0, "token", &found.collect::<Vec<_>>());
        let signatures: Vec<Vec<u8>> = plan
            .tasks()
            .map(|task| fixture::sign(&plan.jobs[task.job].keys[task.key].dnskey, &plan.data(task).unwrap()))
            .collect();
        for (index, batch) in signatures.chunks(5).enumerate() {
            let (from, to) = (index * 5 + 1, index * 5 + batch.len());
            self.push(Step::Execute, Body::Signing(Batch { from, to }));
            self.push(Step::Execute, Body::Signed(BatchDone { from, to, sha256: sha256(&batch.concat()) }));
        }
        self.push(Step::Execute, Body::TokenClosed(Note { note: "closed".to_owned() }));
        let mut made = Vec::new();
        for (index, (planned, paths)) in plan.jobs.iter().zip(paths).enumerate() {
            let response = fixture::signed(planned);
            let octets = write_response(&response).unwrap();
            let (digest, file) = (sha256(&octets), format!("{}{}", self.mode.mark(), paths.response_file));
            let read = crate::exchange::read_response(&octets, &Limits::default()).unwrap();
            let findings = policy::check_response(profile, planned, &read, fixture::now(), THREADS);
            self.files.insert(paths.dnskey.clone(), rrsets(&read, &digest).into_bytes());
            let body = ResponseMade {
                job: index + 1,
                path: paths.response.clone(),
                file: file.clone(),
                sha256: digest,
                octets: octets.len() as u64,
            };
            self.files.insert(paths.response.clone(), octets);
            self.push(Step::Review, Body::Response(body));
            self.findings(Step::Review, index + 1, "response", &findings);
            made.push((digest, file));
        }
        let listed: Vec<(Sha256Digest, &str)> = made.iter().map(|(digest, file)| (*digest, file.as_str())).collect();
        self.confirm(Step::Review, "responses", responses_digest(&listed));
        self.push(Step::Review, Body::Reviewed(Outcome { good: true, note: "accepted".to_owned() }));
        let heads = plan.jobs.iter().zip(&made).map(|(planned, (digest, _))| {
            (planned.zone.clone(), Head { sha256: *digest, covered_until: planned.covered_until() })
        });
        let state = State::after(&State { zones: old_heads(), ..State::default() }, profile, heads);
        self.files.insert(names::STATE.to_owned(), state.write().unwrap());
    }

    fn seal(self) -> SealedRecord {
        let mut chain = Chain::new();
        for (uptime, (step, actor, body)) in (0..).zip(self.happened) {
            chain.append(moment(uptime), step, &actor, body).unwrap();
        }
        let end = moment(1000);
        let mut record = seal(&mut chain, &key(), &self.mode, self.files, Ending::Complete, end, report).unwrap();
        let mut log = Chain::following(record.fingerprint);
        let written = Written {
            name: format!("{}20270301T000000Z-x", self.mode.mark()),
            label: "RECORD".to_owned(),
            uuid: "AAAA-BBBB".to_owned(),
            sha256: record.sums_sha256,
            octets: record.octets(),
        };
        log.append(moment(1001), Step::Write, &Actor::Program, Body::RecordWritten(written)).unwrap();
        record.files.extend(delivery(&log, &key(), &self.mode));
        record
    }
}

/// The root's previous response, and one of a zone that has no job this time.
fn old_heads() -> BTreeMap<String, Head> {
    let head = |octets: &[u8]| Head { sha256: sha256(octets), covered_until: Time::MAX };
    [(".".to_owned(), head(&previous_octets())), ("other.".to_owned(), head(b"other"))].into()
}

fn previous_octets() -> Vec<u8> {
    match fixture::root_input().previous {
        Previous::Response { response, .. } => write_response(&response).unwrap(),
        Previous::First => unreachable!(),
    }
}

fn inputs() -> [JobInput; 2] {
    let root = fixture::root_input();
    let mut plain = fixture::plain_request(Format::Bind, fixture::at("2027-04-01T00:00:00Z"), [11, 12]);
    plain.stamp = Some(Stamp { time: fixture::at("2027-02-01T00:00:00Z"), by: "9.20.30".to_owned() });
    let read = |request| {
        let octets = write_request(request).unwrap();
        (sha256(&octets), read_request(&octets, &Limits::default()).unwrap())
    };
    let (request_sha256, request) = read(&root.request);
    let previous = crate::exchange::read_response(&previous_octets(), &Limits::default()).unwrap();
    let previous = Previous::Response { response: previous, sha256: sha256(&previous_octets()) };
    let root = JobInput { request, request_sha256, previous, head: Some(sha256(&previous_octets())), ..root };
    let (request_sha256, request) = read(&plain);
    let plain = JobInput { request, request_sha256, previous: Previous::First, head: None, schema: None, until: None };
    [root, plain]
}

fn draft(mode: Mode) -> Draft {
    let mut draft = Draft { mode, files: Files::new(), happened: Vec::new() };
    let octets = profile_text().into_bytes();
    let profile = profile::read(&octets).unwrap();
    draft.open(&profile, &octets);
    let previous = PreviousRecord {
        folder: "20261201T000000Z-root".to_owned(),
        fingerprint: sha256(b"before"),
        verdict: "consistent".to_owned(),
        heads: old_heads(),
    };
    draft.push(Step::Media, Body::PreviousRecord(previous));
    draft.compare(Step::Media, "previous record", sha256(b"before"));
    draft.push(Step::Request, Body::JudgedAt(JudgedAt { time: fixture::now() }));
    let inputs = inputs();
    let paths = [
        JobPaths::new(1, &inputs[0].request.zone, "ksr-root.xml", "skr-root-old.xml"),
        JobPaths::new(2, &inputs[1].request.zone, "ksr.txt", ""),
    ];
    for (number, (input, paths)) in (1..).zip(inputs.iter().zip(&paths)) {
        draft.job(&profile, number, input, paths);
    }
    let plan = draft.plan(&profile, &inputs);
    draft.sign(&profile, &plan, &paths);
    draft
}

fn judged(files: &Files) -> Audit {
    audit(files, None, THREADS, report)
}

/// The failures of a record that was changed before it was sealed: by someone who has the ceremony key.
fn failures(change: impl FnOnce(&mut Draft)) -> Vec<String> {
    let mut draft = draft(Mode::Ceremony);
    change(&mut draft);
    judged(&draft.seal().files).failures().map(ToString::to_string).collect()
}

fn names_file(finding: &Finding, path: &str) -> bool {
    let files = finding.message.split(": ").next().unwrap_or_default();
    files.split(", ").any(|file| file == path)
}

/// Expects that a change is found by this check in this file.
#[track_caller]
fn expect_failure(check: &str, file: &str, change: impl FnOnce(&mut Draft)) {
    let failures = failures(change);
    let found = failures.iter().any(|failure| failure.contains(&format!("{check}: {file}: ")));
    assert!(found, "expected {check} {file}; found {failures:#?}");
}

#[test]
fn a_whole_record_is_consistent_and_with_the_paper_authentic() {
    let drill = "drill:lost-officer".parse().unwrap();
    for mode in [Mode::Ceremony, Mode::Unattended, Mode::Rehearsal, drill] {
        let record = draft(mode.clone()).seal();
        let found = judged(&record.files);
        assert_eq!(found.verdict, AuditVerdict::Consistent, "{mode}: {:#?}", found.lines());
        assert!(found.headline().contains("NOT ANCHORED"));
        let found = audit(&record.files, Some(record.fingerprint), THREADS, report);
        assert_eq!(found.verdict, AuditVerdict::Authentic, "{:#?}", found.lines());
        assert_eq!(found.headline().starts_with("REHEARSAL: "), mode == Mode::Rehearsal);
        assert_eq!(found.headline().starts_with("DRILL lost-officer: "), mode.to_string() == "drill:lost-officer");
        assert!(found.state.unwrap().zones.contains_key("other."));
        let found = audit(&record.files, Some(sha256(b"other")), THREADS, report);
        assert_eq!(found.verdict, AuditVerdict::Failed);
        assert!(found.summary().contains("AUDIT-FINGERPRINT: transcript.jsonl: "), "{}", found.summary());
    }
}

#[test]
fn any_flipped_bit_fails_and_names_the_file() {
    let files = draft(Mode::Ceremony).seal().files;
    for (path, octets) in &files {
        // Every octet of small files; of large ones some, since each takes a whole audit.
        let stride = octets.len().div_ceil(12).max(1);
        for place in (0..octets.len()).step_by(stride).chain([octets.len() - 1]) {
            let mut damaged = files.clone();
            damaged.get_mut(path).unwrap()[place] ^= 1;
            let found = judged(&damaged);
            assert_eq!(found.verdict, AuditVerdict::Failed, "{path} octet {place}");
            assert!(
                found.failures().any(|finding| names_file(finding, path)),
                "{path} octet {place}: {:#?}",
                found.lines()
            );
        }
    }
}

#[test]
fn missing_and_unknown_files_are_named() {
    let files = draft(Mode::Ceremony).seal().files;
    for path in files.keys() {
        let mut fewer = files.clone();
        fewer.remove(path);
        let found = judged(&fewer);
        let named = found.failures().any(|finding| names_file(finding, path));
        assert!(named && found.verdict == AuditVerdict::Failed, "{path}: {:#?}", found.lines());
    }
    expect_failure("AUDIT-FILES", "jobs/01-root/more", |draft| {
        draft.files.insert("jobs/01-root/more".to_owned(), b"x".to_vec());
    });
    for path in ["more/", "jobs/03-other/", "jobs/01-root/skr.xml/", "delivery.jsonl/", "DELIVERY.TMP/", "DELIVE~1/"] {
        for mark in [None, Some(names::DELIVERING)] {
            let mut bare = files.clone();
            bare.extend([Some(path), mark].into_iter().flatten().map(|path| (path.to_owned(), Vec::new())));
            let found = judged(&bare);
            let named: Vec<String> = found.failures().map(ToString::to_string).collect();
            assert!(
                named.len() == 1 && named[0].contains(&format!("AUDIT-FILES: {path}: no record has a folder")),
                "{named:?}"
            );
        }
    }
    let mut cosigned = files;
    cosigned.insert("cosignatures/IW.sig".to_owned(), b"x".to_vec());
    assert_eq!(judged(&cosigned).verdict, AuditVerdict::Consistent);
}

fn remove(draft: &mut Draft, unwanted: impl Fn(&Body) -> bool) {
    draft.happened.retain(|(_, _, body)| !unwanted(body));
}

fn change(draft: &mut Draft, mut with: impl FnMut(&mut Body)) {
    draft.happened.iter_mut().for_each(|(_, _, body)| with(body));
}

#[test]
fn two_people_must_have_confirmed_the_plan_and_the_responses() {
    for subject in ["plan", "responses"] {
        expect_failure("AUDIT-PEOPLE", "transcript.jsonl", |draft| {
            remove(draft, |body| matches!(body, Body::Confirmed(c) if c.subject == subject && c.role == role("IW")));
        });
    }
    expect_failure("AUDIT-PEOPLE", "transcript.jsonl", |draft| {
        change(draft, |body| {
            if let Body::Confirmed(confirmed) = body {
                confirmed.word = "zulu".to_owned();
            }
        });
    });
    expect_failure("AUDIT-PEOPLE", "transcript.jsonl", |draft| {
        change(draft, |body| {
            if let Body::Person(person) = body {
                person.name = "The same".to_owned();
            }
        });
    });
}

#[test]
fn two_people_must_have_confirmed_the_time_that_was_agreed() {
    let expect = |change: &dyn Fn(&mut Draft)| expect_failure("AUDIT-TIME", "transcript.jsonl", change);
    expect(&|draft| remove(draft, |body| matches!(body, Body::TimeConfirmed(c) if c.role == role("IW"))));
    expect(&|draft| remove(draft, |body| matches!(body, Body::TimeAgreed(_))));
    let confirmed = |with: fn(&mut TimeConfirmed)| {
        expect(&|draft| {
            change(draft, |body| {
                if let Body::TimeConfirmed(confirmed) = body {
                    with(confirmed);
                }
            });
        });
    };
    confirmed(|confirmed| confirmed.role = role("CA"));
    confirmed(|confirmed| "03:33".clone_into(&mut confirmed.watch));
    confirmed(|confirmed| confirmed.offset_seconds = 60); // it was another time that they confirmed
}

#[test]
fn offset_and_drift_of_the_clocks_add_up() {
    let changed = |with: fn(&mut Body)| expect_failure("AUDIT-TIME", "transcript.jsonl", |draft| change(draft, with));
    changed(|body| {
        if let Body::TimeAgreed(agreed) = body {
            agreed.offset_seconds = 1;
        }
    });
    changed(|body| {
        if let Body::ClockDrift(drift) = body {
            drift.drift_seconds = 1;
        }
    });
    changed(|body| {
        if let Body::ClockDrift(drift) = body {
            (drift.agreed, drift.drift_seconds) = (Time::MAX, drift.rtc.seconds_since(Time::MAX));
        }
    });
}

#[test]
fn a_ceremony_does_not_go_on_from_practice() {
    let from = |folder: &'static str| {
        move |draft: &mut Draft| {
            change(draft, |body| {
                if let Body::PreviousRecord(record) = body {
                    folder.clone_into(&mut record.folder);
                }
            });
        }
    };
    expect_failure("AUDIT-COURSE", "transcript.jsonl", from("REHEARSAL-20261201T000000Z-root"));
    assert_eq!(failures(from("20261202T000000Z-root")), Vec::<String>::new());
    let before = judged(&draft("drill:x".parse().unwrap()).seal().files);
    let findings = check_previous(&judged(&draft(Mode::Ceremony).seal().files).entries, &before);
    let told = |finding: &&Finding| finding.verdict == Verdict::Fail && finding.message.contains("from practice");
    assert!(findings.iter().any(|finding| told(&finding)), "{findings:#?}");
}

#[test]
fn findings_are_reached_anew() {
    for (stage, check) in [("request", "AUDIT-REQUEST"), ("plan", "AUDIT-PLAN"), ("response", "AUDIT-RESPONSE")] {
        expect_failure(check, "transcript.jsonl", |draft| {
            change(draft, |body| {
                if let Body::Findings(findings) = body
                    && findings.stage == stage
                {
                    findings.findings.pop();
                }
            });
        });
    }
    expect_failure("AUDIT-WARNINGS", "transcript.jsonl", |draft| {
        remove(draft, |body| matches!(body, Body::Acknowledged(_)));
    });
}

#[test]
fn plan_responses_and_state_are_made_anew() {
    expect_failure("AUDIT-PLAN", "plan.json", |draft| {
        draft.files.get_mut("plan.json").unwrap().push(b' ');
    });
    expect_failure("AUDIT-STATE", "state.json", |draft| {
        let state = State { state_version: 1, ..State::default() };
        draft.files.insert("state.json".to_owned(), state.write().unwrap());
    });
    expect_failure("AUDIT-RESPONSE", "jobs/02-example/skr.txt", |draft| {
        draft.files.get_mut("jobs/02-example/skr.txt").unwrap().push(b'\n');
    });
    expect_failure("AUDIT-RESPONSE", "jobs/01-root/dnskey.txt", |draft| {
        draft.files.get_mut("jobs/01-root/dnskey.txt").unwrap().extend_from_slice(b"; more\n");
    });
    expect_failure("AUDIT-BATCHES", "transcript.jsonl", |draft| {
        change(draft, |body| {
            if let Body::Signed(batch) = body {
                batch.sha256 = sha256(b"other");
            }
        });
    });
    expect_failure("AUDIT-SEAL", "profile.toml", |draft| {
        draft.files.get_mut("profile.toml").unwrap().extend_from_slice(b"# more\n");
    });
}

#[test]
fn nothing_is_signed_but_what_was_announced_on_an_open_token() {
    let drops: [fn(&Body) -> bool; 4] = [
        |body| matches!(body, Body::Unlocked(_)),
        |body| matches!(body, Body::Signing(batch) if batch.from == 1),
        |body| matches!(body, Body::Signed(batch) if batch.from == 1),
        |body| matches!(body, Body::Opened(_)),
    ];
    for unwanted in drops {
        expect_failure("AUDIT-COURSE", "transcript.jsonl", |draft| remove(draft, unwanted));
    }
}

#[test]
fn token_and_roles_are_those_of_the_profile() {
    expect_failure("AUDIT-TOKEN", "transcript.jsonl", |draft| {
        change(draft, |body| {
            if let Body::TokenChosen(token) = body {
                token.label = "another".to_owned();
            }
        });
    });
    expect_failure("AUDIT-TOKEN", "transcript.jsonl", |draft| {
        remove(draft, |body| matches!(body, Body::Person(person) if person.role == role("IW")));
    });
    expect_failure("AUDIT-TOKEN", "transcript.jsonl", |draft| {
        remove(draft, |body| matches!(body, Body::TokenChosen(_)));
    });
}

#[test]
fn after_a_fault_another_token_may_be_chosen_and_is_the_one_that_is_opened() {
    let mut good = draft(Mode::Ceremony);
    let first = good.happened.iter().position(|(_, _, body)| matches!(body, Body::TokenChosen(_))).unwrap();
    let mut before: Vec<_> = good.happened[first..first + 2].to_vec();
    for (_, _, body) in &mut before {
        match body {
            Body::TokenChosen(token) => token.serial = "first".to_owned(),
            Body::Unlocking(unlocking) => unlocking.serial = "first".to_owned(),
            _ => {}
        }
    }
    good.happened.splice(first..first, before);
    let audit = judged(&good.seal().files);
    assert!(audit.findings.iter().all(|finding| finding.verdict != Verdict::Fail), "{:?}", audit.findings);
    expect_failure("AUDIT-TOKEN", "transcript.jsonl", |draft| {
        change(draft, |body| {
            if let Body::Unlocking(unlocking) = body {
                unlocking.serial = "another".to_owned();
            }
        });
    });
}

#[test]
fn a_record_names_the_one_before_it() {
    let before = judged(&draft(Mode::Ceremony).seal().files);
    let heads = before.state.clone().unwrap().zones;
    let named = |fingerprint, heads| {
        let mut chain = Chain::new();
        let (folder, verdict) = ("x".to_owned(), "consistent".to_owned());
        let body = Body::PreviousRecord(PreviousRecord { folder, fingerprint, verdict, heads });
        chain.append(moment(1), Step::Media, &Actor::Program, body).unwrap();
        check_previous(chain.entries(), &before)[0].verdict
    };
    assert_eq!(named(before.fingerprint.unwrap(), heads.clone()), Verdict::Pass);
    assert_eq!(named(sha256(b"other"), heads), Verdict::Fail);
    assert_eq!(named(before.fingerprint.unwrap(), BTreeMap::new()), Verdict::Fail);
    assert_eq!(check_previous(&[], &before)[0].verdict, Verdict::Fail);
    // Named, then compared with paper and found to be another one: there is none.
    let mut entries = judged(&draft(Mode::Ceremony).seal().files).entries;
    let mut last = entries[0].clone();
    last.body = Body::First(First { subject: "record".to_owned(), reason: "lost".to_owned() });
    entries.push(last);
    let found = check_previous(&entries, &before)[0].clone();
    assert!(found.message.contains("no previous record is named"), "{found}");
}

#[test]
fn no_files_are_no_record() {
    let found = judged(&Files::new());
    assert_eq!((found.verdict, found.fingerprint), (AuditVerdict::Failed, None));
}
