//! The printed script of a ceremony that is still to come: who does and says what, and what is compared with what.
//!
//! It follows the nine steps as the screen asks them. Digests and tables are laid out as on the screen, so that people
//! compare like with like; what exists on the day alone is left blank, to be written in by hand.

mod acts;

use super::html::html;
use super::sheet::{Block, Sheet, digest_block, shown};
use super::text::text;
use crate::plan::{JobInput, Plan, PlannedJob, Previous};
use crate::policy::Finding;
use crate::profile::Profile;

use crate::steps::{Role, Step};

/// What a script is called.
const TITLE: &str = "Key signing ceremony: script";
/// Lines for people who are in no role of the profile.
const GUESTS: usize = 5;
/// Forms for exceptions.
const EXCEPTIONS: usize = 2;

/// What a script is made from.
#[derive(Clone, Copy, Debug)]
pub struct Script<'a> {
    /// The profile of the day.
    pub profile: &'a Profile,
    /// The plan, as far as it is known today: the ceremony's own has the time of the day in it.
    pub plan: &'a Plan,
    /// For each job of the plan, what it is made from.
    pub jobs: &'a [ScriptJob],
    /// What the checks say of the plan today.
    pub findings: &'a [Finding],
    /// The program with its version.
    pub program: &'a str,
}

/// One job, as files and findings.
#[derive(Clone, Debug)]
pub struct ScriptJob {
    /// Name of the request's file.
    pub request: String,
    /// Name of the previous response's file.
    pub previous: Option<String>,
    /// The documents.
    pub input: JobInput,
    /// What the checks say of the request today.
    pub findings: Vec<Finding>,
    /// What they say of a plan for it alone.
    pub preview: Vec<Finding>,
}

/// A question of the screen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ask {
    /// Is this the profile?
    Profile,
    /// Who takes part?
    People,
    /// Which keyboard is this? On the image alone.
    Keyboard,
    /// The first, or the second, of two people confirms UTC.
    Time {
        /// Whether it is the second one.
        second: bool,
    },
    /// Which media take the record? So many.
    RecordMedia(usize),
    /// Which medium has the request?
    RequestMedium,
    /// Which record is the last one?
    PreviousRecord,
    /// Words from paper, of what.
    ReadBack(String),
    /// Why is there no predecessor? Of what.
    Reason(String),
    /// Which file is the job's request, or its previous response?
    Document {
        /// Number of the job, from 1.
        job: usize,
        /// Whether the previous response is meant.
        previous: bool,
    },
    /// Which schema?
    Schema {
        /// Number of the job, from 1.
        job: usize,
        /// The zone.
        zone: String,
    },
    /// Is the job part of the ceremony?
    Judged(usize),
    /// Another request?
    MoreJobs,
    /// Is a warning acknowledged?
    Acknowledge {
        /// Which of the warnings, from 1.
        number: usize,
        /// How many there are.
        total: usize,
        /// Number of the job, from 1; 0 for the plan as a whole.
        job: usize,
    },
    /// The first, or the second, of two people confirms.
    TwoPeople {
        /// What, as in the transcript.
        subject: String,
        /// Whether it is the second one.
        second: bool,
    },
    /// Which token?
    Token,
    /// Which officer is next? So many are missing.
    Officer(usize),
    /// Are these the responses?
    Review,
    /// Is everything on paper?
    Close,
}

/// The words of the screen, which stand a floor above.
pub trait Screen {
    /// What a step is for.
    fn purpose(&self, step: Step) -> String;
    /// A question as it is asked.
    fn asks(&self, ask: &Ask) -> String;
}

/// A script in both its forms.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Printed {
    /// Plain text, 80 columns.
    pub text: String,
    /// A page of HTML for A4 that needs no other file.
    pub html: String,
}

/// The script of the ceremony that carries out this plan, with the questions of this screen.
#[must_use]
pub fn script(script: &Script<'_>, screen: &dyn Screen) -> Printed {
    let mut page = Sheet::default();
    front(&mut page, script);
    acts::steps(&mut page, script, screen);
    end(&mut page, script);
    let blocks = page.finish();
    Printed { text: text(&blocks), html: html(TITLE, &blocks) }
}

