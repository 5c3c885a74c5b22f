//! A publisher's change of keys: the old key says which one follows it, and the new one agrees.

use serde::{Deserialize, Serialize};

use crate::Moment;
use crate::dsse::Envelope;
use crate::error::TrustError;
use crate::keys::{KeyId, PrivateKey, PublicKey};

/// The type under which a handover is signed.
const PAYLOAD_TYPE: &str = "application/vnd.capstan.publisher.rotation.v1+json";

/// A handover with the signatures of both keys: the old one's, so that nobody else can name its successor, and the new one's, so that
/// nobody can pass off another's key as theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rotation(Envelope);

/// What both sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Handover {
    /// The key that hands over.
    pub(crate) from: KeyId,
    /// The key that follows it.
    pub(crate) to: PublicKey,
    /// Until when what the old one has signed is believed.
    pub(crate) not_after: Moment,
}

impl Rotation {
    /// Hands over from one key to another. Until `not_after` packages that the old key alone has signed are believed.
    ///
    /// # Errors
    /// When both are one key.
    pub fn new(from: &PrivateKey, to: &PrivateKey, not_after: Moment) -> Result<Self, TrustError> {
        let handover = Handover { from: from.public().id(), to: to.public(), not_after };
        if handover.from == handover.to.id() {
            return Err(TrustError::NotARotation("a key cannot follow itself".to_owned()));
        }
        let payload = serde_json::to_vec(&handover).map_err(|error| TrustError::NotARotation(error.to_string()))?;
        Ok(Self(Envelope::new(PAYLOAD_TYPE, &payload).signed(from).signed(to)))
    }

    /// What it says. The old key's word only after [`Self::check`].
    pub(crate) fn handover(&self) -> Result<Handover, TrustError> {
        let bad = |why: String| TrustError::NotARotation(why);
        let payload = self.0.payload(PAYLOAD_TYPE).ok_or_else(|| bad("it is another document".to_owned()))?;
        let handover: Handover = serde_json::from_slice(&payload).map_err(|error| bad(error.to_string()))?;
        if handover.from == handover.to.id() {
            return Err(bad("a key cannot follow itself".to_owned()));
        }
        Ok(handover)
    }

    /// Whether both keys have signed it.
    pub(crate) fn check(&self, old: &PublicKey) -> Result<(), TrustError> {
        if !self.0.is_signed_by(old) {
            return Err(TrustError::NotSigned("the old key"));
        }
        if !self.0.is_signed_by(&self.handover()?.to) {
            return Err(TrustError::NotSigned("the new key"));
        }
        Ok(())
    }
}
