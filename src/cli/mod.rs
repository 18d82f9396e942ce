//! The commands: one file each; they print and decide nothing.
//!
//! A command fills a [`Report`] as it learns things and ends with [`Done`] or a [`CliError`]; printing and exit codes
//! are made of these here, alike for all. The result goes to stdout, what went wrong to stderr; with `--json` stdout has
//! exactly one object, whatever happens.

mod appliance;
mod audit;
mod ceremony;
mod check;
mod error;
mod hsm;
mod input;
mod jobs;
mod json;
mod key;
mod panics;
mod pins;
mod player;
mod quorum;
mod rehearse;
mod script;
mod show;
#[cfg(feature = "sign")]
mod sign;
mod text;
#[cfg(feature = "sign")]
mod turn;

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::process::{Clock, Entropy, Starter, SystemClock, SystemEntropy};

use self::error::CliError;
use self::json::{Outcome, Report};

/// What commands take from the computer; nothing else reaches them, neither stdin nor the environment.
#[derive(Clone)]
pub struct Env {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where random octets come from.
    pub entropy: Arc<dyn Entropy>,
    /// Where token hosts are started.
    pub hosts: Starter,
}

impl Env {
    /// The computer's own.
    #[must_use]
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock::start()),
            entropy: Arc::new(SystemEntropy),
            hosts: Starter::Program(PathBuf::from("/proc/self/exe")),
        }
    }
}

/// Witnessed DNSSEC key signing ceremonies: KSR in, quorum of officers, SKR and sealed transcript out.
#[derive(Debug, Parser)]
#[command(name = "claviger", version, disable_help_subcommand = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print exactly one JSON object on stdout, on errors too
    #[arg(long, global = true)]
    json: bool,
}

const EXIT_CODES: &str = "\
Exit status:
    0  done and good
    1  refused: by a check, a policy, an audit, or by people
    2  wrong usage
    3  input or profile unreadable or malformed
    4  HSM, or wrong PIN
    5  media
   70  internal error
  130  interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    Ceremony(ceremony::Args),
    Rehearse(rehearse::Args),
    Check(check::Args),
    Script(script::Args),
    #[cfg(feature = "sign")]
    Sign(sign::Args),
    Show(show::Args),
    Audit(audit::Args),
    #[command(subcommand)]
    Key(key::Command),
    #[command(subcommand)]
    Quorum(quorum::Command),
}

impl Command {
    /// Its name in reports, and how to run it.
    fn parts(&self) -> (&'static str, &dyn Run) {
        match self {
            Self::Ceremony(args) => ("ceremony", args),
            Self::Rehearse(args) => ("rehearse", args),
            Self::Check(args) => ("check", args),
            Self::Script(args) => ("script", args),
            #[cfg(feature = "sign")]
            Self::Sign(args) => ("sign", args),
            Self::Show(args) => ("show", args),
            Self::Audit(args) => ("audit", args),
            Self::Key(command) => command.parts(),
            Self::Quorum(command) => command.parts(),
        }
    }
}

/// A command with its arguments.
trait Run {
    /// Runs it; `report` keeps what was learned even if an error ends it.
    fn run(&self, env: &Env, report: &mut Report) -> Result<Done, CliError>;
}

/// A command that came to its end.
struct Done {
    /// Whether all is good: exit status 0, else 1.
    good: bool,
    /// The result for people.
    text: String,
}

/// Runs the command that `args` name, the program's own name first, and returns the exit status.
///
/// Writers that are closed early, as by `head`, are no error.
pub fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write, err: &mut dyn Write, env: &Env) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) if !error.use_stderr() => return printed(&error.to_string(), 0, out, err),
        Err(error) => return misused(&args, &error, out, err, env),
    };
    let (name, command) = cli.command.parts();
    let mut report = Report::new(name, env.clock.now());
    let result = panics::caught(|| command.run(env, &mut report))
        .unwrap_or_else(|place| Err(CliError::internal(format!("the program failed at {place}"))));
    finish(report, result, cli.json, out, err)
}

fn finish(
    mut report: Report,
    result: Result<Done, CliError>,
    json: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let (code, text) = match result {
        Ok(done) => {
            report.verdict = if done.good { Outcome::Pass } else { Outcome::Fail };
            (u8::from(!done.good), done.text)
        }
        Err(error) => {
            let code = error.exit_code();
            let _ = say(err, &text::clean(&error.to_string())); // nobody is left to hear that nobody hears
            report.verdict = Outcome::Error;
            report.error = Some(error);
            (code, String::new())
        }
    };
    let text = if json { report.line() } else { text::clean(&text) };
    printed(&text, code, out, err)
}

