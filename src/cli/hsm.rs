//! Opening the token that the profile names.

use crate::profile::{LoginKind, Profile, Sequence};
use crate::steps::TokenFacts;
use crate::token::{Login, Token, TokenConfig, choose, expect_tries};

use super::Env;
use super::error::CliError;
use super::pins::PinArgs;

/// A token that is open; it is closed when this goes.
pub(super) struct OpenToken {
    /// The client.
    pub(super) token: Token,
    /// What the token says of itself.
    pub(super) facts: TokenFacts,
}

/// Starts the token host, chooses the token and logs in, once.
pub(super) fn open(profile: &Profile, pins: &PinArgs, env: &Env) -> Result<OpenToken, CliError> {
    pins.fit(profile)?;
    let (mut token, facts) = chosen(profile, env)?;
    if !matches!(profile.hsm.login, LoginKind::Protected | LoginKind::Preloaded) {
        expect_tries(&facts, pins.final_try())?;
    }
    if let Some(sequence) = &profile.sequence {
        log_in_one_after_another(&mut token, &facts.serial, sequence, pins)?;
        return Ok(OpenToken { token, facts });
    }
    let pin = pins.token_pin(profile, &facts.serial)?;
    let login = match (&pin, profile.hsm.login) {
        (Some(pin), _) => Login::Pin(pin),
        (None, LoginKind::Protected) => Login::Protected,
        (None, _) => Login::Preloaded,
    };
    token.login(&facts.serial, &login)?;
    Ok(OpenToken { token, facts })
}

/// Starts the token host, and chooses the token that the profile names.
pub(super) fn chosen(profile: &Profile, env: &Env) -> Result<(Token, TokenFacts), CliError> {
    let hsm = &profile.hsm;
    let (mut token, _) = Token::start(&TokenConfig::of(hsm, env.hosts.clone()))?;
    let tokens = token.tokens()?;
    let facts = choose(&tokens, hsm.token_serial.as_deref(), hsm.token_label.as_deref())?.clone();
    Ok((token, facts))
}

/// As many officers as are needed, in the order of their PIN files.
fn log_in_one_after_another(
    token: &mut Token,
    serial: &str,
    sequence: &Sequence,
    pins: &PinArgs,
) -> Result<(), CliError> {
    for (index, officer) in pins.officers().take(usize::from(sequence.threshold)).enumerate() {
        let pin = sequence.credential(officer, &pins.pin_of(Some(officer))?);
        let pin =
            pin.ok_or_else(|| CliError::input(format!("the PIN of {officer} is too long")).field("--pin-file"))?;
        token.login(serial, &Login::User { user_type: sequence.user_type, pin: &pin, first: index == 0 })?;
    }
    Ok(())
}
