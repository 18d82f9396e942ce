//! The nine steps of a script, act by act.

use super::super::sheet::Act;
use super::{Ask, Block, Screen, Script, ScriptJob, Sheet, digest_block, shown, summary};
use crate::plan::{PlannedJob, Previous, TokenName, difference};
use crate::policy::Finding;
use crate::profile::{LoginKind, Profile, Signing};
use crate::steps::{Role, Step, Verdict};

/// Everybody who is present.
const ALL: &str = "all";
/// Whoever brings the request.
const REQUESTER: &str = "REQ";

/// Acts of one step, numbered as they come.
struct Acts<'a> {
    page: &'a mut Sheet,
    screen: &'a dyn Screen,
    step: usize,
    count: usize,
    /// Who leads, and who keeps the master copy.
    ca: String,
    iw: String,
}

impl Acts<'_> {
    fn step(&mut self, step: Step) {
        self.step += 1;
        self.count = 0;
        self.page.heading(&format!("Step {}: {step}", self.step));
        let purpose = self.screen.purpose(step);
        self.page.text(&purpose);
    }

    fn act(&mut self, who: &str, text: &str, shows: Vec<Block>) {
        self.count += 1;
        let number = format!("{}.{}", self.step, self.count);
        self.page.add(Block::Act(Act { number, who: who.to_owned(), text: text.to_owned(), shows }));
    }

    /// The administrator reads a question aloud and does what follows.
    fn ask(&mut self, ask: &Ask, text: &str, shows: Vec<Block>) {
        let (ca, question) = (self.ca.clone(), self.screen.asks(ask));
        self.act(&ca, &format!("\"{question}\" {text}"), shows);
    }

    fn two_people(&mut self, subject: &str) {
        for second in [false, true] {
            let ask = Ask::TwoPeople { subject: subject.to_owned(), second };
            let who = if second { "Another person in another role does the same." } else { WHO };
            self.ask(&ask, who, Vec::new());
        }
    }

    fn first(&mut self, subject: &str) {
        self.ask(&Ask::Reason(subject.to_owned()), "Types the reason that was agreed on.", vec![lines("Reason", 1)]);
        self.two_people(&format!("first: {subject}"));
    }
}

/// What the first of two people does.
const WHO: &str = "Selects the own name, types initials and the first word of row 1.";

/// Lines to write on.
fn lines(name: &'static str, count: usize) -> Block {
    Block::Form(vec![(name, count)])
}

pub(super) fn steps(page: &mut Sheet, script: &Script<'_>, screen: &dyn Screen) {
    let [ca, iw] = leaders(script.profile);
    let mut acts = Acts { page, screen, step: 0, count: 0, ca, iw };
    open(&mut acts, script);
    media(&mut acts, script);
    request(&mut acts, script);
    plan(&mut acts, script);
    unlock(&mut acts, script);
    execute(&mut acts, script);
    review(&mut acts, script);
    write(&mut acts, script);
    close(&mut acts);
}

/// Administrator and internal witness: by their usual names, else the first two roles of the profile.
fn leaders(profile: &Profile) -> [String; 2] {
    let roles: Vec<&str> = profile.required_roles.iter().map(Role::as_str).collect();
    let ca = if roles.contains(&"CA") { "CA" } else { roles.first().copied().unwrap_or("CA") };
    let others = || roles.iter().copied().filter(|role| *role != ca);
    let iw = if others().any(|role| role == "IW") { "IW" } else { others().next().unwrap_or("IW") };
    [ca.to_owned(), iw.to_owned()]
}

