//! Counts of octets for people.

/// Octets in decimal units, as media are sold: `512 B`, `1.4 MB`.
#[must_use]
pub fn octets(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{}.{} kB", count / 1_000, count / 100 % 10),
        1_000_000..1_000_000_000 => format!("{}.{} MB", count / 1_000_000, count / 100_000 % 10),
        _ => format!("{}.{} GB", count / 1_000_000_000, count / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_on_the_label_of_a_medium() {
        let cases = [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (1_457_664, "1.4 MB"), (32_010_928_128, "32.0 GB")];
        for (count, text) in cases {
            assert_eq!(octets(count), text);
        }
    }
}
