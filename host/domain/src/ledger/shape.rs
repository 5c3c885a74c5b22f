//! Which lines a move of each kind may have: for checking what is in the books, where moves are made by nobody's function.

use super::MoveKind;

/// A kind of ledger account, and which way a line goes on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// To what an account can spend.
    ToAvailable,
    /// From what an account can spend.
    FromAvailable,
    /// To what is set aside.
    ToHeld,
    /// From what is set aside.
    FromHeld,
    /// To a contributor's pending earnings.
    ToPending,
    /// From a contributor's pending earnings.
    FromPending,
    /// To a contributor's matured earnings.
    ToMatured,
    /// From a contributor's matured earnings.
    FromMatured,
    /// To revenue.
    ToRevenue,
    /// From revenue.
    FromRevenue,
    /// To the gateway's losses, which makes them less.
    ToLoss,
    /// From the gateway's losses.
    FromLoss,
    /// To what operators gave and took by hand.
    ToPromo,
    /// From what operators gave and took by hand.
    FromPromo,
    /// To the memo of a provider's charges.
    ToProvider,
    /// From the memo of a provider's charges.
    FromProvider,
    /// To where top-ups come from.
    ToTopUp,
    /// From where top-ups come from.
    FromTopUp,
    /// To where payouts go.
    ToPayout,
    /// From where payouts go.
    FromPayout,
}

impl Side {
    /// Every side.
    pub const ALL: [Self; 20] = [
        Self::ToAvailable,
        Self::FromAvailable,
        Self::ToHeld,
        Self::FromHeld,
        Self::ToPending,
        Self::FromPending,
        Self::ToMatured,
        Self::FromMatured,
        Self::ToRevenue,
        Self::FromRevenue,
        Self::ToLoss,
        Self::FromLoss,
        Self::ToPromo,
        Self::FromPromo,
        Self::ToProvider,
        Self::FromProvider,
        Self::ToTopUp,
        Self::FromTopUp,
        Self::ToPayout,
        Self::FromPayout,
    ];

    /// In words, such as `+available`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ToAvailable => "+available",
            Self::FromAvailable => "-available",
            Self::ToHeld => "+held",
            Self::FromHeld => "-held",
            Self::ToPending => "+pending",
            Self::FromPending => "-pending",
            Self::ToMatured => "+earned",
            Self::FromMatured => "-earned",
            Self::ToRevenue => "+revenue",
            Self::FromRevenue => "-revenue",
            Self::ToLoss => "+loss",
            Self::FromLoss => "-loss",
            Self::ToPromo => "+promo",
            Self::FromPromo => "-promo",
            Self::ToProvider => "+provider",
            Self::FromProvider => "-provider",
            Self::ToTopUp => "+topup",
            Self::FromTopUp => "-topup",
            Self::ToPayout => "+payout",
            Self::FromPayout => "-payout",
        }
    }
}

impl MoveKind {
    /// The lines that a move of this kind has, and those that it may have beside them.
    const fn lines(self) -> (&'static [Side], &'static [Side]) {
        use Side as S;
        match self {
            Self::TopUp => (&[S::FromTopUp, S::ToAvailable], &[]),
            Self::Hold => (&[S::FromAvailable, S::ToHeld], &[]),
            // What is left over of a hold returns; who earns all of a capture leaves no revenue.
            Self::Capture => (&[S::FromHeld], &[S::ToAvailable, S::ToRevenue, S::ToPending]),
            Self::Release => (&[S::FromHeld, S::ToAvailable], &[]),
            Self::Loss => (&[S::FromLoss, S::ToProvider], &[]),
            Self::Reimbursement => (&[S::FromLoss, S::ToPending], &[]),
            Self::Reversal => (&[S::ToAvailable], &[S::FromRevenue, S::FromLoss, S::FromPending]),
            Self::Clawback => (&[S::FromPending, S::ToRevenue], &[]),
            Self::Maturity => (&[S::FromPending, S::ToMatured], &[]),
            Self::Spending => (&[S::FromMatured, S::ToAvailable], &[]),
            Self::Payout => (&[S::FromMatured, S::ToPayout], &[]),
            // Either way; that both lines go the same way is what sums to zero forbids.
            Self::Adjustment => (&[], &[S::FromPromo, S::ToAvailable, S::ToPromo, S::FromAvailable]),
        }
    }

    /// Whether a move of this kind, as its function makes it, may have lines on exactly these sides.
    #[must_use]
    pub fn may_have(self, sides: &[Side]) -> bool {
        let (always, sometimes) = self.lines();
        let once = |side: &Side| sides.iter().filter(|other| *other == side).count() == 1;
        sides.len() >= 2
            && sides.iter().all(|side| once(side) && (always.contains(side) || sometimes.contains(side)))
            && always.iter().all(|side| sides.contains(side))
            // An adjustment gives or takes.
            && (self != Self::Adjustment || sides.len() == 2)
    }
}
