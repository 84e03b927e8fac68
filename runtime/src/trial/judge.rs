//! The verdict on a trial: what is to become of the challenger, and for which figures.

use dunlin_drift::{PairedCounts, PairedDecision, PairedOptions, PairedVerdict, SampleRatio, decide};
use serde_json::{Value, json};

use super::policy::TrialPolicy;
use super::tally::Tally;
use crate::store::Stage;

/// How often a division as declared may be taken for another one: seldom, since nothing goes on then.
const SAMPLE_RATIO_ALPHA: f64 = 0.001;

/// What is to become of the challenger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is too early to tell.
    Wait,
    /// It has done well in its stage, and goes on to the next; out of probation it stays.
    Advance,
    /// It is thrown out.
    ThrowOut,
}

/// A verdict, why, and the figures behind it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    /// For programs.
    pub(crate) cause: &'static str,
    pub(crate) figures: Value,
}

impl Verdict {
    /// Its name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Advance => "advance",
            Self::ThrowOut => "throw_out",
        }
    }
}

/// Judges a checkpoint of the journal; one that is not there has counted nothing.
pub(crate) fn judged(tally: Option<&str>, stage: Stage, policy: &TrialPolicy) -> Judgement {
    let mut tally: Tally = tally.and_then(|tally| serde_json::from_str(tally).ok()).unwrap_or_default();
    tally.advance(stage);
    judge(&tally, policy)
}

/// Judges what was counted so far. It may be asked after every row and every label.
pub(crate) fn judge(tally: &Tally, policy: &TrialPolicy) -> Judgement {
    let decided = |counts, margin| decide(counts, &options(policy.alpha, margin, policy.min_labelled));
    // Two records differ by more than two answers to one: within the finer margin nothing would ever be decided.
    let (right, apart) = (decided(&tally.right, policy.quality_margin), decided(&tally.apart, policy.behaviour_margin));
    let quality = Quality { right, apart };
    let (verdict, cause) = verdict(tally, policy, &quality);
    Judgement { verdict, cause, figures: figures(tally, &quality) }
}

/// What is decided on quality, by each of the two ways in which it is measured.
struct Quality {
    /// On records on which both ran.
    right: PairedVerdict,
    /// On a record of each.
    apart: PairedVerdict,
}

impl Quality {
    fn is_worse(&self) -> bool {
        [&self.right, &self.apart].iter().any(|verdict| verdict.decision == PairedDecision::Worse)
    }

    /// The one that speaks for the challenger: in canary the objective, where the bundle names one; else labels on the same
    /// records, which tell more in fewer of them, as long as there are enough.
    fn decision(&self, tally: &Tally, policy: &TrialPolicy) -> PairedDecision {
        let by_objective = tally.objective.is_some() && tally.stage() == Stage::Canary;
        let is_apart = by_objective || tally.right.pairs() < policy.min_labelled;
        if is_apart && tally.apart.pairs() >= policy.min_labelled { self.apart.decision } else { self.right.decision }
    }
}

fn verdict(tally: &Tally, policy: &TrialPolicy, quality: &Quality) -> (Verdict, &'static str) {
    if tally.non_finite >= policy.max_non_finite.max(1) {
        return (Verdict::ThrowOut, "non_finite");
    }
    let behaves_worse = |counts: &PairedCounts| {
        counts.pairs() >= policy.min_labelled
            && counts.mean_difference().is_some_and(|mean| mean < -policy.behaviour_margin)
            && counts.interval(policy.alpha)[1] < -policy.behaviour_margin
    };
    if behaves_worse(&tally.accepted) {
        return (Verdict::ThrowOut, "guard_rate");
    }
    if behaves_worse(&tally.in_budget) {
        return (Verdict::ThrowOut, "latency");
    }
    match quality.decision(tally, policy) {
        _ if quality.is_worse() => (Verdict::ThrowOut, "quality_worse"),
        _ if sample_ratio(tally, policy).is_mismatch(SAMPLE_RATIO_ALPHA) => (Verdict::Wait, "sample_ratio"),
        _ if tally.compared_in_stage < policy.min_compared => (Verdict::Wait, "too_few_compared"),
        _ if lacks_outcomes(tally, policy) => (Verdict::Wait, "too_few_outcomes"),
        PairedDecision::Better => (Verdict::Advance, "quality_better"),
        PairedDecision::NotWorse => (Verdict::Advance, "quality_not_worse"),
        _ if cannot_be_told(tally) => without_labels(tally, policy),
        _ => (Verdict::Wait, "quality_undecided"),
    }
}

