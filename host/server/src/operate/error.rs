//! Why an operator's verb was not performed.

use capstan_egress::VaultError;
use capstan_storage::{BackupError, ChangeRefusal, StoreError, TopUpRefusal};

use crate::keys::NoRandomness;
use crate::providers::SnapshotError;

/// Why an operator's verb was not performed; nothing was changed, except where [`OperateError::Reload`] says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// Something that was asked for cannot be; the text names the field, what was found and what is allowed.
    #[error("{0}")]
    Bad(String),
    /// There is nothing of this name.
    #[error("there is no {what} {name:?}")]
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// Several things have this name.
    #[error("{count} {what}s are called {name:?}; name one by its id")]
    Ambiguous {
        /// What kind of thing.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// How many.
        count: usize,
    },
    /// The change is refused.
    #[error("{}", refusal_text(.0))]
    Refused(ChangeRefusal),
    /// The credential does not have the fields that its adapter asks for.
    #[error("the credential must have exactly the fields {0}")]
    WrongFields(String),
    /// The database refused.
    #[error("the database refused")]
    Store(#[from] StoreError),
    /// There is no backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The credential could not be sealed.
    #[error("the credential could not be sealed")]
    Vault(#[from] VaultError),
    /// The system has no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The change is stored, and the running gateway could not read it.
    #[error("the change is stored, but is not in force: the gateway could not read it")]
    Reload(#[source] SnapshotError),
    /// A bug of ours.
    #[error("internal error: {0}")]
    Internal(String),
}

impl OperateError {
    /// The error and what caused it, for people, on one line.
    #[must_use]
    pub fn told(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        text
    }
}

fn refusal_text(refusal: &ChangeRefusal) -> String {
    match refusal {
        ChangeRefusal::TopUp(TopUpRefusal::NoSuchAccount) => "there is no such account".to_owned(),
        ChangeRefusal::TopUp(TopUpRefusal::AlreadyBookedOtherwise) => {
            "the reference belongs to another move, for another account or amount".to_owned()
        }
        ChangeRefusal::AccountClosed => "the account is closed, and stays so".to_owned(),
        ChangeRefusal::AccountHasBalance(amount) => {
            format!(
                "the account still has {amount} USD; --keep-balance closes it all the same and keeps it in the books"
            )
        }
        ChangeRefusal::AccountHasOpenTasks => {
            "the account has open tasks; suspend it, and close it when they have ended".to_owned()
        }
        ChangeRefusal::ReferenceTaken(kind) => format!(
            "the reference belongs to a move of kind {} with another content (account, amount or reason); this one needs its own",
            kind.as_str()
        ),
        ChangeRefusal::BalanceTooSmall(has) => {
            format!("the account has {has} USD available; no more can be taken")
        }
        ChangeRefusal::EarningsTooSmall(has) => {
            format!("the account has matured earnings of {has} USD; what is pending matures later")
        }
        ChangeRefusal::NoEarning => "the attempt has earned nobody a share".to_owned(),
        ChangeRefusal::EarningMatured => "the share is past the dispute window and stays its contributor's".to_owned(),
        ChangeRefusal::TakenBackBefore => "the share was taken back before, for another reason".to_owned(),
        ChangeRefusal::SecretKnown(id) | ChangeRefusal::CredentialOfAnother(id) => {
            format!("credential {id} has the same secret")
        }
        ChangeRefusal::AccountNotActive => "the account is suspended or closed".to_owned(),
        ChangeRefusal::ContributionForbidden => {
            "credentials of this provider may not be contributed; `provider set --contribution-note` allows it"
                .to_owned()
        }
        ChangeRefusal::CredentialBeingWithdrawn => {
            "the credential is being withdrawn; when its last tasks have ended it can be contributed again".to_owned()
        }
        ChangeRefusal::CredentialBarred => "the secret may not be contributed again".to_owned(),
        ChangeRefusal::CredentialChanged => "the credential has changed meanwhile; look at it and try again".to_owned(),
        ChangeRefusal::PayoutReferenceTaken => "the contributor has another payout by this reference".to_owned(),
        ChangeRefusal::PayoutOver(state) => format!("the payout is over: it was {}", state.as_str()),
        ChangeRefusal::ClaimDecided => "the claim was decided otherwise".to_owned(),
    }
}
