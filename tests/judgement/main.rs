//! Judgement from end to end: real files, a rollover as resolvers see it, real peers, and signatures beside those of OpenSSL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test may panic, start programs and read its own environment, and shares modules with others"
)]

#[path = "../common/mod.rs"]
mod common;
mod digests;
mod page;
mod peers;
mod preview;
mod quarters;
mod real;
mod resolver;
mod rollover;
mod signatures;

use claviger::policy::Finding;
use claviger::steps::Verdict;

/// The checks with this verdict, each once.
fn named(findings: &[Finding], verdict: Verdict) -> Vec<&str> {
    let these = findings.iter().filter(|finding| finding.verdict == verdict);
    let mut names: Vec<&str> = these.map(|finding| finding.check.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Asserts that nothing fails and that these checks alone warn.
fn assert_good(findings: &[Finding], warnings: &[&str], what: &str) {
    let bad: Vec<String> =
        findings.iter().filter(|finding| finding.verdict == Verdict::Fail).map(ToString::to_string).collect();
    assert!(bad.is_empty(), "{what}: {bad:#?}");
    assert_eq!(named(findings, Verdict::Warn), warnings, "{what}");
}
