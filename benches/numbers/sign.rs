//! `sign` as a process: a request of the root zone's kind, and requests with a thousand bundles.

use claviger::exchange::Format;

use crate::bare::Bare;
use crate::common::peers::Algorithm;
use crate::peers;
use crate::stand::{NOW, Stand, signing_time};
use crate::table::{Table, fastest_ratio, means, median, median_ratio, ms, rate};

const ROOT_RUNS: usize = 20;
/// Of a thousand bundles: where signing takes a third of a second, single runs say little.
const RUNS: [(&str, Algorithm, usize); 2] = [("p256", Algorithm::P256, 41), ("rsa2048", Algorithm::Rsa2048, 9)];
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
    for (kind, algorithm, runs) in RUNS {
        thousand(table, &stand, &mut bare, kind, runs);
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

/// The time to sign against that of as many signatures of a bare loop on the same token, in turns.
fn thousand(table: &mut Table, stand: &Stand, bare: &mut Bare, kind: &str, runs: usize) {
    let name = format!("daily-{kind}");
    stand.daily(&name, kind, Format::Bind, BUNDLES);
    let (mut whole, mut signing) = (Vec::new(), Vec::new());
    let mut alone = |count| bare.sign(&format!("ksk-{kind}"), count, OCTETS);
    let mut bares = vec![alone(SIGNATURES)];
    for run in 0..runs {
        let out = stand.medium(&format!("{name}-{run}"));
        whole.push(stand.sign(&name, &format!("{name}.ksr"), &out));
        let (count, time) = signing_time(&Stand::signed(&out).0);
        assert_eq!(count, SIGNATURES, "what the loops beside it make");
        signing.push(time);
        bares.push(alone(SIGNATURES));
    }
    let loops = means(&bares, &bares[1..]);
    let (signing_ratio, whole_ratio) = (median_ratio(&signing, &loops), median_ratio(&whole, &loops));
    let fastest = fastest_ratio(&signing, &bares);
    let what = format!("{kind}, {BUNDLES} bundles, {SIGNATURES} signatures");
    let (whole, rate) = (ms(median(whole)), rate(SIGNATURES, median(loops)));
    table.note(&format!("{what}: sign, whole process; token's own rate"), format!("{whole:.0} ms; {rate:.0}/s"));
    table.at_most(&format!("{what}: signing over bare loop (median of {runs})"), signing_ratio, 1.05, "");
    table.note(&format!("{what}: the same, fastest over fastest"), format!("{fastest:.3}"));
    table.note(&format!("{what}: whole process over bare loop"), format!("{whole_ratio:.3}"));
}
