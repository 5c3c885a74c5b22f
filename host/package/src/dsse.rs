//! Signed documents: the DSSE envelope (github.com/secure-systems-lab/dsse, protocol 1.0.2) with Ed25519.
//!
//! What is signed is the document's type and its bytes as they stand, so nothing has to be brought into a canonical form
//! first, and a signature on a document of one type is none on a document of another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::keys::{KeyId, PrivateKey, PublicKey};

/// Most signatures on one document.
const MAX_SIGNATURES: usize = 16;

/// A document and the signatures on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The document's bytes, in base64.
    payload: String,
    /// What the document is, as a media type.
    payload_type: String,
    /// The signatures, in the order in which they were added.
    signatures: Vec<Signature>,
}

/// One signature, and whose it claims to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The key that it claims to be of. A claim: only verifying proves it.
    pub keyid: KeyId,
    /// 64 bytes, in base64.
    sig: String,
}

impl Envelope {
    /// A document without signatures.
    #[must_use]
    pub fn new(payload_type: &str, payload: &[u8]) -> Self {
        Self { payload: STANDARD.encode(payload), payload_type: payload_type.to_owned(), signatures: Vec::new() }
    }

    /// The document, if it is of this type and its envelope in order.
    #[must_use]
    pub fn payload(&self, payload_type: &str) -> Option<Vec<u8>> {
        let is_meant = self.payload_type == payload_type && self.signatures.len() <= MAX_SIGNATURES;
        is_meant.then(|| STANDARD.decode(&self.payload).ok()).flatten()
    }

    /// The signatures.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Signs; a key that has signed before signs once.
    #[must_use]
    pub fn signed(mut self, key: &PrivateKey) -> Self {
        let Ok(payload) = STANDARD.decode(&self.payload) else { return self };
        let (keyid, signed) = (key.public().id(), key.sign(&encoded(&self.payload_type, &payload)));
        self.signatures.retain(|signature| signature.keyid != keyid);
        self.signatures.push(Signature { keyid, sig: STANDARD.encode(signed) });
        self
    }

    /// Whether this signature is the key's on this document.
    #[must_use]
    pub fn proves(&self, signature: &Signature, key: &PublicKey) -> bool {
        let Ok(payload) = STANDARD.decode(&self.payload) else { return false };
        let Ok(bytes) = STANDARD.decode(&signature.sig) else { return false };
        signature.keyid == key.id() && key.verifies(&encoded(&self.payload_type, &payload), &bytes)
    }

    /// Whether the key has signed this document.
    #[must_use]
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.signatures.iter().any(|signature| self.proves(signature, key))
    }
}

/// The protocol's pre-authentication encoding.
fn encoded(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    use super::{Envelope, encoded};
    use crate::PrivateKey;

    #[test]
    fn what_is_signed_is_encoded_as_the_protocol_says() {
        // The protocol's own test vector.
        let said = encoded("http://example.com/HelloWorld", b"hello world");
        assert_eq!(said, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn a_signature_holds_for_one_document_of_one_type_and_one_key() {
        let (key, other) = (PrivateKey::from_seed([1; 32]), PrivateKey::from_seed([2; 32]));
        let envelope = Envelope::new("a/b", b"text").signed(&key).signed(&key);
        assert_eq!(envelope.signatures().len(), 1);
        assert!(envelope.is_signed_by(&key.public()) && !envelope.is_signed_by(&other.public()));
        for moved in [Envelope::new("a/b", b"texts"), Envelope::new("a/c", b"text")] {
            let moved = Envelope { signatures: envelope.signatures.clone(), ..moved };
            assert!(!moved.is_signed_by(&key.public()));
        }
        assert!(envelope.payload("a/c").is_none());
    }
}
