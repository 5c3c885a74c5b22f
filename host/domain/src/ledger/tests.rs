//! Every move sums to zero, and what cannot be is refused.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn account(n: u128) -> AccountId {
    AccountId(Uuid::from_u128(n))
}

fn sum(made: &Move) -> i128 {
    made.entries.iter().map(|e| i128::from(e.amount.nanos())).sum()
}

proptest! {
    #[test]
    fn every_move_sums_to_zero(hold in 1i64..i64::MAX, part in 0u16..=10_000, share in 0u16..=10_000) {
        let hold = Amount::from_nanos(hold);
        let capture = hold.share(part).unwrap();
        let share = Share { contributor: account(2), amount: capture.share(share).unwrap() };
        let credential = CredentialId(Uuid::from_u128(3));
        for made in [
            Move::top_up(account(1), hold).unwrap(),
            Move::hold(account(1), hold).unwrap(),
            Move::capture(account(1), hold, capture, Some(share)).unwrap(),
            Move::capture(account(1), hold, capture, None).unwrap(),
            Move::release(account(1), hold).unwrap(),
            Move::loss(credential, hold).unwrap(),
            Move::reimbursement(account(2), hold).unwrap(),
            Move::maturity(Share { contributor: account(2), amount: hold }).unwrap(),
            Move::clawback(Share { contributor: account(2), amount: hold }).unwrap(),
            Move::spending(account(2), hold).unwrap(),
            Move::payout(account(2), hold).unwrap(),
            Move::adjustment(account(1), hold).unwrap(),
            Move::adjustment(account(1), hold.negated().unwrap()).unwrap(),
        ] {
            prop_assert_eq!(sum(&made), 0);
            prop_assert!(made.entries.iter().all(|e| e.amount != Amount::ZERO));
        }
    }
}

#[test]
fn a_capture_above_its_hold_is_refused() {
    let (hold, more) = (Amount::from_nanos(5), Amount::from_nanos(6));
    assert_eq!(Move::capture(account(1), hold, more, None), Err(MoveError::AboveHold { capture: more, hold }));
}

#[test]
fn nothing_can_be_held_for_nothing() {
    assert!(Move::hold(account(1), Amount::ZERO).is_err());
    assert!(Move::release(account(1), Amount::from_nanos(-1)).is_err());
}

proptest! {
    /// Captured and reversed, nobody has more or less than before, but for what has matured.
    #[test]
    fn a_reversal_mirrors_its_capture(hold in 1i64..i64::MAX, share in 0u16..=10_000, has_matured: bool) {
        let capture = Amount::from_nanos(hold);
        let share = Share { contributor: account(2), amount: capture.share(share).unwrap() };
        let captured = Move::capture(account(1), capture, capture, Some(share)).unwrap();
        let (back, borne) = if has_matured { (None, share.amount) } else { (Some(share), Amount::ZERO) };
        let reversed = Move::reversal(account(1), capture, back, borne).unwrap();
        prop_assert_eq!(sum(&reversed), 0);
        let on = |made: &Move, account| {
            made.entries.iter().filter(|e| e.account == account).map(|e| e.amount.nanos()).sum::<i64>()
        };
        let both = |account| on(&captured, account) + on(&reversed, account);
        prop_assert_eq!(both(LedgerAccount::Revenue), 0);
        let left = if has_matured { share.amount.nanos() } else { 0 };
        prop_assert_eq!(both(LedgerAccount::ContributorPending(account(2))), left);
        prop_assert_eq!(both(LedgerAccount::Loss), -left);
    }
}

#[test]
fn a_reversal_takes_back_no_more_than_was_captured() {
    let (one, two) = (Amount::from_nanos(1), Amount::from_nanos(2));
    let share = Share { contributor: account(2), amount: two };
    assert!(Move::reversal(account(1), one, Some(share), Amount::ZERO).is_err());
    assert!(Move::reversal(account(1), one, None, two).is_err());
    assert!(Move::reversal(account(1), Amount::ZERO, None, Amount::ZERO).is_err());
    assert_eq!(Move::adjustment(account(1), Amount::ZERO), Err(MoveError::Nothing));
}

