//! `docs/checks.md` is what the program says of its checks.

use std::fmt::Write as _;

use claviger::policy::Check;

const BEGIN: &str = "<!-- The tables below are made from the program; a test compares them. -->\n";

fn tables() -> String {
    let mut page = String::new();
    let stages = [
        ("A request", Check::REQUEST, "Before anything else, on the request, the profile and the previous response."),
        ("A plan", Check::PLAN, "Before people confirm, on exactly what would be signed."),
        ("A response", Check::RESPONSE, "On what was signed, and again on what was read back from the medium."),
    ];
    for (title, checks, when) in stages {
        write!(page, "\n## {title}\n\n{when}\n\n| check | what it demands |\n|---|---|\n").unwrap();
        for check in checks {
            writeln!(page, "| `{}` | {} |", check.name(), check.meaning()).unwrap();
        }
    }
    page
}

#[test]
fn the_page_of_checks_lists_all_of_them() {
    let page = include_str!("../../docs/checks.md");
    let (_, found) = page.split_once(BEGIN).expect("the line before the tables");
    let expected = tables();
    assert_eq!(found, expected, "docs/checks.md is to have, below its comment:\n{expected}");
}
