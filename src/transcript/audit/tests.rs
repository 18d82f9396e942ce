//! Records made without a ceremony, whole and damaged.