fn open(acts: &mut Acts<'_>, script: &Script<'_>) {
    let (ca, iw) = (acts.ca.clone(), acts.iw.clone());
    acts.step(Step::Open);
    acts.act(
        &ca,
        "Starts the program on the computer that was agreed on: no network, and nothing plugged in that this script does \
         not name. Reads program, build and, on the image, the medium's SHA-256 aloud; they are self-reported.",
        vec![lines("Build", 1)],
    );
    acts.ask(
        &Ask::Keyboard,
        "On the image alone. Chooses the layout and types the signs that will be needed; all see that they are right.",
        Vec::new(),
    );
    let name = shown(&script.profile.name);
    acts.ask(
        &Ask::Profile,
        &format!("Reads the name, \"{name}\", and the words of its SHA-256 aloud. All compare."),
        vec![digest_block("Profile", &script.profile.sha256)],
    );
    acts.ask(
        &Ask::People,
        "Types role and name of everybody who signed above; each answers to the own name.",
        Vec::new(),
    );
    acts.ask(
        &Ask::Time { second: false },
        "Reads UTC from the screen aloud. All compare with their own watches; if it is wrong, the right time is set first. \
         One selects the own name, types initials, and hour and minute as the own watch has them.",
        Vec::new(),
    );
    acts.ask(&Ask::Time { second: true }, "Another person in another role does the same.", Vec::new());
    acts.act(&iw, "Writes down the agreed time, and by how much the clock was wrong.", vec![lines("Agreed UTC", 1)]);
}

fn media(acts: &mut Acts<'_>, script: &Script<'_>) {
    let (ca, iw) = (acts.ca.clone(), acts.iw.clone());
    let media = &script.profile.media;
    acts.step(Step::Media);
    acts.act(
        &ca,
        &format!("Takes each medium out of its bag, shows it, and plugs it in. {iw} writes down the bags' numbers."),
        vec![lines("Bags", 2)],
    );
    let labelled = format!("Marks those labelled {}; reads label and serial aloud.", shown(&media.record_label));
    acts.ask(&Ask::RecordMedia(media.record_copies), &labelled, Vec::new());
    let labelled = format!("Chooses the one labelled {}; reads label and serial aloud.", shown(&media.request_label));
    acts.ask(&Ask::RequestMedium, &labelled, Vec::new());
    let first = script.jobs.iter().all(|job| matches!(job.input.previous, Previous::First));
    if first {
        acts.ask(&Ask::PreviousRecord, "Chooses the last ceremony's record. If there is none, says so:", Vec::new());
        acts.first("record");
        acts.act(&iw, "If there is one: reads the words that are asked for from the paper of last time.", Vec::new());
        return;
    }
    acts.ask(&Ask::PreviousRecord, "Chooses the last ceremony's record, and reads what its audit says.", Vec::new());
    acts.ask(
        &Ask::ReadBack("previous record".to_owned()),
        &format!("{iw} reads them from the own paper of last time; {} types.", acts.ca),
        Vec::new(),
    );
}

fn request(acts: &mut Acts<'_>, script: &Script<'_>) {
    acts.step(Step::Request);
    let last = script.jobs.len();
    for (number, (job, planned)) in (1..).zip(script.jobs.iter().zip(&script.plan.jobs)) {
        let ask = Ask::Document { job: number, previous: false };
        acts.ask(&ask, &format!("Chooses {} (zone {}).", shown(&job.request), planned.zone), Vec::new());
        acts.act(
            REQUESTER,
            "Reads all words of the request's SHA-256 from the own paper. All compare with the screen and with this script.",
            vec![digest_block(&format!("Job {number} request"), &job.input.request_sha256)],
        );
        let ca = acts.ca.clone();
        let ask = Ask::ReadBack(format!("request of job {number}"));
        acts.ask(&ask, &format!("{REQUESTER} says them once more from the own paper; {ca} types."), Vec::new());
        previous(acts, number, job);
        if let Some((schema, others)) =
            planned.schema.as_ref().zip(schemas(script, planned)).filter(|(_, all)| *all > 1)
        {
            let ask = Ask::Schema { job: number, zone: planned.zone.to_string() };
            acts.ask(&ask, &format!("Chooses {schema}, one of {others}."), Vec::new());
        }
        let text = "Reads the counts aloud, then each warning and what was skipped, with F4. None may have failed. Today, \
                    before the ceremony, it was:";
        acts.act(&ca, text, found(&job.findings));
        acts.ask(&Ask::Judged(number), "Yes.", Vec::new());
        let more = if number == last { "No." } else { "Yes." };
        acts.ask(&Ask::MoreJobs, more, Vec::new());
    }
}

