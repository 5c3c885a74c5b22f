//! Complaints: a client says that a solution did not work, and the refund policy says whether the money goes back.
//!
//! Every decision has a name ([`Decision::as_str`]) that the client and the operator read. It is made in this order:
//!
//! | name | when |
//! |---|---|
//! | `not_judged` | nobody but the provider can read the solution, so that a complaint proves nothing |
//! | `too_late` | the window after the solution is over |
//! | `over_cap` | the account has complained too often in the last 24 hours |
//! | `switched_off` | the rule in force gives nothing back |
//! | `nothing_paid` | the task cost nothing, or its money went back before |
//! | `refunded` | the rule gives back every complaint that came this far |
//! | `pending` | the rule asks the provider first; then it becomes one of the next three |
//! | `refunded` | the provider took the complaint, or may have: doubt is the account's gain |
//! | `provider_refused` | the provider did not accept it |
//! | `provider_takes_none` | the provider takes no complaints about such tasks |
//!
//! The window's default is ten minutes: 2captcha takes reports until 15 minutes after a task was sent, capsolver and
//! capmonster know a task for five, anti-captcha for one minute after it was solved; and no token
//! of the catalogue is good for more than five minutes, so that who has noticed nothing within ten has not tried it.
//!
//! The cap counts complaints of the account, whatever its keys: each that was decided as [`Decision::counts`] says. Under it,
//! an account can take back no more than a share of what it had solved, and lower what routing thinks of a provider by no
//! more than that share of its own tasks.

use serde::{Deserialize, Serialize};

/// When a complaint gives money back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefundRule {
    /// Always, within window and cap.
    Always,
    /// When the provider accepts the complaint. The default: most providers give their own money back then, which makes it
    /// cheap, and one that checks complaints does so better than the gateway could.
    #[default]
    Provider,
    /// Never; complaints are taken down and passed on.
    Never,
}

impl RefundRule {
    /// Every rule.
    pub const ALL: [Self; 3] = [Self::Always, Self::Provider, Self::Never];

    /// The word in the database and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Provider => "provider",
            Self::Never => "never",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str().eq_ignore_ascii_case(word.trim()))
    }
}

/// The refund policy of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundPolicy {
    /// When a complaint gives money back, where an account has no rule of its own.
    pub rule: RefundRule,
    /// How long after the solution a complaint is in time, in milliseconds.
    pub window_ms: i64,
    /// How many complaints an account may have.
    pub cap: Cap,
}

impl Default for RefundPolicy {
    fn default() -> Self {
        Self { rule: RefundRule::default(), window_ms: 600_000, cap: Cap::default() }
    }
}

/// How many complaints of an account count within [`Cap::OVER_MS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Of its solved tasks, in basis points.
    pub share_bp: u16,
    /// So many at least, however few tasks it had solved.
    pub floor: u32,
}

impl Default for Cap {
    fn default() -> Self {
        Self { share_bp: 1_000, floor: 3 }
    }
}

impl Cap {
    /// The time over which complaints and solved tasks are counted: a day, in milliseconds.
    pub const OVER_MS: i64 = 86_400_000;

    /// How many solved tasks an account must have for one more complaint beside those that it has; none when no number
    /// would do. Whoever counts tasks need not count further.
    #[must_use]
    pub fn solved_needed(self, complaints: i64) -> Option<i64> {
        if complaints < i64::from(self.floor) {
            return Some(0);
        }
        let parts = complaints.saturating_add(1).saturating_mul(10_000);
        let share = i64::from(self.share_bp);
        (share > 0).then(|| parts.div_euclid(share).saturating_add(i64::from(parts.rem_euclid(share) > 0)))
    }
}

/// What a decision hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Whether a client can tell that such a solution is wrong.
    pub is_judgeable: bool,
    /// When the task was solved.
    pub solved_at_ms: i64,
    /// When the client complained.
    pub at_ms: i64,
    /// Whether the account has room under its cap.
    pub has_room: bool,
    /// Whether the account has paid something that has not gone back.
    pub is_paid: bool,
    /// The account's own rule.
    pub own_rule: Option<RefundRule>,
}

