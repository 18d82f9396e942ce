//! Requests and a policy become an ordered list of typed actions.