/// How many schemas the zone of a job can choose from.
fn schemas(script: &Script<'_>, job: &PlannedJob) -> Option<usize> {
    match &script.profile.zone(&job.zone)?.policy.signing {
        Signing::Schemas { schemas, .. } => Some(schemas.len()),
        Signing::Schedule(_) => None,
    }
}

fn previous(acts: &mut Acts<'_>, number: usize, job: &ScriptJob) {
    let ask = Ask::Document { job: number, previous: true };
    match (&job.input.previous, &job.previous) {
        (Previous::Response { sha256, .. }, file) => {
            let (iw, question) = (acts.iw.clone(), acts.screen.asks(&ask));
            let file = file.as_deref().map(|file| format!(", {}", shown(file))).unwrap_or_default();
            acts.act(
                &iw,
                &format!(
                    "Compares the SHA-256 of the previous response{file}, which comes from the last record. Only if the \
                     record does not have it, the screen asks: \"{question}\""
                ),
                vec![digest_block(&format!("Job {number} previous"), sha256)],
            );
        }
        (Previous::First, _) => {
            acts.ask(&ask, "There is none: this is the zone's first response.", Vec::new());
            acts.first(&format!("response of job {number}"));
        }
    }
}

/// Counts, and what did not simply pass.
fn found(findings: &[Finding]) -> Vec<Block> {
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let counts = [Verdict::Pass, Verdict::Skipped, Verdict::Warn, Verdict::Fail]
        .map(|verdict| format!("{} {verdict}", count(verdict)))
        .join(", ");
    let loud = findings.iter().filter(|finding| finding.verdict != Verdict::Pass);
    let loud = loud.map(|finding| Block::Item { mark: "  - ".to_owned(), text: shown(&finding.to_string()) });
    std::iter::once(Block::Text(counts)).chain(loud).collect()
}

fn plan(acts: &mut Acts<'_>, script: &Script<'_>) {
    acts.step(Step::Plan);
    warnings(acts, script);
    let ca = acts.ca.clone();
    for (number, (job, planned)) in (1..).zip(script.jobs.iter().zip(&script.plan.jobs)) {
        let signing = planned.keys.iter().filter(|key| key.signs);
        let signing: Vec<String> = signing.map(|key| format!("{} (tag {})", key.name, key.dnskey.key_tag())).collect();
        let text = format!(
            "Reads aloud: job {number}, {}, signed by {}, {} signatures, covered until {}.",
            summary(planned),
            signing.join(" and "),
            planned.signatures.len(),
            planned.covered_until()
        );
        acts.act(&ca, &text, Vec::new());
        let changes = match &job.input.previous {
            Previous::Response { response, .. } => difference(response, planned),
            Previous::First => vec!["there is no previous response".to_owned()],
        };
        let text = format!("Compare the page Changes with what changes against the previous response of job {number}.");
        acts.act(ALL, &text, vec![Block::Verbatim(changes)]);
        let text =
            format!("Compare the page Table with the bundles of job {number}: who is published, signs, is revoked.");
        acts.act(ALL, &text, vec![Block::Verbatim(planned.table())]);
        let keys = planned.keys.iter().map(|key| {
            let name = format!("{} {}", key.name, key.dnskey.key_tag());
            digest_block(&name, &key.dnskey.fingerprint(&planned.zone))
        });
        let text = format!("Compare the page KSKs with the keys of job {number}: name, tag, and SHA-256 as in its DS.");
        acts.act(ALL, &text, keys.collect());
    }
    let text = "Reads the words of the plan's SHA-256 aloud. Each witness writes down at least word 1 of each row.";
    acts.act(&ca, text, vec![Block::Blank { name: "Plan".to_owned() }]);
    acts.two_people("plan");
}

/// Every warning of today; those of the day may be others, and are then read aloud and added here by hand.
fn warnings(acts: &mut Acts<'_>, script: &Script<'_>) {
    let of = |job: &ScriptJob| -> Vec<Finding> {
        job.findings.iter().filter(|finding| finding.verdict == Verdict::Warn).cloned().collect()
    };
    let all: Vec<(usize, Finding)> =
        (1..).zip(script.jobs).flat_map(|(job, of_job)| of(of_job).into_iter().map(move |one| (job, one))).collect();
    let total = all.len();
    for (number, (job, finding)) in (1..).zip(all) {
        let ask = Ask::Acknowledge { number, total, job };
        let text = format!("Reads it aloud; if nobody objects, types {}.", finding.check);
        acts.ask(&ask, &text, vec![Block::Item { mark: "  - ".to_owned(), text: shown(&finding.to_string()) }]);
    }
}

