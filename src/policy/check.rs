//! The list of all checks, and how they report.

use super::{BundleRef, Finding};
use crate::steps::Verdict;

macro_rules! checks {
    ($($variant:ident $name:literal $meaning:literal;)*) => {
        /// A named check.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Check {
            $(#[doc = $meaning] $variant,)*
        }

        impl Check {
            /// All of them, in the order in which they run.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in findings and records.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it demands, in one line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => $meaning,)*
                }
            }
        }
    };
}

checks! {
    KsrDomain "KSR-DOMAIN" "The request is for a zone of the profile.";
    KsrId "KSR-ID" "The request has an id, and it is not the previous response's.";
    KsrBundleUnique "KSR-BUNDLE-UNIQUE" "No two bundles have one id or time, and none has an id of the previous response.";
    KsrBundleKeys "KSR-BUNDLE-KEYS" "Every ZSK has flags 256, protocol 3, the right length and tag, can be a key at all, is no KSK of the profile and has no KSK's label, is listed in the claimed policy, stands once in its bundle, and one identifier means one key.";
    KsrBundlePop "KSR-BUNDLE-POP" "Every ZSK has signed its bundle's keys, and every field of that signature fits key and set.";
    KsrBundleCount "KSR-BUNDLE-COUNT" "The request has the number of bundles that the profile demands.";
    KsrBundleCycleDuration "KSR-BUNDLE-CYCLE-DURATION" "The time from the first inception to the last is within the profile's limits.";
    KsrPolicyKeys "KSR-POLICY-KEYS" "The number of keys in each bundle and of different keys in all is the profile's.";
    KsrPolicyAlg "KSR-POLICY-ALG" "Algorithms, RSA sizes and exponents are known and approved by the profile.";
    KsrPolicySigOverlap "KSR-POLICY-SIG-OVERLAP" "Each bundle overlaps the next one within the claimed and the profile's limits.";
    KsrPolicySigValidity "KSR-POLICY-SIG-VALIDITY" "Each bundle's validity is within the claimed and the profile's limits.";
    KsrPolicySigHorizon "KSR-POLICY-SIG-HORIZON" "No bundle has expired or ends beyond the profile's horizon.";
    KsrPolicyBundleIntervals "KSR-POLICY-BUNDLE-INTERVALS" "The time from one inception to the next is within the profile's limits.";
    KsrPolicyTtl "KSR-POLICY-TTL" "Every key has the TTL of the profile.";
    KsrPolicyRollover "KSR-POLICY-ROLLOVER" "Each bundle has a ZSK of the bundle before: resolvers keep the old ones for their TTL.";
    KsrNotice "KSR-NOTICE" "The reader met nothing odd in the request.";
    KsrFirst "KSR-FIRST" "There is a previous response.";
    KsrChainHead "KSR-CHAIN-HEAD" "The previous response is the one that the previous record names.";
    SkrPrevious "SKR-PREVIOUS" "The previous response is for this zone, in order, complete and without a gap.";
    SkrPreviousSig "SKR-PREVIOUS-SIG" "Every signature of the previous response verifies and fits its set and bundle, where no two keys share a tag or an identifier.";
    KsrChainKeys "KSR-CHAIN-KEYS" "The ZSKs are those of the previous response where both meet, in both directions; its KSKs are in the profile.";
    KsrChainOverlap "KSR-CHAIN-OVERLAP" "The previous response reaches the request, within the claimed and the profile's limits.";
    PlanBuild "PLAN-BUILD" "A plan can be made of the requests and the profile; without one, nothing else of it is judged.";
    PlanInputs "PLAN-INPUTS" "The plan answers exactly these requests, after exactly these previous responses, and no two are for one zone.";
    PlanSchema "PLAN-SCHEMA" "The schema has one slot for each bundle of the request.";
    SkrKeys "SKR-KEYS" "Each bundle has exactly the ZSKs that the request has at its time, and KSKs, CDS and CDNSKEY of the profile alone, and the format can hold them; without the request, no KSK, CDS or CDNSKEY but the profile's.";
    SkrKeyTags "SKR-KEY-TAGS" "No two keys of a bundle share a key tag, neither plain nor revoked, or an identifier.";
    SkrKeyUsage "SKR-KEY-USAGE" "Every key that signs is permitted to from its bundle's time until its signatures end.";
    SkrSigned "SKR-SIGNED" "Every set is signed, by at least one KSK that is not revoked, and every revoked KSK signs its set.";
    SkrAlgorithms "SKR-ALGORITHMS" "Every algorithm of the DNSKEY RRset signs, that of a revoked key too, and those of the DS RRset, as it is and as it was, are among them (RFC 4035, section 2.2; RFC 6840, section 5.11).";
    SkrChain "SKR-CHAIN" "In each bundle a KSK signs that validators know: the bundle before has it, or its DS is at the parent, and was when the bundle before began; and no DS RRset comes before resolvers have a KSK of it.";
    KsrPolicySafety "KSR-POLICY-SAFETY" "A KSK is published for the safety time before it signs, stays for the safety time after, and never comes back from a revocation; under a schedule, where no DS was asked for, one that signed before signs on.";
    SkrHoldDown "SKR-HOLD-DOWN" "Where resolvers follow the zone's KSKs by RFC 5011, none signs alone before they trust it, and a revoked one stays until they have seen it.";
    SkrImport "SKR-IMPORT" "The name server for which the response is meant can load it.";
    SkrSize "SKR-SIZE" "The DNSKEY RRset fits into a UDP datagram of 1232 octets, and the file into `document-bytes`, to be read next time.";
    SkrPlanned "SKR-PLANNED" "The response is exactly as planned, but for the octets of its signatures.";
    SkrVerify "SKR-VERIFY" "Every signature verifies and fits its set.";
    SkrValidity "SKR-VALIDITY" "Every signature is valid for its bundle's time, within the profile's limits.";
    SkrHorizon "SKR-HORIZON" "No signature has expired or ends beyond the profile's horizon.";
    SkrCoverage "SKR-COVERAGE" "The signatures last without a gap from the first day to the last.";
}

