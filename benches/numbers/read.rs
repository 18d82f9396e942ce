//! `check` and `audit`: whether they are linear, what reading and what verifying costs, and the rate against the bare
//! crypto library.

use std::fs;
use std::path::Path;
use std::thread::{available_parallelism, scope};
use std::time::Duration;

use claviger::dns::{Dnskey, sha256};
use claviger::exchange::{self, Format, Limits, Response};
use claviger::plan::{self, JobInput, Plan, Previous};
use claviger::policy::{self, Admitted};
use claviger::profile::Profile;
use claviger::steps::Verdict;
use domain::base::iana::SecurityAlgorithm;
use domain::crypto::common::PublicKey;

use crate::stand::{NOW, Stand};
use crate::table::{Side, Table, in_turns, median, median_ratio, ms, rate, timed};

const SIZES: [usize; 3] = [100, 1000, 10_000];
const RUNS: usize = 5;

/// Time a bundle of each measurement, in microseconds.
type PerBundle = Vec<(&'static str, f64)>;

pub(crate) fn measure(table: &mut Table) {
    let stand = Stand::new();
    let mut all: Vec<PerBundle> = Vec::new();
    for size in SIZES {
        let name = format!("read-{size}");
        let (request, profile) = stand.daily(&name, "p256", Format::Bind, size);
        let out = stand.medium(&name);
        stand.sign(&name, &format!("{name}.ksr"), &out);
        let (record, response) = Stand::signed(&out);
        let octets = fs::read(&response).expect("a response");
        let mut times = processes(&stand, &name, &record, &response);
        let (parsed, more) = inside(&profile, &request, &octets);
        times.extend(more);
        let times: PerBundle = times.into_iter().map(|(what, time)| (what, ms(time) * 1000.0 / size as f64)).collect();
        for (what, time) in &times {
            table.note(&format!("{size} bundles: {what}, a bundle"), format!("{time:.1} us"));
        }
        all.push(times);
        if size == SIZES[2] {
            verifying(table, &profile, &request, &parsed);
        }
    }
    for ((what, before), (_, after)) in all[1].iter().zip(&all[2]) {
        table.at_most(
            &format!("{what}: time a bundle, {} over {} (linear: 1)", SIZES[2], SIZES[1]),
            after / before,
            1.2,
            "",
        );
    }
}

/// The commands, as processes.
fn processes(stand: &Stand, name: &str, record: &Path, response: &Path) -> Vec<(&'static str, Duration)> {
    let (profile, ksr) = (format!("{name}.toml"), format!("{name}.ksr"));
    let (record, response) = (record.display().to_string(), response.display().to_string());
    let words: [(&'static str, Vec<&str>); 3] = [
        (
            "check of the request, process",
            vec!["check", "--profile", &profile, "--first", "--now", NOW, "--plan", &ksr],
        ),
        ("check of the response, process", vec!["check", "--profile", &profile, "--now", NOW, &response]),
        ("audit of the record, process", vec!["audit", &record]),
    ];
    let time = |words: &Vec<&str>| median((0..RUNS).map(|_| stand.claviger(words).1).collect());
    words.into_iter().map(|(what, words)| (what, time(&words))).collect()
}

/// The parts, within this process.
fn inside(profile: &Profile, request: &[u8], octets: &[u8]) -> (Response, Vec<(&'static str, Duration)>) {
    let limits = Limits { document_bytes: 64 << 20 };
    let read = || timed(|| exchange::read_response(octets, &limits).expect("a response"));
    let parsing = median((0..RUNS).map(|_| read().1).collect());
    let response = read().0;
    let planning = median((0..RUNS).map(|_| timed(|| plan_of(profile, request)).1).collect());
    let plan = plan_of(profile, request);
    let hashing = median((0..RUNS).map(|_| timed(|| plan.hash()).1).collect());
    let judging = median((0..RUNS).map(|_| judge(profile, &plan, &response)).collect());
    let times = vec![
        ("reading the response", parsing),
        ("reading the request and planning", planning),
        ("writing and hashing the plan", hashing),
        ("judging the response, all cores", judging),
    ];
    (response, times)
}

fn input_of(octets: &[u8]) -> JobInput {
    let limits = Limits { document_bytes: 64 << 20 };
    JobInput {
        request: exchange::read_request(octets, &limits).expect("a request"),
        request_sha256: sha256(octets),
        previous: Previous::First,
        head: None,
        schema: None,
        until: None,
    }
}

fn plan_of(profile: &Profile, octets: &[u8]) -> Plan {
    let now = NOW.parse().expect("a time");
    plan::build(profile, &[input_of(octets)], now, concat!("claviger ", env!("CARGO_PKG_VERSION"))).expect("a plan")
}

/// The plan of a request, with every check done.
pub(crate) fn admitted(profile: &Profile, octets: &[u8]) -> Admitted {
    let (input, plan, now) = (input_of(octets), plan_of(profile, octets), NOW.parse().expect("a time"));
    let mut findings = policy::check_request(profile, &input, now, cores());
    findings.extend(policy::check_plan(profile, &[input], &plan, now));
    policy::admit(plan, &findings).expect("a plan that is admitted")
}

/// How many cores there are.
pub(crate) fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

fn judge(profile: &Profile, plan: &Plan, response: &Response) -> Duration {
    let now = NOW.parse().expect("a time");
    let (findings, time) = timed(|| policy::check_response(profile, &plan.jobs[0], response, now, cores()));
    let bad: Vec<_> = findings.iter().filter(|finding| finding.verdict == Verdict::Fail).collect();
    // Who wrote it and when is not planned here.
    assert!(bad.iter().all(|finding| finding.check == "SKR-PLANNED"), "{bad:?}");
    time
}

/// A signature with what it is over and by.
pub(crate) type Signed = (Dnskey, Vec<u8>, Vec<u8>);

fn verifying(table: &mut Table, profile: &Profile, request: &[u8], response: &Response) {
    let signed = signatures(response);
    let plan = plan_of(profile, request);
    let sides: [Side<'_>; 2] = [&mut || judge(profile, &plan, response), &mut || verify_all(&signed, cores())];
    let [judged, bare] = in_turns(RUNS, sides);
    let ratio = median_ratio(&bare, &judged);
    let (judged, bare) = (rate(signed.len(), median(judged)), rate(signed.len(), median(bare)));
    let what = format!("P-256, {} signatures, {} cores", signed.len(), cores());
    table.note(&format!("{what}: verified a second, bare and with all checks"), format!("{bare:.0} {judged:.0}"));
    table.at_least(&format!("{what}: all checks of a response over bare verifying"), ratio, 0.8);
}

/// The signatures of a response.
pub(crate) fn signatures(response: &Response) -> Vec<Signed> {
    let mut signed = Vec::new();
    for bundle in &response.bundles {
        for set in &bundle.sets {
            let rdatas = set.records.rdatas();
            for signature in &set.signatures {
                let key = bundle.keys().iter().find(|key| key.dnskey.key_tag() == signature.rrsig.key_tag);
                let data = signature.rrsig.signed_data(&response.zone, &rdatas);
                signed.push((key.expect("a key").dnskey.clone(), data, signature.rrsig.signature.clone()));
            }
        }
    }
    signed
}

/// The crypto library alone: its key is made ready once.
pub(crate) fn verifier(key: &Dnskey) -> impl Fn(&Signed) + Sync {
    let algorithm = SecurityAlgorithm::from_int(key.algorithm.0);
    let dnskey = domain::rdata::Dnskey::new(key.flags, key.protocol, algorithm, key.key.as_slice());
    let public = PublicKey::from_dnskey(&dnskey.expect("a key")).expect("a key");
    move |(_, data, signature)| public.verify(data, signature).expect("a good signature")
}

/// The crypto library alone, on so many cores: signatures by one key.
pub(crate) fn verify_all(signed: &[Signed], cores: usize) -> Duration {
    let verify = verifier(&signed[0].0);
    let size = signed.len().div_ceil(cores);
    let work = || {
        scope(|scope| {
            for part in signed.chunks(size) {
                scope.spawn(|| part.iter().for_each(&verify));
            }
        });
    };
    timed(work).1
}