fn unlock(acts: &mut Acts<'_>, script: &Script<'_>) {
    let iw = acts.iw.clone();
    let token = match &script.plan.token {
        TokenName::Serial(serial) => format!("serial {}", shown(serial)),
        TokenName::Label(label) => format!("label {}", shown(label)),
    };
    acts.step(Step::Unlock);
    let text = format!("Chooses {token}. {iw} compares the serial with the one on the device and writes it down.");
    acts.ask(&Ask::Token, &text, vec![lines("Token serial", 1)]);
    match (script.profile.hsm.login, &script.profile.quorum) {
        (LoginKind::Shares, Some(quorum)) => {
            for missing in (1..=usize::from(quorum.threshold)).rev() {
                let text = "An officer steps forward and is chosen, plugs in the own medium, types the own PIN while the \
                            others look away, and takes the medium out again.";
                acts.ask(&Ask::Officer(missing), text, vec![lines("Officer", 1)]);
            }
        }
        (LoginKind::Shares | LoginKind::Pin, _) => {
            acts.act("officer", "Types the token's PIN while the others look away.", vec![lines("Officer", 1)]);
        }
        (LoginKind::Protected, _) => {
            let text = "Open the token at its own keys, as its maker describes; the program waits.";
            acts.act("officers", text, vec![lines("Officers", 2)]);
        }
        (LoginKind::Preloaded, _) => acts.act(&iw, "Notes who has opened the token, and when.", vec![lines("By", 1)]),
    }
    acts.act(&iw, "Sees that every key was found on the token and is the one of the profile.", Vec::new());
}

fn execute(acts: &mut Acts<'_>, script: &Script<'_>) {
    acts.step(Step::Execute);
    let text = format!("Watch the count reach {}. No failure is reported.", script.plan.count());
    acts.act(ALL, &text, Vec::new());
}

fn review(acts: &mut Acts<'_>, script: &Script<'_>) {
    acts.step(Step::Review);
    acts.act(ALL, "Compare the table of each response with that of the plan. No check may have failed.", Vec::new());
    acts.ask(&Ask::Review, "Yes; asked once more: yes.", Vec::new());
    let ca = acts.ca.clone();
    for (number, job) in (1..).zip(&script.plan.jobs) {
        let text = format!("Reads the words of the response's SHA-256 aloud (job {number}, zone {}).", job.zone);
        acts.act(&ca, &text, vec![Block::Blank { name: format!("Job {number} response") }]);
    }
    acts.two_people("responses");
}

fn write(acts: &mut Acts<'_>, script: &Script<'_>) {
    let ca = acts.ca.clone();
    acts.step(Step::Write);
    let copies = script.profile.media.record_copies;
    let text = format!(
        "Follows what the screen asks: media are taken out and plugged in again. Reads aloud, for each of the {copies} \
         record media and for the request medium: \"read back: identical\"."
    );
    acts.act(&ca, &text, Vec::new());
}

fn close(acts: &mut Acts<'_>) {
    let (ca, iw) = (acts.ca.clone(), acts.iw.clone());
    acts.step(Step::Close);
    let text = "Reads the words of the transcript fingerprint aloud. Every witness writes it down: there are rows for it \
                at the end.";
    acts.act(&ca, text, Vec::new());
    acts.ask(&Ask::Close, "Yes, when everybody has finished writing; asked once more: yes.", Vec::new());
    acts.act(&ca, "Takes the media out, puts each into its bag, and closes it.", vec![lines("Bags", 2)]);
    acts.act(&ca, "Switches the computer off, and the token if it is not needed.", Vec::new());
    acts.act(&iw, "Collects the signatures below, and notes the end in UTC.", vec![lines("End", 1)]);
}
