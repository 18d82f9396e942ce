//! Claviger, the bearer of the keys: witnessed DNSSEC key signing ceremonies.
//!
//! Five floors; a room uses only rooms on its own floor and below, without circles (`tests/house.rs` proves it).
//!
//! | floor | rooms |
//! |---|---|
//! | faces: what people and the machine see | [`cli`], [`tui`], [`appliance`] |
//! | acts: what changes the world | [`ceremony`], [`crew`], [`token`], [`media`], [`process`] |
//! | record: what is remembered | [`transcript`], [`paper`] |
//! | judgement: pure decisions | [`profile`], [`plan`], [`policy`], [`quorum`] |
//! | facts: pure data | [`exchange`], [`dns`], [`steps`], [`render`] |
//!
//! The way of the data, straight through:
//!
//! ```text
//! bytes on a medium -> exchange::read -> Request -> policy::check_request -> plan::build -> policy::check_plan
//!   -> Admitted(Plan) -> [confirmed by people] -> token (opened by quorum) -> Response -> policy::check_response
//!   -> exchange::write -> media::write -> read back;   every arrow appends to transcript -> seal -> media
//! ```

pub mod appliance;
pub mod ceremony;
pub mod cli;
pub mod crew;
pub mod dns;
pub mod exchange;
pub mod media;
pub mod paper;
pub mod plan;
pub mod policy;
pub mod process;
pub mod profile;
pub mod quorum;
pub mod render;
pub mod steps;
pub mod token;
pub mod transcript;
pub mod tui;
