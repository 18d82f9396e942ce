//! From `cryptoki`'s errors to ours; its own texts are pages of the specification.

use cryptoki::error::{Error, RvError};

use super::TokenError;

/// Turns an error into ours, naming what was `during`.
pub(super) fn during(during: &'static str) -> impl Fn(Error) -> TokenError {
    move |error| match error {
        Error::Pkcs11(code, _) => of_code(during, code),
        other => TokenError::Pkcs11 {
            during: during.to_owned(),
            code: "something that cannot be read".to_owned(),
            text: other.to_string(),
        },
    }
}

/// Why a module could not be loaded or initialized.
pub(super) fn of_module(path: &str, error: Error) -> TokenError {
    let reason = match error {
        Error::LibraryLoading(error) => error.to_string(),
        Error::Pkcs11(code, _) => format!("it answered {}: {}", name(code), text(code)),
        other => other.to_string(),
    };
    TokenError::Module { path: path.to_owned(), reason }
}

fn of_code(during: &str, code: RvError) -> TokenError {
    match code {
        RvError::DeviceRemoved
        | RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::SessionClosed
        | RvError::SessionHandleInvalid => TokenError::TokenGone { code: name(code) },
        RvError::PinLenRange | RvError::PinInvalid => {
            TokenError::PinUnfit { during: during.to_owned(), code: name(code) }
        }
        code => TokenError::Pkcs11 { during: during.to_owned(), code: name(code), text: text(code).to_owned() },
    }
}

/// The name in the specification: `CKR_PIN_INCORRECT`. The crate's variants are these names in camel case.
fn name(code: RvError) -> String {
    if let RvError::VendorDefined(value) | RvError::UnknownErrorCode(value) = code {
        return format!("{value:#010X}");
    }
    let mut name = String::from("CKR");
    for sign in format!("{code:?}").chars() {
        if sign.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(sign.to_ascii_uppercase());
    }
    name
}

fn text(code: RvError) -> &'static str {
    match code {
        RvError::HostMemory | RvError::DeviceMemory => "out of memory",
        RvError::GeneralError => {
            "the module cannot go on; see its log, and whether `writable` in the profile names its files"
        }
        RvError::FunctionFailed => "the function failed, without a reason given; see the module's log",
        RvError::FunctionCanceled => "it was cancelled at the device",
        RvError::FunctionNotSupported => "the module has no such function",
        RvError::FunctionRejected => "it was rejected at the device",
        RvError::DeviceError => "the device reports a fault",
        RvError::TokenWriteProtected | RvError::SessionReadOnly => "the token is write protected",
        RvError::PinExpired => "the PIN has expired",
        RvError::UserPinNotInitialized => "no user PIN has been set on this token",
        RvError::UserAlreadyLoggedIn | RvError::UserAnotherAlreadyLoggedIn => "somebody is logged in already",
        RvError::UserNotLoggedIn => "nobody is logged in",
        RvError::KeyFunctionNotPermitted => "the key may not be used for this",
        RvError::KeyHandleInvalid | RvError::ObjectHandleInvalid => "the key is no longer there",
        RvError::KeySizeRange => "the token does not take keys of this size",
        RvError::KeyTypeInconsistent => "the key is of another type",
        RvError::MechanismInvalid => "the token does not offer this mechanism",
        RvError::MechanismParamInvalid | RvError::DomainParamsInvalid | RvError::CurveNotSupported => {
            "the token does not take this curve or these parameters"
        }
        RvError::AttributeValueInvalid
        | RvError::AttributeTypeInvalid
        | RvError::TemplateInconsistent
        | RvError::TemplateIncomplete => "the token does not take these attributes",
        RvError::DataLenRange | RvError::DataInvalid => "the token does not take data of this length",
        RvError::SessionCount => "the token has no session left",
        RvError::CantLock => "the module cannot lock for several threads",
        _ => "see the PKCS#11 specification",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_codes_as_the_specification_does() {
        assert_eq!(name(RvError::PinIncorrect), "CKR_PIN_INCORRECT");
        assert_eq!(name(RvError::UserPinNotInitialized), "CKR_USER_PIN_NOT_INITIALIZED");
        assert_eq!(name(RvError::VendorDefined(0x8000_0001)), "0x80000001");
    }

    #[test]
    fn a_pin_that_cannot_be_one_is_no_fault_of_the_token() {
        for (code, name) in [(RvError::PinLenRange, "CKR_PIN_LEN_RANGE"), (RvError::PinInvalid, "CKR_PIN_INVALID")] {
            let error = of_code("logging in", code);
            assert!(matches!(&error, TokenError::PinUnfit { code, .. } if code == name), "{error:?}");
        }
    }

    #[test]
    fn a_removed_token_is_gone() {
        assert!(matches!(of_code("signing", RvError::DeviceRemoved), TokenError::TokenGone { .. }));
        assert_eq!(
            of_code("signing", RvError::DeviceError).to_string(),
            "signing: the token answered CKR_DEVICE_ERROR: the device reports a fault"
        );
    }
}
