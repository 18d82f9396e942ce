//! The root zone's real files of 2017 and 2018, as chain and as responses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use claviger::dns::{Time, sha256};
use claviger::exchange::{
    Limits, Request, RequestBundle, RequestKey, Response, RootRequest, read_request, read_response, write_response,
};
use claviger::plan::{JobInput, PlannedJob, Previous, build};
use claviger::policy::{Finding, check_plan, check_request, check_response, check_response_alone};
use claviger::profile::{self, Profile};
use claviger::steps::Verdict;
use tempfile::TempDir;

use super::common::skip::skip;
use super::{assert_good, named};

const ROOT_ZONE: &str = include_str!("../../image/profiles/root-zone.toml");

/// The real files with the shipped profile as it would have been in 2017.
struct Root {
    folder: PathBuf,
    toml: String,
    profile: Profile,
}

impl Root {
    /// None, which is said, where the files are not at hand.
    fn new() -> Option<Self> {
        let Some(samples) = std::env::var_os("CLAVIGER_SAMPLES") else {
            skip("CLAVIGER_SAMPLES does not name the folder of real files");
            return None;
        };
        let folder = Path::new(&samples).join("root");
        let first = response(&folder, "skr-root-2017-q1-0.xml");
        let old = first.bundles[0].keys().iter().find(|key| key.dnskey.is_sep()).unwrap();
        assert_eq!((old.identifier.as_deref(), old.dnskey.key_tag()), (Some("Kjqmt7v"), 19036));
        // What is the current key today was the next one then.
        let (head, tail) = ROOT_ZONE.split_once("[zones.\".\".keys.current]").unwrap();
        let (next, _) = tail.split_once("[zones.\".\".keys.next]").unwrap();
        let toml = format!(
            "{head}[zones.\".\".keys.current]\nlabel = \"Kjqmt7v\"\nalgorithm = \"RSASHA256\"\ndnskey = \"{}\"\n\n\
             [zones.\".\".keys.next]{next}",
            old.dnskey
        );
        let profile = profile::read(toml.as_bytes()).unwrap();
        Some(Self { folder, toml, profile })
    }

    fn response(&self, name: &str) -> Response {
        response(&self.folder, name)
    }

    fn request(&self, name: &str) -> Request {
        read_request(&fs::read(self.folder.join(name)).unwrap(), &Limits::default()).unwrap()
    }

    fn previous(&self, name: &str) -> Previous {
        let sha256 = sha256(&fs::read(self.folder.join(name)).unwrap());
        Previous::Response { response: self.response(name), sha256 }
    }

    fn plan(&self, input: &JobInput, now: Time) -> (PlannedJob, Vec<Finding>) {
        let plan = build(&self.profile, std::slice::from_ref(input), now, "test").unwrap();
        let findings = check_plan(&self.profile, std::slice::from_ref(input), &plan, now);
        (plan.jobs.into_iter().next().unwrap(), findings)
    }
}

fn response(folder: &Path, name: &str) -> Response {
    read_response(&fs::read(folder.join(name)).unwrap(), &Limits::default()).unwrap()
}

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

fn input(request: Request, previous: Previous, schema: &str) -> JobInput {
    let (request_sha256, schema) = (sha256(b"request"), Some(schema.to_owned()));
    JobInput { request, request_sha256, previous, head: None, schema, until: None }
}

/// What was asked for, as far as the response tells: everything but the proofs of possession.
fn request_behind(response: &Response) -> Request {
    let root = response.root.as_ref().unwrap();
    let bundles = response.bundles.iter().map(|bundle| RequestBundle {
        id: bundle.id.clone(),
        inception: bundle.inception,
        expiration: bundle.expiration,
        keys: bundle
            .keys()
            .iter()
            .filter(|key| !key.dnskey.is_sep())
            .map(|key| RequestKey { ttl: bundle.sets[0].ttl, key: key.clone() })
            .collect(),
        signatures: Vec::new(),
    });
    Request {
        format: response.format,
        zone: response.zone.clone(),
        root: Some(RootRequest {
            id: root.id.clone(),
            serial: root.serial,
            timestamp: None,
            zsk_policy: root.zsk_policy.clone(),
        }),
        bundles: bundles.collect(),
        stamp: None,
        notices: Vec::new(),
    }
}

/// The planned response with the signatures of the real one, each by its bundle and tag.
fn with_signatures_of(job: &PlannedJob, real: &Response) -> Response {
    let signatures = job.signatures.iter().map(|planned| {
        let bundle = &job.response.bundles[planned.bundle];
        let tag = bundle.sets[0].signatures[planned.signature].rrsig.key_tag;
        let found = real.bundles.iter().find(|other| other.inception == bundle.inception).unwrap();
        let made = found.sets[0].signatures.iter().find(|signature| signature.rrsig.key_tag == tag).unwrap();
        made.rrsig.signature.clone()
    });
    job.completed(signatures.collect())
}

