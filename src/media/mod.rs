//! Volumes, bounded reading, crash-safe writing.
