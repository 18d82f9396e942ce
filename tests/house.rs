//! The shape of the house: which room may use which, where foreign crates live, how long a file is, and which
//! dependencies are let in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic, and asks cargo"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The floors, the lowest first, with their rooms. A room uses any room of a lower floor.
const FLOORS: [(&str, &[&str]); 5] = [
    ("facts", &["dns", "exchange", "render", "steps"]),
    ("judgement", &["plan", "policy", "profile", "quorum"]),
    ("record", &["paper", "transcript"]),
    ("acts", &["ceremony", "crew", "media", "process", "token"]),
    ("faces", &["appliance", "cli", "tui"]),
];

/// Which rooms of its own floor a room may use.
const WITHIN: [(&str, &[&str]); 12] = [
    ("exchange", &["dns"]),
    ("render", &["dns"]),
    ("steps", &["dns"]),
    ("plan", &["profile"]),
    ("policy", &["plan", "profile"]),
    ("paper", &["transcript"]),
    ("token", &["process"]),
    ("media", &["process"]),
    ("ceremony", &["media", "process", "token"]),
    ("crew", &["ceremony", "media", "process", "token"]),
    ("cli", &["tui"]),
    ("appliance", &["tui"]),
];

/// Edges that the floors would allow and the design does not: a token knows login as data and no shares.
const NEVER: [(&str, &str); 1] = [("token", "quorum")];

/// Lines that a file may have.
const LINES: usize = 800;