#[test]
fn kinds_read_back_from_their_words() {
    for kind in MoveKind::ALL {
        assert_eq!(MoveKind::from_word(kind.as_str()), Some(kind));
    }
    assert_eq!(MoveKind::from_word("late_cost"), None);
}

/// Which side each line of a move is on.
fn sides(made: &Move) -> Vec<Side> {
    let side = |entry: &LedgerEntry| {
        let (to, from) = match entry.account {
            LedgerAccount::Available(_) => (Side::ToAvailable, Side::FromAvailable),
            LedgerAccount::Held(_) => (Side::ToHeld, Side::FromHeld),
            LedgerAccount::ContributorPending(_) => (Side::ToPending, Side::FromPending),
            LedgerAccount::ContributorAvailable(_) => (Side::ToMatured, Side::FromMatured),
            LedgerAccount::Revenue => (Side::ToRevenue, Side::FromRevenue),
            LedgerAccount::Loss => (Side::ToLoss, Side::FromLoss),
            LedgerAccount::ProviderCost(_) => (Side::ToProvider, Side::FromProvider),
            LedgerAccount::Promo => (Side::ToPromo, Side::FromPromo),
            LedgerAccount::TopUp => (Side::ToTopUp, Side::FromTopUp),
            LedgerAccount::Payout => (Side::ToPayout, Side::FromPayout),
        };
        if entry.amount > Amount::ZERO { to } else { from }
    };
    made.entries.iter().map(side).collect()
}

proptest! {
    /// What a function makes is what its kind may have, whatever of it is nothing; no other kind may have the same, but
    /// where what is moved is.
    #[test]
    fn a_move_has_the_shape_of_its_kind(capture in 0i64..5, share in 0i64..5, left in 0i64..3, gives: bool) {
        let (capture, hold) = (Amount::from_nanos(capture), Amount::from_nanos(capture + left + 1));
        let share = Share { contributor: account(2), amount: Amount::from_nanos(share.min(capture.nanos())) };
        let one = Amount::from_nanos(1);
        let mut all = vec![
            Move::top_up(account(1), one).unwrap(),
            Move::hold(account(1), one).unwrap(),
            Move::capture(account(1), hold, capture, Some(share)).unwrap(),
            Move::capture(account(1), hold, capture, None).unwrap(),
            Move::release(account(1), one).unwrap(),
            Move::loss(CredentialId(Uuid::from_u128(3)), one).unwrap(),
            Move::reimbursement(account(2), one).unwrap(),
            Move::clawback(Share { contributor: account(2), amount: one }).unwrap(),
            Move::maturity(Share { contributor: account(2), amount: one }).unwrap(),
            Move::spending(account(2), one).unwrap(),
            Move::payout(account(2), one).unwrap(),
            Move::adjustment(account(1), if gives { one } else { one.negated().unwrap() }).unwrap(),
        ];
        if capture > Amount::ZERO {
            all.push(Move::reversal(account(1), capture, Some(share), Amount::ZERO).unwrap());
            all.push(Move::reversal(account(1), capture, None, share.amount).unwrap());
        }
        for made in all {
            let sides = sides(&made);
            prop_assert!(made.kind.may_have(&sides), "{:?}", made);
            for kind in MoveKind::ALL.into_iter().filter(|kind| *kind != made.kind) {
                // A capture of nothing is what a release is.
                let alike = (made.kind, kind) == (MoveKind::Release, MoveKind::Capture)
                    || (made.kind, kind) == (MoveKind::Capture, MoveKind::Release) && capture == Amount::ZERO;
                prop_assert_eq!(kind.may_have(&sides), alike, "{:?} as {:?}", made, kind);
            }
        }
    }
}

#[test]
fn a_line_too_many_or_too_few_is_no_shape() {
    assert!(!MoveKind::Hold.may_have(&[Side::FromAvailable]));
    assert!(!MoveKind::Hold.may_have(&[Side::FromAvailable, Side::ToHeld, Side::ToHeld]));
    assert!(!MoveKind::Capture.may_have(&[Side::FromHeld, Side::ToAvailable, Side::FromLoss]));
    assert!(!MoveKind::Adjustment.may_have(&[]));
}
