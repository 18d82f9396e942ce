//! What F1 shows: what people should see, and what to do.

use crate::steps::Step;

/// For one step: what the operator does, and what the witnesses look at.
pub(crate) struct Help {
    /// What the step is for.
    pub(crate) purpose: &'static str,
    /// For the operator.
    pub(crate) operator: &'static [&'static str],
    /// For the witnesses.
    pub(crate) witnesses: &'static [&'static str],
}

/// Keys that work everywhere, and what to press where a terminal has no function keys.
pub(crate) const KEYS: &[(&str, &str)] = &[
    ("F1   Ctrl-G", "this page, and back"),
    ("F2   Ctrl-E", "record an exception"),
    ("F3   Ctrl-P", "pause, while signatures are made"),
    ("F4   Ctrl-T", "next page (Tab too, where it is free)"),
    ("     Ctrl-R", "page before"),
    ("F5   Ctrl-K", "decide on a new keyboard, on the image"),
    ("F10  Ctrl-X", "stop the ceremony; Ctrl-C as well"),
    ("PgUp Ctrl-B", "scroll up"),
    ("PgDn Ctrl-F", "scroll down"),
    ("Tab", "next field; arrows work as well"),
    ("Enter", "takes what is marked with an arrow"),
    ("Esc", "back; where that has consequences it only marks No"),
    ("Ctrl-U", "empties a field"),
    ("Ctrl-L", "draws the screen anew"),
];

/// The help of a step.
pub(crate) const fn help(step: Step) -> &'static Help {
    match step {
        Step::Open => &OPEN,
        Step::Media => &MEDIA,
        Step::Request => &REQUEST,
        Step::Plan => &PLAN,
        Step::Unlock => &UNLOCK,
        Step::Execute => &EXECUTE,
        Step::Review => &REVIEW,
        Step::Write => &WRITE,
        Step::Close => &CLOSE,
    }
}

const OPEN: Help = Help {
    purpose: "The room agrees on what runs, by which rules, who is here, and what time it is.",
    operator: &[
        "Choose the profile and let a witness compare its SHA-256 with the script.",
        "Enter everybody who takes part, by role and name, officers as well.",
        "Read UTC from the screen aloud. Two people then type hour and minute from their own watches.",
    ],
    witnesses: &[
        "The mode in the top line: CEREMONY for the real one, REHEARSAL or DRILL for practice.",
        "The profile's SHA-256 is the one printed in your script.",
        "The time agrees with your own watch.",
    ],
};

const MEDIA: Help = Help {
    purpose: "Every medium gets its task, and the last ceremony's record is checked.",
    operator: &[
        "Plug in one medium after another and compare its label and serial with the bag.",
        "Mark the record media, then choose the medium with the request.",
        "Choose the record of the last ceremony and type the words that are asked for.",
    ],
    witnesses: &[
        "Labels and serials on the screen are those in your script.",
        "The fingerprint of the previous transcript is the one on your paper from last time.",
    ],
};

const REQUEST: Help = Help {
    purpose: "The request is compared with paper and judged before any key is touched.",
    operator: &[
        "Choose the file. Whoever made the request reads words of its SHA-256 from the own paper.",
        "Go through all pages with F4: request, bundles, keys, checks.",
        "A failed check cannot be overridden. Ask for another request, or drop the job.",
    ],
    witnesses: &[
        "File name, zone and SHA-256 are those that the requester announced.",
        "The dates of the bundles follow one another, as in your script.",
        "Tags, algorithms and lengths of the keys are as announced.",
        "Under Checks: no FAIL. Every WARN and SKIP has a reason you understand.",
    ],
};

const PLAN: Help = Help {
    purpose: "The plan lists everything that the HSM will be asked to do. Nothing else will be done.",
    operator: &[
        "Read aloud: zone, schema, keys that sign, number of signatures, covered until.",
        "Acknowledge every warning by its name.",
        "Two people in different roles confirm the plan's SHA-256. Escape withdraws it and leads back to the requests.",
    ],
    witnesses: &[
        "The table: which key is published and which one signs, in every bundle.",
        "The difference to the previous response is what was announced.",
        "Write down word 1 of each row of the plan's SHA-256.",
    ],
};

const UNLOCK: Help = Help {
    purpose: "The officers open the HSM together. Fewer than the quorum can do nothing.",
    operator: &[
        "Choose the token by the serial on its case.",
        "Each officer plugs in the own medium, types the own PIN, and takes the medium out again.",
        "A PIN goes to the chosen token alone and is never tried twice by the program.",
    ],
    witnesses: &[
        "The serial on the screen is the one on the case and in your script.",
        "Officers type their PINs themselves; you look away.",
        "The count of officers who have done so.",
    ],
};

const EXECUTE: Help = Help {
    purpose: "The plan runs from top to bottom. Every signature is verified at once.",
    operator: &[
        "Wait. F3 pauses at the next action, F10 stops.",
        "After a fault of the token the same plan goes on where it was.",
    ],
    witnesses: &[
        "The count of signatures reaches the number in the plan; it stands on the next screen, too.",
        "No failure is reported.",
    ],
};

const REVIEW: Help = Help {
    purpose: "The finished responses are shown before anything is written.",
    operator: &[
        "Go through every response with F4 and PgDn.",
        "Accept them all, or refuse them all: then none is written.",
    ],
    witnesses: &["The table is that of the plan.", "Under Checks: no FAIL."],
};

const WRITE: Help = Help {
    purpose: "The sealed record is written and read back; only then the response.",
    operator: &[
        "Follow what the screen asks: a medium may have to be taken out and plugged in again.",
        "A full or wrong medium can be replaced. Nothing is lost.",
    ],
    witnesses: &["Under every name stands: read back: identical. The page Written keeps it until the end."],
};

const CLOSE: Help = Help {
    purpose: "What pins this ceremony goes onto paper.",
    operator: &[
        "Show every page with N, its QR code with Q.",
        "Wait until every witness has finished writing. Then close.",
    ],
    witnesses: &[
        "Write down the transcript fingerprint: words, or the groups of digits.",
        "Photographs are a help; paper in your own hand is the evidence.",
    ],
};