/// Whether quality is not measured in this stage: where it is not decided, nothing is waited for then.
fn cannot_be_told(tally: &Tally) -> bool {
    match tally.stage() {
        // Watching costs nobody an answer: it need not wait for labels to answer for some.
        Stage::Shadow => true,
        Stage::Canary => tally.right.pairs() == 0 && tally.apart.pairs() == 0,
        // One of the two answers everything: pairs apart come no more.
        Stage::Probation => tally.right.pairs() == 0,
    }
}

/// A bundle that is there for an outcome goes no further than to where outcomes can be compared until some are.
fn lacks_outcomes(tally: &Tally, policy: &TrialPolicy) -> bool {
    tally.objective.is_some() && tally.stage() == Stage::Canary && tally.apart.pairs() < policy.min_labelled
}

/// How the canary's records were divided, beside how they should be: where that does not fit, something decides who
/// answers that should not, and nothing is concluded in the challenger's favour.
fn sample_ratio(tally: &Tally, policy: &TrialPolicy) -> SampleRatio {
    let [second, first] = tally.drawn;
    SampleRatio { declared: policy.canary_share, first, second }
}

/// Where quality is not measured, the proven bundle is the measure.
fn without_labels(tally: &Tally, policy: &TrialPolicy) -> (Verdict, &'static str) {
    if tally.right.pairs() > 0 || tally.agreement() >= policy.min_agreement {
        (Verdict::Advance, "behaves_as_well")
    } else {
        (Verdict::Wait, "agreement_too_low")
    }
}

fn options(alpha: f64, margin: f64, min_pairs: u64) -> PairedOptions {
    PairedOptions { alpha, margin, min_pairs }
}

fn figures(tally: &Tally, quality: &Quality) -> Value {
    json!({
        "answered_by_incumbent": tally.answered[0], "answered_by_challenger": tally.answered[1],
        "drawn_for_incumbent": tally.drawn[0], "drawn_for_challenger": tally.drawn[1],
        "compared": tally.compared, "agreement": tally.agreement(), "non_finite": tally.non_finite,
        "accepted": tally.accepted, "in_budget": tally.in_budget, "right": tally.right, "quality": quality.right,
        "apart": tally.apart, "quality_apart": quality.apart,
    })
}

#[cfg(test)]
mod tests {
    use dunlin_bundle::manifest::{Direction, Objective};

    use super::*;

    fn good(stage: Stage) -> Tally {
        let same = PairedCounts { better: 0, same: 1_000, worse: 0 };
        let mut tally = Tally { compared: 1_000, agreed: 950, accepted: same, in_budget: same, ..Tally::default() };
        tally.advance(stage);
        tally.compared_in_stage = 1_000;
        tally
    }

    fn told(tally: &Tally) -> (Verdict, &'static str) {
        let judged = judge(tally, &TrialPolicy::default());
        (judged.verdict, judged.cause)
    }

    #[test]
    fn a_challenger_that_behaves_as_well_advances_without_labels_if_both_agree() {
        assert_eq!(told(&good(Stage::Shadow)), (Verdict::Advance, "behaves_as_well"));
        let strange = Tally { agreed: 700, ..good(Stage::Canary) };
        assert_eq!(told(&strange), (Verdict::Wait, "agreement_too_low"));
        let early = Tally { compared_in_stage: 199, ..good(Stage::Canary) };
        assert_eq!(told(&early), (Verdict::Wait, "too_few_compared"));
    }

    #[test]
    fn a_canary_that_is_not_divided_as_declared_goes_no_further_but_can_still_be_thrown_out() {
        let drawn = |drawn| Tally { drawn, ..good(Stage::Canary) };
        assert_eq!(told(&drawn([900, 100])), (Verdict::Advance, "behaves_as_well"));
        assert_eq!(told(&drawn([850, 150])), (Verdict::Wait, "sample_ratio"));
        assert_eq!(told(&drawn([1_000, 0])), (Verdict::Wait, "sample_ratio"));
        assert_eq!(told(&Tally { non_finite: 3, ..drawn([850, 150]) }), (Verdict::ThrowOut, "non_finite"));
    }

