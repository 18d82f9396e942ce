//! What can be wrong with a ceremony's inputs, one fault at a time, and the check that names it.

mod chain;
mod limits;
mod plans;
mod requests;
mod responses;

pub(super) use self::plans::other_algorithm;
use super::*;

/// Its name, the check, and how it comes about.
pub(super) type Variant = (&'static str, Check, fn() -> Case);

const P256: SignatureAlgorithm =
    SignatureAlgorithm { algorithm: AlgorithmNumber(13), parameters: KeyParameters::Ecdsa { size: 256 } };
const RSA: fn(u32, u64) -> SignatureAlgorithm = |size, exponent| SignatureAlgorithm {
    algorithm: AlgorithmNumber(8),
    parameters: KeyParameters::Rsa { size, exponent },
};

/// All of them.
pub(super) fn all() -> Vec<Variant> {
    [requests::all(), limits::all(), chain::all(), plans::all(), responses::all()].concat()
}