fn front(page: &mut Sheet, script: &Script<'_>) {
    let zones: Vec<String> = script.plan.jobs.iter().map(|job| format!("zone {}", job.zone)).collect();
    page.title("KEY SIGNING CEREMONY - SCRIPT", &[&shown(&script.profile.name), &zones.join(", ")]);
    page.field("Made by", &format!("{}, judged as of {}", shown(script.program), script.plan.judged_at));
    page.field("Jobs", &format!("{}, with {} signatures", script.plan.jobs.len(), script.plan.count()));
    for (number, job) in (1..).zip(&script.plan.jobs) {
        page.field(&format!("Job {number}"), &format!("{}, covered until {}", summary(job), job.covered_until()));
    }
    page.add(Block::Form(vec![("Place", 1), ("Date", 1)]));
    page.heading("How to read it");
    page.text(
        "Each act has a box to tick, a time in UTC and initials: they are the internal witness's, on the one master copy. \
         CA is the ceremony administrator, who reads every act aloud before it is done; REQ is whoever brings the request; \
         \"all\" are all who are present. Between quotation marks stands what the screen asks. Digests are compared row \
         by row: one person reads the words, everybody follows on paper and screen. Whatever differs is no small matter: \
         nobody goes on before it is understood, and an exception is written down.",
    );
    page.heading("Roles");
    page.text("People enter themselves, sign here when they arrive, and are entered on the screen in step 1.");
    page.add(Block::People { roles: roles(script.profile).iter().map(ToString::to_string).collect(), free: GUESTS });
    page.heading("What is compared");
    page.digest("Profile", &script.profile.sha256);
    for (number, job) in (1..).zip(script.jobs) {
        page.digest(&format!("Job {number} request"), &job.input.request_sha256);
        match &job.input.previous {
            Previous::Response { sha256, .. } => page.digest(&format!("Job {number} previous"), sha256),
            Previous::First => page.field(&format!("Job {number} previous"), "none: this is the zone's first response"),
        }
    }
    page.text(
        "The plan has no digest before the day: it holds the time at which the requests are judged. Nor have the \
         responses and the transcript. There are rows for them below.",
    );
}

/// The roles of the profile, then its officers, each once.
fn roles(profile: &Profile) -> Vec<Role> {
    let officers = profile.officers().map(|(_, officers)| officers).unwrap_or_default();
    let mut roles: Vec<Role> = Vec::new();
    for role in profile.required_roles.iter().chain(&officers) {
        if !roles.contains(role) {
            roles.push(role.clone());
        }
    }
    roles
}

/// `zone ., schema normal`.
fn summary(job: &PlannedJob) -> String {
    let schema = job.schema.as_ref().map(|schema| format!(", schema {schema}")).unwrap_or_default();
    format!("zone {}{schema}", job.zone)
}