/// That the root zone's own signer signed the very octets that the plan has, and that our file of it reads again.
fn assert_same_octets(root: &Root, job: &PlannedJob, real: &Response, now: Time) {
    let made = with_signatures_of(job, real);
    assert_good(&check_response(&root.profile, job, &made, now, 2), &[], "our plan with the real signatures");
    let read = read_response(&write_response(&made).unwrap(), &Limits::default()).unwrap();
    assert_good(&check_response(&root.profile, job, &read, now, 2), &[], "the same, written and read again");
    let findings = check_response(&root.profile, job, real, now, 2);
    // The old signer wrote keys in another order, which changes no signed octet.
    assert!(named(&findings, Verdict::Fail).iter().all(|name| *name == "SKR-PLANNED"), "{findings:#?}");
}

#[test]
fn the_request_of_the_second_quarter_follows_the_response_of_the_first() {
    let Some(root) = Root::new() else { return };
    let now = at("2017-03-01T00:00:00Z");
    let previous = root.previous("skr-root-2017-q1-0.xml");
    let input = input(root.request("ksr-root-2017-q2-0.xml"), previous, "normal");
    assert_good(&check_request(&root.profile, &input, now, 2), &[], "the request");
    let (job, findings) = root.plan(&input, now);
    assert_good(&findings, &[], "the plan");
    assert_same_octets(&root, &job, &root.response("skr-root-2017-q2-0.xml"), now);
}

#[test]
fn the_response_of_the_third_quarter_is_the_pre_publication_of_the_new_key() {
    let Some(root) = Root::new() else { return };
    let now = at("2017-05-01T00:00:00Z");
    let real = root.response("skr-root-2017-q3-0-c_to_d.xml");
    let previous = root.previous("skr-root-2017-q2-0.xml");
    let input = input(request_behind(&real), previous, "pre-publish");
    // A response does not tell the proofs of its request; everything else is judged.
    let findings = check_request(&root.profile, &input, now, 2);
    assert_eq!(named(&findings, Verdict::Fail), ["KSR-BUNDLE-POP"], "{findings:#?}");
    let (job, findings) = root.plan(&input, now);
    assert_good(&findings, &["SKR-SIZE"], "the plan");
    assert_same_octets(&root, &job, &real, now);
    let tags: Vec<u16> = job.response.bundles[1].keys().iter().map(|key| key.dnskey.key_tag()).collect();
    assert!(tags.contains(&19036) && tags.contains(&20326), "{tags:?}");
}

#[test]
fn every_real_response_passes_alone() {
    let Some(root) = Root::new() else { return };
    for (name, now) in [
        ("skr-root-2017-q1-0.xml", "2016-12-01T00:00:00Z"),
        ("skr-root-2017-q2-0.xml", "2017-03-01T00:00:00Z"),
        ("skr-root-2017-q3-0-c_to_d.xml", "2017-06-01T00:00:00Z"),
    ] {
        assert_good(&check_response_alone(&root.profile, &root.response(name), at(now), 2), &[], name);
    }
}

#[test]
fn a_stale_response_of_the_root_is_caught_by_the_chain() {
    let Some(root) = Root::new() else { return };
    let real = root.response("skr-root-2017-q3-0-c_to_d.xml");
    let input = input(request_behind(&real), root.previous("skr-root-2017-q1-0.xml"), "pre-publish");
    let findings = check_request(&root.profile, &input, at("2017-05-01T00:00:00Z"), 2);
    let failed = named(&findings, Verdict::Fail);
    assert_eq!(failed, ["KSR-BUNDLE-POP", "KSR-CHAIN-KEYS", "KSR-CHAIN-OVERLAP"], "{findings:#?}");
}

#[test]
fn the_request_with_the_bad_proof_fails_by_its_proof_alone() {
    let Some(root) = Root::new() else { return };
    let request = root.request("ksr-root-2018-q1-0-d_to_e.BAD-POP.xml");
    let findings =
        check_request(&root.profile, &input(request, Previous::First, "normal"), at("2017-11-01T00:00:00Z"), 2);
    assert_eq!(named(&findings, Verdict::Fail), ["KSR-BUNDLE-POP"], "{findings:#?}");
}

/// A folder with the profile and the real files.
fn place(root: &Root) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("2017.toml"), &root.toml).unwrap();
    for entry in fs::read_dir(&root.folder).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, place.path().join(path.file_name().unwrap())).unwrap();
    }
    place
}

#[test]
fn the_program_says_the_same_of_the_real_files() {
    let Some(root) = Root::new() else { return };
    let place = place(&root);
    for (words, code, failing) in [
        (
            vec!["--now", "2017-03-01T00:00:00Z", "--previous", "skr-root-2017-q1-0.xml", "ksr-root-2017-q2-0.xml"],
            0,
            None,
        ),
        (vec!["--now", "2017-06-01T00:00:00Z", "skr-root-2017-q3-0-c_to_d.xml"], 0, None),
        (
            vec!["--now", "2017-11-01T00:00:00Z", "--first", "ksr-root-2018-q1-0-d_to_e.BAD-POP.xml"],
            1,
            Some("KSR-BUNDLE-POP"),
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_claviger"))
            .args(["check", "--json", "--profile", "2017.toml"])
            .args(&words)
            .current_dir(place.path())
            .output()
            .unwrap();
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = value["findings"].as_array().unwrap();
        let failed: Vec<_> = findings.iter().filter(|finding| finding["verdict"] == "fail").collect();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {failed:#?}");
        assert!(failed.iter().all(|finding| finding["check"].as_str() == failing), "{failed:#?}");
    }
}
