//! Signing: through crew and token host with every signature verified, against a bare loop on the same token.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use claviger::ceremony::{Effect, KeyWanted, Login, SignItem, Work};
use claviger::crew::{Crew, CrewConfig};
use claviger::media::FolderVolumes;
use claviger::process::Starter;

use crate::bare::Bare;
use crate::stand::{KSKS, PROGRAM, Stand, algorithm_of, data, pin};
use crate::table::{Table, in_turns, median, rate};

const ROUNDS: usize = 10;
/// Octets of a typical DNSKEY RRset with its RRSIG.
const OCTETS: usize = 500;

pub(crate) fn measure(table: &mut Table) {
    let stand = Stand::new();
    let mut bare = Bare::start(&stand);
    let (crew, work) = open(&stand);
    for (index, label) in KSKS.iter().enumerate() {
        let count = if algorithm_of(label).is_rsa() { 512 } else { 4096 };
        let whole = || {
            let dnskey = &stand.keys[*label].dnskey;
            let item = |number| SignItem { key: index, dnskey: dnskey.clone(), data: data(number, OCTETS) };
            sign(&crew, &work, (0..count).map(item).collect())
        };
        let (whole, bare) = in_turns(ROUNDS, whole, || bare.sign(label, count, OCTETS));
        let ratios = whole.iter().zip(&bare).map(|(whole, bare)| bare.as_secs_f64() / whole.as_secs_f64());
        let mut ratios: Vec<f64> = ratios.collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let (whole, bare) = (rate(count, median(whole)), rate(count, median(bare)));
        table.note(&format!("{label}: signatures a second, bare loop and whole path"), format!("{bare:.0} {whole:.0}"));
        let what = format!("{label}: whole path over bare loop (median of {ROUNDS} rounds)");
        table.at_least(&what, ratios[ratios.len() / 2], 0.95);
    }
    crew.carry_out(vec![Effect::CloseToken]);
}

/// A crew whose token is open, with the keys found.
fn open(stand: &Stand) -> (Crew, Receiver<Work>) {
    let (sender, work) = mpsc::channel();
    let config = CrewConfig {
        hosts: Starter::Program(PROGRAM.into()),
        name: "claviger bench".to_owned(),
        volumes: Box::new(FolderVolumes::new(Vec::new(), None)),
        spool: None,
        threads: 1,
    };
    let crew = Crew::start(config, Arc::new(move |work| drop(sender.send(work)))).expect("threads");
    let keys =
        KSKS.iter().map(|label| KeyWanted { label: (*label).to_owned(), cka_id: None, algorithm: algorithm_of(label) });
    crew.carry_out(vec![
        Effect::StartToken(Box::new(stand.hsm())),
        Effect::Login { serial: stand.serial.clone(), login: Login::Pin(pin()) },
        Effect::FindKeys(keys.collect()),
    ]);
    loop {
        match work.recv().expect("the crew works") {
            Work::KeysFound(found) => {
                assert!(found.expect("keys").iter().all(Result::is_ok), "every key is found");
                return (crew, work);
            }
            Work::TokenStarted(Err(error)) => panic!("{error}"),
            Work::LoggedIn(Err(failed)) => panic!("{}", failed.error),
            _ => {}
        }
    }
}

fn sign(crew: &Crew, work: &Receiver<Work>, items: Vec<SignItem>) -> Duration {
    let count = items.len();
    let start = Instant::now();
    crew.carry_out(vec![Effect::Sign(items)]);
    loop {
        if let Work::Signed { signatures, fault } = work.recv().expect("the crew works") {
            let time = start.elapsed();
            assert_eq!((signatures.len(), fault), (count, None));
            return time;
        }
    }
}