impl Check {
    /// The checks of a request.
    pub const REQUEST: &[Self] = &[
        Self::KsrDomain,
        Self::KsrId,
        Self::KsrBundleUnique,
        Self::KsrBundleKeys,
        Self::KsrBundlePop,
        Self::KsrBundleCount,
        Self::KsrBundleCycleDuration,
        Self::KsrPolicyKeys,
        Self::KsrPolicyAlg,
        Self::KsrPolicySigOverlap,
        Self::KsrPolicySigValidity,
        Self::KsrPolicySigHorizon,
        Self::KsrPolicyBundleIntervals,
        Self::KsrPolicyTtl,
        Self::KsrPolicyRollover,
        Self::KsrNotice,
        Self::KsrFirst,
        Self::KsrChainHead,
        Self::SkrPrevious,
        Self::SkrPreviousSig,
        Self::KsrChainKeys,
        Self::KsrChainOverlap,
    ];

    /// The checks of a plan.
    pub const PLAN: &[Self] = &[
        Self::PlanBuild,
        Self::PlanInputs,
        Self::PlanSchema,
        Self::SkrKeys,
        Self::SkrKeyTags,
        Self::SkrKeyUsage,
        Self::SkrSigned,
        Self::SkrAlgorithms,
        Self::SkrChain,
        Self::KsrPolicySafety,
        Self::SkrHoldDown,
        Self::SkrImport,
        Self::SkrSize,
        Self::SkrValidity,
        Self::SkrHorizon,
        Self::SkrCoverage,
    ];