#[test]
fn a_room_uses_only_what_the_design_allows() {
    let mut wrong = Vec::new();
    for file in files("src") {
        let Some(room) = room_of(&file) else { continue };
        for (line, used) in rooms_used(&code_of(&file)) {
            if used != room && !allowed(&room, &used) {
                wrong.push(format!("{}:{line}: `{room}` may not use `{used}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "edges that the design does not allow:\n{}", wrong.join("\n"));
}

#[test]
fn what_the_design_allows_has_no_circles() {
    // Take away, again and again, every room that uses none of those left; with a circle some stay.
    let mut left: BTreeSet<&str> = all_rooms().collect();
    loop {
        let done: Vec<_> = left
            .iter()
            .copied()
            .filter(|room| !left.iter().any(|other| other != room && allowed(room, other)))
            .collect();
        if done.is_empty() {
            break;
        }
        left.retain(|room| !done.contains(room));
    }
    assert!(left.is_empty(), "rooms in a circle: {left:?}");
}

#[test]
fn every_folder_of_src_is_a_room_with_a_floor() {
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let room = name.trim_end_matches(".rs");
        assert!(
            ["main", "lib"].contains(&room) || all_rooms().any(|known| known == room),
            "src/{name} stands on no floor"
        );
    }
}

#[test]
fn a_foreign_crate_is_used_in_its_own_room_alone() {
    let mut wrong = Vec::new();
    for file in files("src") {
        let room = room_of(&file).unwrap_or_else(|| "main".to_owned());
        let code = code_of(&file);
        for (name, home) in [("domain", "dns"), ("cryptoki", "token")] {
            if room != home && uses_crate(&code, name) {
                wrong.push(format!("{}: only `{home}` uses the crate `{name}`", file.display()));
            }
        }
        for (text, home) in [("process::Command", "process"), ("Command::new", "process"), ("seccompiler::", "process")]
        {
            // `clap` has a Command as well; it is built by derive, never by name.
            if room != home && code.contains(text) {
                wrong.push(format!("{}: only `{home}` uses `{text}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_and_is_short() {
    let mut wrong = Vec::new();
    for file in ["src", "tests", "benches"].into_iter().flat_map(files) {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        if !text.starts_with("//! ") {
            wrong.push(format!("{}: the first line is no `//!` sentence", file.display()));
        }
        let lines = text.lines().count();
        if lines > LINES {
            wrong.push(format!("{}: {lines} lines, more than {LINES}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_manifest_forbids_unsafe_code_and_panics() {
    let manifest = toml("Cargo.toml");
    let lint = |tool: &str, name: &str| manifest["lints"][tool][name].as_str().map(str::to_owned);
    assert_eq!(lint("rust", "unsafe_code").as_deref(), Some("forbid"));
    for name in ["unwrap_used", "expect_used", "panic", "indexing_slicing", "todo", "disallowed_methods"] {
        assert_eq!(lint("clippy", name).as_deref(), Some("deny"), "clippy::{name}");
    }
}

#[test]
fn every_allowed_lint_has_a_reason() {
    let mut wrong = Vec::new();
    for file in files("src") {
        let code = code_of(&file);
        for start in ["#[allow(", "#![allow(", "#[expect(", "#![expect("] {
            for (at, _) in code.match_indices(start) {
                let end = code[at..].find(")]").map_or(code.len(), |length| at + length);
                if !code[at..end].contains("reason") {
                    wrong.push(format!("{}:{}: {start}…)] without a reason", file.display(), line_at(&code, at)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `cargo deny check licenses bans sources` says more; this runs where it is not installed, with the same lists.
#[test]
fn dependencies_are_those_that_deny_toml_lets_in() {
    let deny = toml("deny.toml");
    let strings = |table: &str, key: &str| -> BTreeSet<String> {
        let list = deny[table][key].as_array().unwrap();
        list.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
    };
    let licences = strings("licenses", "allow");
    let registries = strings("sources", "allow-registry");
    let twice: BTreeSet<_> = deny["bans"]["skip"]
        .as_array()
        .unwrap()
        .iter()
        .map(|skip| skip["crate"].as_str().unwrap().to_owned())
        .collect();

    let mut wrong = Vec::new();
    let mut versions = BTreeMap::<String, Vec<String>>::new();
    for package in packages() {
        let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
        let (name, version, licence) = (text("name"), text("version"), text("license"));
        if !licence_passes(&licence, &licences) {
            wrong.push(format!("{name} {version}: licence `{licence}` is not let in"));
        }
        let source = text("source");
        if name != "claviger" && !registries.contains(source.trim_start_matches("registry+")) {
            wrong.push(format!("{name} {version}: source `{source}` is not let in"));
        }
        versions.entry(name).or_default().push(version);
    }
    let mut doubles = BTreeSet::new();
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        let named: Vec<_> = versions.iter().map(|version| format!("{name}@{version}")).collect();
        if named.iter().filter(|package| !twice.contains(*package)).count() > 1 {
            wrong.push(format!("two versions, and deny.toml skips none of them: {}", named.join(", ")));
        }
        doubles.extend(named);
    }
    for stale in twice.difference(&doubles) {
        wrong.push(format!("deny.toml skips {stale}, which is no longer there twice"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A clone without a network can build what it has fetched for the program itself, and nothing else.
#[test]
fn the_module_of_the_tests_needs_nothing_that_the_program_does_not() {
    let packages = |path: &str| -> Vec<(String, String)> {
        let lock = toml(path);
        let text = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
        let all = lock["package"].as_array().unwrap().iter();
        all.filter(|package| package.get("source").is_some())
            .map(|package| (text(package, "name"), text(package, "version")))
            .collect()
    };
    let known = packages("Cargo.lock");
    let needed = packages("tests/faults/Cargo.lock");
    let missing: Vec<_> = needed.iter().filter(|package| !known.contains(package)).collect();
    assert!(!needed.is_empty() && missing.is_empty(), "not in Cargo.lock: {missing:?}");
}

#[test]
fn the_parser_of_this_test_sees_every_form_of_use() {
    let code = "use crate::dns::Name;\nuse crate::{exchange::Request, plan::{Plan, profile}, steps};\n\
                fn f() { crate::media::x(); }\nuse super::super::token::T;\nuse super::frame;\n";
    let found: Vec<_> = rooms_used(code).into_iter().map(|(line, room)| format!("{line} {room}")).collect();
    assert_eq!(found, ["1 dns", "2 exchange", "2 plan", "2 steps", "3 media", "4 token"]);

    assert!(uses_crate("use domain::base::Name;", "domain") && uses_crate("::domain::x()", "domain"));
    assert!(!uses_crate("self::domain::x(); my_domain::y();", "domain"));
}

#[test]
fn the_licence_parser_knows_or_and_with_and_parentheses() {
    let allow: BTreeSet<_> = ["MIT", "Apache-2.0"].map(str::to_owned).into();
    for good in ["MIT", "MIT/GPL-2.0", "GPL-2.0 OR MIT", "(GPL-2.0 OR MIT) AND Apache-2.0"] {
        assert!(licence_passes(good, &allow), "{good}");
    }
    for bad in ["", "GPL-2.0", "MIT AND GPL-2.0", "Apache-2.0 WITH LLVM-exception", "(MIT OR GPL-2.0) AND GPL-2.0"] {
        assert!(!licence_passes(bad, &allow), "{bad}");
    }
}

fn all_rooms() -> impl Iterator<Item = &'static str> {
    FLOORS.iter().flat_map(|(_, rooms)| rooms.iter().copied())
}

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|(_, rooms)| rooms.contains(&room))
}

fn allowed(room: &str, used: &str) -> bool {
    let (Some(own), Some(other)) = (floor_of(room), floor_of(used)) else { return false };
    let within = WITHIN.iter().any(|(name, rooms)| *name == room && rooms.contains(&used));
    (other < own || within) && !NEVER.contains(&(room, used))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every `.rs` file below a folder of the repository, relative to it.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(root().join(&folder)) else { continue };
        for entry in entries {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The room that a file of `src` belongs to; none for `main.rs` and `lib.rs`.
fn room_of(file: &Path) -> Option<String> {
    let room = file.iter().nth(1)?.to_str()?.trim_end_matches(".rs").to_owned();
    (!["main", "lib"].contains(&room.as_str())).then_some(room)
}

/// The file without line comments, its lines kept.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(root().join(file)).unwrap();
    text.lines().map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n").collect()
}

fn line_at(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

/// The rooms that stand after `crate::`, or after enough `super::`, with their lines.
fn rooms_used(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for start in ["crate::", "super::super::"] {
        for (at, _) in code.match_indices(start) {
            let rest = &code[at + start.len()..];
            let names = if rest.starts_with('{') { names_of_group(rest) } else { vec![first_name(rest)] };
            for name in names {
                if all_rooms().any(|room| room == name) {
                    found.push((line_at(code, at), name));
                }
            }
        }
    }
    found.sort();
    found
}

fn first_name(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first name of each entry of `{a::x, b::{c, d}, e}`: a, b and e.
fn names_of_group(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && matches!(c, '{' | ',') {
            names.push(first_name(&group[at + 1..]));
        }
    }
    names
}

/// Whether a path begins with the crate's name: `name::` or `::name::`, but not `other::name::`.
fn uses_crate(code: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = &code[..at];
        match before.strip_suffix("::") {
            Some(earlier) => !earlier.ends_with(word),
            None => !before.ends_with(word),
        }
    })
}

fn toml(path: &str) -> toml::Table {
    fs::read_to_string(root().join(path)).unwrap().parse().unwrap()
}

/// Every package that a build for this machine uses, as `cargo metadata` has it.
fn packages() -> Vec<serde_json::Value> {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", &target])
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let serde_json::Value::Array(packages) = metadata["packages"].take() else { panic!("no packages") };
    packages
}

/// Whether an SPDX expression can be met with the licences let in. `/` is the old way to write OR.
fn licence_passes(expression: &str, allow: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    !words.is_empty() && any_of(&mut rest, allow) && rest.is_empty()
}

/// `expression = term *("OR" term)`; reads as far as it goes.
fn any_of(words: &mut &[&str], allow: &BTreeSet<String>) -> bool {
    let mut passes = all_of(words, allow);
    while let Some(rest) = words.strip_prefix(&["OR"]) {
        *words = rest;
        passes |= all_of(words, allow);
    }
    passes
}

/// `term = licence *("AND" licence)`.
fn all_of(words: &mut &[&str], allow: &BTreeSet<String>) -> bool {
    let mut passes = one_of(words, allow);
    while let Some(rest) = words.strip_prefix(&["AND"]) {
        *words = rest;
        passes &= one_of(words, allow);
    }
    passes
}

/// `licence = "(" expression ")" / name ["WITH" exception]`.
fn one_of(words: &mut &[&str], allow: &BTreeSet<String>) -> bool {
    let Some((first, rest)) = words.split_first() else { return false };
    *words = rest;
    if *first == "(" {
        let passes = any_of(words, allow);
        let Some(rest) = words.strip_prefix(&[")"]) else { return false };
        *words = rest;
        return passes;
    }
    let mut name = (*first).to_owned();
    if let [with @ "WITH", exception, rest @ ..] = *words {
        name = format!("{name} {with} {exception}");
        *words = rest;
    }
    allow.contains(&name)
}