fn end(page: &mut Sheet, script: &Script<'_>) {
    page.heading("Exceptions");
    page.text("One form for each; the screen takes the same four lines under F2, at any step.");
    for number in 1..=EXCEPTIONS {
        page.add(Block::Form(vec![
            (if number == 1 { "No. 1, step" } else { "No. 2, step" }, 1),
            ("Expected", 1),
            ("Happened", 2),
            ("Action taken", 2),
            ("Decided by", 1),
        ]));
    }
    page.heading("Transcript fingerprint");
    let advice = "From the last screen, in one's own hand: it pins everything that was done. Whoever has it can judge the \
                  record for ever; without it a record is only consistent with itself.";
    let blank = Block::Blank { name: String::new() };
    page.add(Block::Framed(vec![Block::Text(advice.to_owned()), blank]));
    page.heading("Signatures");
    page.text("I was present; what is ticked above happened, at these times, and the exceptions are complete.");
    page.add(Block::People { roles: roles(script.profile).iter().map(ToString::to_string).collect(), free: GUESTS });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{build, fixture};
    use crate::policy::{check_plan, check_request};
    use crate::profile::Sequence;

    struct Echo;

    impl Screen for Echo {
        fn purpose(&self, step: Step) -> String {
            format!("Purpose of {step}.")
        }

        fn asks(&self, ask: &Ask) -> String {
            format!("{ask:?}?")
        }
    }

    fn printed(profile: &Profile, input: JobInput) -> Printed {
        let now = fixture::now();
        let plan = build(profile, std::slice::from_ref(&input), now, "claviger test").unwrap();
        let findings = check_request(profile, &input, now, 1);
        let preview = check_plan(profile, std::slice::from_ref(&input), &plan, now);
        let previous = matches!(input.previous, Previous::Response { .. }).then(|| "skr-before.xml".to_owned());
        let jobs = [ScriptJob { request: "ksr.xml".to_owned(), previous, input, findings, preview: preview.clone() }];
        let program = "claviger test";
        script(&Script { profile, plan: &plan, jobs: &jobs, findings: &preview, program }, &Echo)
    }

    #[test]
    fn a_script_fits_a_page_of_80_columns_and_follows_the_nine_steps() {
        let Printed { text, html } = printed(&fixture::root_profile(), fixture::root_input());
        for line in text.lines() {
            assert!(line.chars().count() <= 80 && line.chars().all(crate::render::is_cp437), "{line}");
        }
        let mut from = 0;
        for (number, step) in (1..).zip(Step::ALL) {
            let title = format!("\nStep {number}: {step}\n");
            let at = text[from..].find(&title).unwrap_or_else(|| panic!("{title}"));
            from += at;
            assert!(html.contains(&format!("<h2>Step {number}: {step}</h2>")), "{step}");
        }
        assert_eq!(text.matches("\n[ ] ").count(), html.matches("class=\"box\"").count());
    }

    #[test]
    fn digests_and_table_stand_as_on_the_screen() {
        let (profile, input) = (fixture::root_profile(), fixture::root_input());
        let Printed { text, html } = printed(&profile, input.clone());
        let Previous::Response { sha256, .. } = &input.previous else { panic!("a previous response") };
        for digest in [&profile.sha256, &input.request_sha256, sha256] {
            for row in crate::render::lines(digest) {
                assert!(text.contains(&row) && html.contains(&row), "{row}");
            }
        }
        let job = &fixture::root_plan().jobs[0];
        for line in job.table() {
            assert!(text.contains(&line) && html.contains(&line), "{line}");
        }
    }

    #[test]
    fn warnings_are_acknowledged_as_the_screen_asks_for_them() {
        let hasty = JobInput { schema: Some("rollover".to_owned()), ..fixture::root_input() };
        let mut odd = hasty.clone();
        odd.request.notices = vec!["one".to_owned(), "two".to_owned()];
        let Printed { html, .. } = printed(&fixture::root_profile(), hasty);
        assert!(html.contains("Acknowledge { number: 1, total: 1, job: 0 }"), "{html}");
        let Printed { html, .. } = printed(&fixture::root_profile(), odd);
        for part in ["number: 1, total: 2, job: 1", "number: 2, total: 2, job: 0", "(and 1 more)"] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn officers_who_log_in_one_after_another_sign_as_those_with_shares_do() {
        let role = |text: &str| Role::new(text).unwrap();
        let users = ["CO1", "CO2"].map(|officer| (role(officer), officer.to_lowercase())).to_vec();
        let sequence = Sequence { threshold: 2, user_type: 0x8000_0001, separator: ":".to_owned(), users };
        let profile = Profile { quorum: None, sequence: Some(sequence), ..fixture::root_profile() };
        let roles = roles(&profile);
        assert!(roles.contains(&role("CO1")) && roles.contains(&role("CO2")), "{roles:?}");
    }

    #[test]
    fn a_first_response_is_declared_by_two_people() {
        let input = JobInput { previous: Previous::First, head: None, ..fixture::bind_input() };
        let Printed { html, .. } = printed(&fixture::bind_profile(), input);
        for part in ["subject: &quot;first: response of job 1&quot;, second: true", "types KSR-FIRST."] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }
}