    /// The checks of a response.
    pub const RESPONSE: &[Self] = &[
        Self::SkrPlanned,
        Self::SkrVerify,
        Self::SkrKeys,
        Self::SkrKeyTags,
        Self::SkrKeyUsage,
        Self::SkrSigned,
        Self::SkrImport,
        Self::SkrValidity,
        Self::SkrHorizon,
        Self::SkrCoverage,
    ];
}

/// One thing that a check does not let pass in silence.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    verdict: Verdict,
    bundle: Option<BundleRef>,
    reason: Option<String>,
    expected: Option<String>,
    found: Option<String>,
    message: String,
}

impl Fault {
    /// A refusal.
    pub(super) fn fail(message: impl Into<String>) -> Self {
        let message = message.into();
        Self { verdict: Verdict::Fail, bundle: None, reason: None, expected: None, found: None, message }
    }

    /// A warning, to be acknowledged.
    pub(super) fn warn(message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, ..Self::fail(message) }
    }

    /// A part that was left out.
    pub(super) fn skipped(message: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::Skipped, reason: Some(reason.into()), ..Self::fail(message) }
    }

    /// Names the bundle: `index` from 0.
    pub(super) fn bundle(self, index: usize, id: Option<&String>) -> Self {
        Self { bundle: Some(BundleRef { index: index + 1, id: id.cloned() }), ..self }
    }

    pub(super) fn expected(self, expected: impl ToString) -> Self {
        Self { expected: Some(expected.to_string()), ..self }
    }

    pub(super) fn found(self, found: impl ToString) -> Self {
        Self { found: Some(found.to_string()), ..self }
    }
}

/// The findings of one job.
pub(super) struct Report {
    /// Stands before each message where several jobs report together.
    prefix: String,
    findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix, findings: Vec::new() }
    }

    /// Reports `faults`, or that all is well.
    pub(super) fn judge(&mut self, check: Check, well: impl Into<String>, faults: Vec<Fault>) {
        let passes = faults.iter().all(|fault| fault.verdict == Verdict::Skipped);
        if passes {
            self.push(check, Fault { verdict: Verdict::Pass, ..Fault::fail(well) });
        }
        for fault in faults {
            self.push(check, fault);
        }
    }

    /// Reports that a check was not made.
    pub(super) fn skip(&mut self, check: Check, reason: &str) {
        self.push(check, Fault::skipped("not checked", reason));
    }

    /// Whether a check has reported.
    pub(super) fn has(&self, check: Check) -> bool {
        self.findings.iter().any(|finding| finding.check == check.name())
    }

    fn push(&mut self, check: Check, fault: Fault) {
        let Fault { verdict, bundle, reason, expected, found, message } = fault;
        let message = format!("{}{message}", self.prefix);
        let check = check.name().to_owned();
        self.findings.push(Finding { check, verdict, reason, bundle, expected, found, message });
    }

    pub(super) fn finish(self) -> Vec<Finding> {
        self.findings
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_meanings_are_sentences() {
        let names: BTreeSet<&str> = Check::ALL.iter().map(|check| check.name()).collect();
        assert_eq!(names.len(), Check::ALL.len());
        assert!(Check::ALL.iter().all(|check| check.meaning().ends_with('.')));
    }

    #[test]
    fn every_check_belongs_to_a_stage() {
        for check in Check::ALL {
            let stages = [Check::REQUEST, Check::PLAN, Check::RESPONSE];
            assert!(stages.iter().any(|stage| stage.contains(check)), "{}", check.name());
        }
    }

    #[test]
    fn a_part_left_out_does_not_hide_that_the_rest_passed() {
        let mut report = Report::new(String::new());
        report.judge(Check::KsrId, "well", vec![Fault::skipped("a part", "why")]);
        report.judge(Check::KsrId, "well", vec![Fault::warn("odd")]);
        let verdicts: Vec<Verdict> = report.finish().iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Pass, Verdict::Skipped, Verdict::Warn]);
    }
}