    #[test]
    fn labels_decide_once_there_are_some() {
        let right = |better, same, worse| Tally { right: PairedCounts { better, same, worse }, ..good(Stage::Canary) };
        assert_eq!(told(&right(30, 400, 2)), (Verdict::Advance, "quality_better"));
        assert_eq!(told(&right(2, 400, 30)), (Verdict::ThrowOut, "quality_worse"));
        assert_eq!(told(&right(0, 600, 0)), (Verdict::Advance, "quality_not_worse"));
        assert_eq!(told(&right(1, 30, 1)), (Verdict::Wait, "quality_undecided"));
        // What is bad is thrown out as soon as it shows.
        let early = Tally { compared_in_stage: 3, ..right(2, 400, 30) };
        assert_eq!(told(&early), (Verdict::ThrowOut, "quality_worse"));
    }

    #[test]
    fn pairs_apart_decide_where_the_bundle_names_an_objective_or_nothing_else_can_be_told() {
        let minutes = Some(Objective { outcome: "minutes".into(), direction: Direction::Maximize });
        let counts = |better, same, worse| PairedCounts { better, same, worse };
        let tally =
            |objective: &Option<Objective>, apart, stage| Tally { objective: objective.clone(), apart, ..good(stage) };
        let canary = |objective, apart| told(&tally(objective, apart, Stage::Canary));
        for objective in [&None, &minutes] {
            assert_eq!(canary(objective, counts(400, 200, 100)), (Verdict::Advance, "quality_better"));
            assert_eq!(canary(objective, counts(100, 200, 400)), (Verdict::ThrowOut, "quality_worse"));
            assert_eq!(canary(objective, counts(900, 200, 900)), (Verdict::Advance, "quality_not_worse"));
            // It agrees with the proven one, and yet its answers may come out worse.
            assert_eq!(canary(objective, counts(50, 0, 60)), (Verdict::Wait, "quality_undecided"));
        }
        assert_eq!(canary(&minutes, counts(20, 0, 20)), (Verdict::Wait, "too_few_outcomes"));
        assert_eq!(canary(&minutes, counts(0, 0, 0)), (Verdict::Wait, "too_few_outcomes"));
        assert_eq!(told(&tally(&minutes, counts(0, 0, 0), Stage::Shadow)), (Verdict::Advance, "behaves_as_well"));
        // In probation no pair apart is added: what was undecided is decided by other means.
        let promoted = tally(&minutes, counts(50, 0, 60), Stage::Probation);
        assert_eq!(told(&promoted), (Verdict::Advance, "behaves_as_well"));
        let labelled = |right| told(&Tally { right, ..promoted.clone() });
        assert_eq!(labelled(counts(0, 600, 0)), (Verdict::Advance, "quality_not_worse"));
        assert_eq!(labelled(counts(1, 30, 1)), (Verdict::Wait, "quality_undecided"));
    }

    #[test]
    fn numerics_abstentions_and_time_throw_a_challenger_out() {
        assert_eq!(told(&Tally { non_finite: 3, ..good(Stage::Probation) }), (Verdict::ThrowOut, "non_finite"));
        assert_eq!(told(&Tally { non_finite: 2, ..good(Stage::Probation) }).0, Verdict::Advance);
        let worse = PairedCounts { better: 0, same: 100, worse: 60 };
        assert_eq!(told(&Tally { accepted: worse, ..good(Stage::Shadow) }), (Verdict::ThrowOut, "guard_rate"));
        assert_eq!(told(&Tally { in_budget: worse, ..good(Stage::Shadow) }), (Verdict::ThrowOut, "latency"));
        // Within the margin it is let pass.
        let slightly = PairedCounts { better: 0, same: 950, worse: 50 };
        assert_eq!(told(&Tally { accepted: slightly, ..good(Stage::Shadow) }).0, Verdict::Advance);
    }
}
