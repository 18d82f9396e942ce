//! The other side of the signing rate: a bare loop of C_Sign through the crate `cryptoki`, in a process of its own,
//! since the module finds its token by an environment variable.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;

use claviger::dns::{Algorithm, sha256};

use crate::common::softhsm::SoftHsm;
use crate::stand::Stand;

/// First argument of the process with the loop.
pub(crate) const ROLE: &str = "bare";

/// A bare loop that waits to be asked.
pub(crate) struct Bare {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Bare {
    /// Opens a session on the stand's token.
    pub(crate) fn start(stand: &Stand) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([ROLE, &stand.store.module.display().to_string(), &stand.serial])
            .envs(stand.store.env())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program");
        let orders = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, orders, answers }
    }

    /// How long so many signatures take.
    pub(crate) fn sign(&mut self, label: &str, count: usize, octets: usize) -> Duration {
        writeln!(self.orders, "{label} {count} {octets}").expect("the loop listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the loop answers");
        Duration::from_nanos(answer.trim().parse().expect("nanoseconds"))
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The loop itself: takes lines `LABEL COUNT OCTETS`, answers nanoseconds.
pub(crate) fn serve(module: &str, serial: &str) {
    let pkcs11 = Pkcs11::new(module).expect("the module");
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).expect("C_Initialize");
    let slots = pkcs11.get_slots_with_token().expect("slots").into_iter();
    let slot = slots.into_iter().find(|slot| pkcs11.get_token_info(*slot).expect("a token").serial_number() == serial);
    let session = pkcs11.open_rw_session(slot.expect("the token")).expect("a session");
    session.login(UserType::User, Some(&AuthPin::from(SoftHsm::PIN))).expect("C_Login");
    for line in std::io::stdin().lines() {
        let line = line.expect("a line");
        let words: Vec<&str> = line.split(' ').collect();
        let [label, count, octets] = words.as_slice() else { panic!("not an order: {line}") };
        let time = sign(&session, label, count.parse().expect("a number"), octets.parse().expect("a number"));
        println!("{}", time.as_nanos());
    }
}

fn sign(session: &Session, label: &str, count: usize, octets: usize) -> Duration {
    let key = private_key(session, label);
    let algorithm = crate::stand::algorithm_of(label);
    let mechanism = match algorithm {
        Algorithm::EcdsaP256Sha256 => Mechanism::Ecdsa,
        Algorithm::Ed25519 => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)),
        _ => Mechanism::Sha256RsaPkcs,
    };
    // All that the token does not do itself is done before.
    let data: Vec<Vec<u8>> = (0..count)
        .map(|number| {
            let data = crate::stand::data(number, octets);
            if algorithm == Algorithm::EcdsaP256Sha256 { sha256(&data).as_bytes().to_vec() } else { data }
        })
        .collect();
    let start = Instant::now();
    for data in &data {
        let signature = session.sign(&mechanism, key, data).expect("C_Sign");
        std::hint::black_box(signature);
    }
    start.elapsed()
}

fn private_key(session: &Session, label: &str) -> ObjectHandle {
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Label(label.as_bytes().to_vec())];
    session.find_objects(&template).expect("C_FindObjects")[0]
}
