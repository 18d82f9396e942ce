//! The request and response model, and one file per format that reads or writes it.