/// Reports arguments that make no command.
fn misused(args: &[OsString], error: &clap::Error, out: &mut dyn Write, err: &mut dyn Write, env: &Env) -> u8 {
    let rendered = error.to_string();
    let _ = say(err, &text::clean(&rendered)); // as above
    let before_files = args.iter().skip(1).take_while(|arg| *arg != "--");
    if !before_files.clone().any(|arg| arg == "--json") {
        return error::USAGE;
    }
    let words = before_files.filter_map(|arg| arg.to_str()).filter(|arg| !arg.starts_with('-'));
    let mut report = Report::new(&command_of(words), env.clock.now());
    report.verdict = Outcome::Error;
    report.error = Some(usage_error(&rendered, error));
    printed(&report.line(), error::USAGE, out, err)
}

/// The command that the first words name, as far as there is one: `key generate`.
fn command_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut command = Cli::command();
    let mut names = Vec::new();
    for word in words {
        let Some(below) = command.find_subcommand(word).cloned() else { break };
        names.push(word);
        command = below;
    }
    names.join(" ")
}

fn usage_error(rendered: &str, error: &clap::Error) -> CliError {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    };
    // Without its mark, and without usage and hints below it.
    let message = rendered.strip_prefix("error: ").unwrap_or(rendered);
    let message = message.split("\n\n").next().unwrap_or(message).trim();
    let mut made = CliError::usage(message).advice("see `claviger --help`, or `--help` behind the command");
    if let Some(field) = text(ContextKind::InvalidArg) {
        made = made.field(field);
    }
    if let Some(found) = text(ContextKind::InvalidValue).or_else(|| text(ContextKind::InvalidSubcommand)) {
        made = made.found(found);
    }
    if let Some(expected) = text(ContextKind::ValidValue).or_else(|| text(ContextKind::ValidSubcommand)) {
        made = made.expected(expected);
    }
    made
}

fn say(stream: &mut dyn Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// Prints the result; the exit status, unless it could not be printed: a full disk behind `>` must not pass for success.
fn printed(text: &str, code: u8, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    match say(out, text) {
        Err(error) if code == 0 && error.kind() != ErrorKind::BrokenPipe => {
            let error = CliError::media(format!("the result cannot be written: {error}"));
            let _ = say(err, &error.advice("make room where stdout leads, and look whether all was done").to_string());
            error::MEDIA
        }
        _ => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed(ErrorKind);

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn args(words: &[&str]) -> Vec<OsString> {
        ["claviger"].iter().chain(words).map(OsString::from).collect()
    }

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error_and_a_full_disk_is_one() {
        let mut err = Vec::new();
        assert_eq!(run(args(&["--help"]), &mut Closed(ErrorKind::BrokenPipe), &mut err, &Env::system()), 0);
        assert!(err.is_empty());
        assert_eq!(run(args(&["--help"]), &mut Closed(ErrorKind::StorageFull), &mut err, &Env::system()), error::MEDIA);
        assert!(String::from_utf8(err.clone()).unwrap().contains("the result cannot be written"));
        let code = run(args(&["nonsense"]), &mut Vec::new(), &mut Closed(ErrorKind::BrokenPipe), &Env::system());
        assert_eq!(code, error::USAGE);
    }

    #[test]
    fn an_internal_error_says_where_and_nothing_else() {
        let place = panics::caught(|| panic!("1234-Klajeyz")).unwrap_err();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let report = Report::new("check", Env::system().clock.now());
        let result = Err(CliError::internal(format!("the program failed at {place}")));
        assert_eq!(finish(report, result, true, &mut out, &mut err), 70);
        for text in [out, err].map(|octets| String::from_utf8(octets).unwrap()) {
            assert!(text.contains("src/cli/mod.rs") && !text.contains("Klajeyz"), "{text}");
        }
    }

    #[test]
    fn a_misused_command_is_named_as_far_as_it_is_known() {
        for (words, name) in [
            (&["quorum", "create", "--json"][..], "quorum create"),
            (&["key", "--json", "generate", "nonsense"], "key generate"),
            (&["audit", "--json"], "audit"),
            (&["--json", "key", "nonsense"], "key"),
            (&["nonsense", "--json"], ""),
        ] {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            assert_eq!(run(args(words), &mut out, &mut err, &Env::system()), 2, "{words:?}");
            let told = String::from_utf8(out).unwrap();
            assert!(told.contains(&format!("\"command\":\"{name}\",")), "{words:?}: {told}");
        }
    }

    #[test]
    fn json_behind_two_hyphens_is_a_file() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        assert_eq!(run(args(&["show", "--nonsense", "--", "--json"]), &mut out, &mut err, &Env::system()), 2);
        assert!(out.is_empty() && !err.is_empty());
    }
}
