//! What people type into, choose from and look at.

mod choices;
mod pin_field;
mod progress;
pub(crate) mod qr;
mod text_field;

pub(crate) use self::choices::{Choice, Choices};
pub(crate) use self::pin_field::PinField;
pub(crate) use self::progress::progress;
pub(crate) use self::text_field::{TextField, Window};