/// What was decided on a complaint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The capture is given back.
    Refunded,
    /// The provider is asked first.
    Pending,
    /// Nobody but the provider can judge such a solution.
    NotJudged,
    /// The window is over.
    TooLate,
    /// The account has complained too often.
    OverCap,
    /// The rule in force gives nothing back.
    SwitchedOff,
    /// There is nothing to give back.
    NothingPaid,
    /// The provider did not accept the complaint.
    ProviderRefused,
    /// The provider takes no complaints about such tasks.
    ProviderTakesNone,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Self; 9] = [
        Self::Refunded,
        Self::Pending,
        Self::NotJudged,
        Self::TooLate,
        Self::OverCap,
        Self::SwitchedOff,
        Self::NothingPaid,
        Self::ProviderRefused,
        Self::ProviderTakesNone,
    ];

    /// Its name: in the database, for the client and for the operator.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refunded => "refunded",
            Self::Pending => "pending",
            Self::NotJudged => "not_judged",
            Self::TooLate => "too_late",
            Self::OverCap => "over_cap",
            Self::SwitchedOff => "switched_off",
            Self::NothingPaid => "nothing_paid",
            Self::ProviderRefused => "provider_refused",
            Self::ProviderTakesNone => "provider_takes_none",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|decision| decision.as_str() == word)
    }

    /// Whether the complaint counts: against the account's cap, and in what routing thinks of the provider. One that the
    /// provider has checked and refused does neither, nor one that was refused here.
    #[must_use]
    pub const fn counts(self) -> bool {
        match self {
            Self::Refunded | Self::Pending | Self::SwitchedOff | Self::NothingPaid | Self::ProviderTakesNone => true,
            Self::NotJudged | Self::TooLate | Self::OverCap | Self::ProviderRefused => false,
        }
    }

    /// Whether the provider hears of the complaint. What it would answer with an error is kept from it, and what may be
    /// abuse as well: services close the accounts of who complains too much.
    #[must_use]
    pub const fn is_passed_on(self) -> bool {
        match self {
            Self::Refunded | Self::Pending | Self::NotJudged | Self::SwitchedOff | Self::NothingPaid => true,
            Self::TooLate | Self::OverCap | Self::ProviderRefused | Self::ProviderTakesNone => false,
        }
    }
}

/// What a provider said to a complaint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProviderWord {
    /// It accepted it.
    Accepted,
    /// It did not.
    Refused,
    /// It takes none about such tasks, or is not in use any more.
    TakesNone,
    /// Nobody knows: it may have heard, and its answer is lost.
    Unknown,
}

impl RefundPolicy {
    /// Decides on a complaint, the first on its task.
    #[must_use]
    pub fn decide(&self, complaint: &Complaint) -> Decision {
        if !complaint.is_judgeable {
            return Decision::NotJudged;
        }
        if complaint.at_ms.saturating_sub(complaint.solved_at_ms) > self.window_ms {
            return Decision::TooLate;
        }
        if !complaint.has_room {
            return Decision::OverCap;
        }
        let rule = complaint.own_rule.unwrap_or(self.rule);
        match rule {
            RefundRule::Never => Decision::SwitchedOff,
            RefundRule::Always | RefundRule::Provider if !complaint.is_paid => Decision::NothingPaid,
            RefundRule::Always => Decision::Refunded,
            RefundRule::Provider => Decision::Pending,
        }
    }
}

