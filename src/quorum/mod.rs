//! Shares: from bytes to a PIN and back.
