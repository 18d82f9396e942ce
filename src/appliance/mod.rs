//! The image's own code: PID 1 and the broker's server side.

mod broker;
mod devices;
mod door;
mod fat;
mod user;