/// What a pending complaint becomes by the provider's word.
#[must_use]
pub const fn decide_by(word: ProviderWord) -> Decision {
    match word {
        ProviderWord::Accepted | ProviderWord::Unknown => Decision::Refunded,
        ProviderWord::Refused => Decision::ProviderRefused,
        ProviderWord::TakesNone => Decision::ProviderTakesNone,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SOLVED: i64 = 1_700_000_000_000;

    fn a_complaint() -> Complaint {
        Complaint {
            is_judgeable: true,
            solved_at_ms: SOLVED,
            at_ms: SOLVED + 1,
            has_room: true,
            is_paid: true,
            own_rule: None,
        }
    }

    fn any_complaint() -> impl Strategy<Value = Complaint> {
        let rule = prop_oneof![Just(None), proptest::sample::select(&RefundRule::ALL[..]).prop_map(Some)];
        (any::<[bool; 3]>(), -1_000_000i64..2_000_000, rule).prop_map(
            |([judgeable, room, paid], after_ms, own_rule)| Complaint {
                is_judgeable: judgeable,
                solved_at_ms: SOLVED,
                at_ms: SOLVED + after_ms,
                has_room: room,
                is_paid: paid,
                own_rule,
            },
        )
    }

    fn any_policy() -> impl Strategy<Value = RefundPolicy> {
        let rule = proptest::sample::select(&RefundRule::ALL[..]);
        (rule, 0i64..1_500_000, 0u16..=10_000, 0u32..20).prop_map(|(rule, window_ms, share_bp, floor)| RefundPolicy {
            rule,
            window_ms,
            cap: Cap { share_bp, floor },
        })
    }

    proptest! {
        #[test]
        fn money_goes_back_only_for_what_the_policy_allows(policy in any_policy(), complaint in any_complaint()) {
            let decision = policy.decide(&complaint);
            let rule = complaint.own_rule.unwrap_or(policy.rule);
            let in_time = complaint.at_ms - complaint.solved_at_ms <= policy.window_ms;
            let may = complaint.is_judgeable && in_time && complaint.has_room && complaint.is_paid;
            prop_assert_eq!(decision == Decision::Refunded, may && rule == RefundRule::Always);
            prop_assert_eq!(decision == Decision::Pending, may && rule == RefundRule::Provider);
            if decision.counts() {
                prop_assert!(in_time && complaint.has_room && complaint.is_judgeable);
            }
        }

        #[test]
        fn the_cap_is_the_share_of_what_was_solved_or_its_floor(
            share_bp in 0u16..=10_000, floor in 0u32..20, complaints in 0i64..5_000, solved in 0i64..50_000,
        ) {
            let cap = Cap { share_bp, floor };
            let has_room = cap.solved_needed(complaints).is_some_and(|needed| solved >= needed);
            let by_share = (complaints + 1) * 10_000 <= solved * i64::from(share_bp);
            prop_assert_eq!(has_room, complaints < i64::from(floor) || by_share);
        }

        #[test]
        fn more_complaints_never_make_more_room(share_bp in 0u16..=10_000, floor in 0u32..20, complaints in 0i64..5_000) {
            let cap = Cap { share_bp, floor };
            let needed = |complaints| cap.solved_needed(complaints).unwrap_or(i64::MAX);
            prop_assert!(needed(complaints) <= needed(complaints + 1));
        }
    }

    #[test]
    fn the_window_ends_after_its_last_moment() {
        let policy = RefundPolicy::default();
        let at = |after_ms| policy.decide(&Complaint { at_ms: SOLVED + after_ms, ..a_complaint() });
        assert_eq!((at(600_000), at(600_001)), (Decision::Pending, Decision::TooLate));
        // The solution was written by a node whose clock is ahead.
        assert_eq!(at(-50), Decision::Pending);
    }

    #[test]
    fn an_accounts_own_rule_stands_before_the_gateways() {
        let policy = RefundPolicy { rule: RefundRule::Never, ..RefundPolicy::default() };
        let with = |own_rule| policy.decide(&Complaint { own_rule, ..a_complaint() });
        assert_eq!(with(None), Decision::SwitchedOff);
        assert_eq!(with(Some(RefundRule::Always)), Decision::Refunded);
        assert_eq!(with(Some(RefundRule::Provider)), Decision::Pending);
    }

    #[test]
    fn a_providers_word_ends_what_is_pending_and_doubt_is_the_accounts_gain() {
        assert_eq!(decide_by(ProviderWord::Accepted), Decision::Refunded);
        assert_eq!(decide_by(ProviderWord::Unknown), Decision::Refunded);
        assert_eq!(decide_by(ProviderWord::Refused), Decision::ProviderRefused);
        assert_eq!(decide_by(ProviderWord::TakesNone), Decision::ProviderTakesNone);
    }

    #[test]
    fn a_tenth_of_the_solved_tasks_and_three_at_least() {
        let cap = Cap::default();
        assert_eq!([0, 2, 3, 9].map(|n| cap.solved_needed(n)), [Some(0), Some(0), Some(40), Some(100)]);
        assert_eq!(Cap { share_bp: 0, floor: 1 }.solved_needed(1), None);
        assert_eq!(Cap { share_bp: 3, floor: 0 }.solved_needed(0), Some(3_334));
    }

    #[test]
    fn words_read_back() {
        for decision in Decision::ALL {
            assert_eq!(Decision::from_word(decision.as_str()), Some(decision));
        }
        for rule in RefundRule::ALL {
            assert_eq!(RefundRule::from_word(rule.as_str()), Some(rule));
        }
        assert_eq!(RefundRule::from_word("sometimes"), None);
    }
}
