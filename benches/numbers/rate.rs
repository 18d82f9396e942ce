//! Signing: through crew and token host with every signature verified, against a bare loop on the same token.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use claviger::ceremony::{Effect, KeyWanted, Login, SignItem, SignKey, ToSign, Work};
use claviger::crew::{Crew, CrewConfig};
use claviger::exchange::Format;
use claviger::media::FolderVolumes;
use claviger::process::Starter;

use crate::bare::Bare;
use crate::pair::Pair;
use crate::read::{Signed, admitted, cores, verify_all};
use crate::stand::{KSKS, PROGRAM, Stand, algorithm_of, pin};
use crate::table::{Side, Table, in_turns, median, median_ratio, rate};

const ROUNDS: usize = 20;
/// Of the request whose signatures are made, again and again.
const BUNDLES: usize = 100;

pub(crate) fn measure(table: &mut Table) {
    let mut stand = Stand::new();
    let mut bare = Bare::start(&stand);
    let (crew, work) = open(&stand);
    for (index, label) in KSKS.iter().enumerate() {
        let key = stand.keys[*label].clone();
        let count = if algorithm_of(label).is_rsa() { 256 } else { 2048 };
        let (request, profile) = stand.daily(&format!("rate-{index}"), &label["ksk-".len()..], Format::Bind, BUNDLES);
        let plan = Arc::new(admitted(&profile, &request));
        let tasks = plan.plan().tasks().cycle().take(count);
        let items: Vec<SignItem> = tasks.map(|task| SignItem { key: 0, task }).collect();
        let keys = vec![SignKey { wanted: index, dnskey: key.dnskey.clone() }];
        let batch = ToSign { plan, keys, items };
        let signatures = sign(&crew, &work, batch.clone()).0.into_iter();
        let of = |item: &SignItem| (key.dnskey.clone(), batch.data(*item).expect("a signature of the plan"));
        let signed = signatures.zip(batch.items.iter().map(of)).map(|(made, (key, data))| (key, data, made));
        let signed: Vec<Signed> = signed.collect();
        let octets = signed.iter().map(|(_, data, _)| data.len()).sum::<usize>() / count;
        let mut pair = Pair { bare: &mut bare, label, count, octets, signed: &signed };
        let rounds =
            pair.rounds(ROUNDS, || Duration::ZERO, |time| *time = sign(&crew, &work, batch.clone()).1, |time| time);
        let rates = [&rounds.loops, &rounds.times].map(|times| format!("{:.0}", rate(count, median(times.clone()))));
        table.note(&format!("{label}: signatures a second, bare loop and whole path"), rates.join(" "));
        let sides: [Side<'_>; 3] =
            [&mut || bare.sign(label, count, octets), &mut || stand.sign_unverified(label, count, octets), &mut || {
                verify_all(&signed, 1)
            }];
        let [alone, host, verifying] = in_turns(ROUNDS, sides);
        let what = format!("{label}: token host without verifying over bare loop");
        table.note(&what, format!("{:.3}", median_ratio(&alone, &host)));
        let what = format!("{label}: verifying on one core over bare loop");
        table.note(&what, format!("{:.3}", median_ratio(&alone, &verifying)));
        let what = format!("{label}: whole path over bare loop (median)");
        table.at_least(&what, rounds.ratio().recip(), 0.95);
        let what = format!("{label}: time of the whole path by the loop's, rounds with two cores; their number");
        table.note(&what, rounds.with_two_cores());
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
        threads: cores(),
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

fn sign(crew: &Crew, work: &Receiver<Work>, batch: ToSign) -> (Vec<Vec<u8>>, Duration) {
    let count = batch.items.len();
    let start = Instant::now();
    crew.carry_out(vec![Effect::Sign(batch)]);
    loop {
        if let Work::Signed { signatures, fault } = work.recv().expect("the crew works") {
            let time = start.elapsed();
            assert_eq!((signatures.len(), fault), (count, None));
            return (signatures, time);
        }
    }
}
