//! `sign` as a process: a request of the root zone's kind, and requests with a thousand bundles.

use std::fs;
use std::path::Path;

use claviger::exchange::{Format, Limits, read_response};

use crate::bare::Bare;
use crate::common::peers::Algorithm;
use crate::gate::Gate;
use crate::pair::Pair;
use crate::peers;
use crate::read::{Signed, signatures};
use crate::stand::{NOW, Stand, signing_time};
use crate::table::{Table, median, ms, rate};

const ROOT_RUNS: usize = 20;
/// Rounds with a thousand bundles; where signing takes a quarter of a second, few say little.
const ROUNDS: [(&str, Algorithm, usize); 2] = [("p256", Algorithm::P256, 20), ("rsa2048", Algorithm::Rsa2048, 7)];
/// Runs without anything beside them.
const WHOLE: usize = 5;
const BUNDLES: usize = 1000;
/// Of DNSKEY, CDS and CDNSKEY of each bundle.
const SIGNATURES: usize = 3000;
/// Octets of what is signed in these requests, on average.
const OCTETS: usize = 250;

pub(crate) fn measure(table: &mut Table) {
    let mut stand = Stand::new();
    stand.root();
    let what = "root KSR, 9 bundles, RSA-2048: sign, whole process";
    let times = (0..ROOT_RUNS).map(|run| stand.sign("root", "ksr.xml", &stand.medium(&format!("root-{run}"))));
    table.note(&format!("{what}, media in RAM"), format!("{:.1} ms", ms(median(times.collect()))));
    let times = (0..ROOT_RUNS).map(|run| stand.sign("root", "ksr.xml", &stand.path(&format!("root-{run}"))));
    table.note(&format!("{what}, media on disk"), format!("{:.1} ms", ms(median(times.collect()))));
    println!("  (run the root zone's own signer on the same machine beside it: ours should be 10 times as fast)");
    let words = ["check", "--profile", "root.toml", "--first", "--now", NOW, "--plan", "ksr.xml"];
    let times = (0..ROOT_RUNS).map(|_| stand.claviger(&words).1);
    table.at_most("the same: check, whole process", ms(median(times.collect())), 20.0, " ms");

    let mut bare = Bare::start(&stand);
    for (kind, algorithm, rounds) in ROUNDS {
        thousand(table, &stand, &mut bare, kind, rounds);
        let (bind, _) = stand.daily("bind", kind, Format::Bind, BUNDLES);
        let (knot, _) = stand.daily("knot", kind, Format::Knot, BUNDLES);
        for (name, signed) in [
            ("dnssec-ksr sign", peers::bind(algorithm, &bind, BUNDLES)),
            ("keymgr sign-ksr", peers::knot(algorithm, &knot)),
        ] {
            let found = match signed {
                Ok((count, time)) => format!("{} in {:.0} ms", count, ms(time)),
                Err(reason) => {
                    println!("  {reason}");
                    "not here".to_owned()
                }
            };
            table.note(&format!("{kind}: beside it {name} with keys in files: signatures"), found);
        }
    }
}

/// The time to sign against that of as many signatures of a bare loop on the same token.
fn thousand(table: &mut Table, stand: &Stand, bare: &mut Bare, kind: &str, rounds: usize) {
    let name = format!("daily-{kind}");
    stand.daily(&name, kind, Format::Bind, BUNDLES);
    let ksr = format!("{name}.ksr");
    let out = |run: &str| stand.medium(&format!("{name}-{run}"));
    let whole = median((0..WHOLE).map(|run| stand.sign(&name, &ksr, &out(&format!("whole-{run}")))).collect());
    let signed = signed_in(&Stand::signed(&out("whole-0")).1);
    let gate = Gate::before(stand, &name);
    let label = format!("ksk-{kind}");
    let mut pair = Pair { bare, label: &label, count: SIGNATURES, octets: OCTETS, signed: &signed };
    let mut count = 0;
    let rounds = pair.rounds(
        rounds,
        || {
            count += 1;
            let out = out(&count.to_string());
            (gate.start(stand, &name, &ksr, &out), out)
        },
        |(waiting, _)| waiting.sign(),
        |(waiting, out)| {
            waiting.end();
            let (count, time) = signing_time(&Stand::signed(&out).0);
            assert_eq!(count, SIGNATURES, "what the loops beside it make");
            time
        },
    );
    let what = format!("{kind}, {BUNDLES} bundles, {SIGNATURES} signatures");
    let alone = median(rounds.loops.clone());
    let found = format!("{:.0} ms; {:.0}/s", ms(whole), rate(SIGNATURES, alone));
    table.note(&format!("{what}: sign, whole process; token's own rate"), found);
    let ratio = whole.as_secs_f64() / alone.as_secs_f64();
    table.note(&format!("{what}: whole process over bare loop"), format!("{ratio:.3}"));
    table.at_most(&format!("{what}: signing over bare loop (median)"), rounds.ratio(), 1.05, "");
    table.note(&format!("{what}: the same of rounds with two cores; their number"), rounds.with_two_cores());
}

fn signed_in(response: &Path) -> Vec<Signed> {
    let octets = fs::read(response).expect("a response");
    signatures(&read_response(&octets, &Limits { document_bytes: 64 << 20 }).expect("a response"))
}
