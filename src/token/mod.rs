//! PKCS#11: host process and client, keys, signing; the only user of `cryptoki`.
