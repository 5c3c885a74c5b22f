//! Publishers' keys: Ed25519, as short texts in files.
//!
//! A key's id is the SHA-256 of its 32 public bytes: what statements name, people compare and revocations list.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::KeyError;
use crate::{Digest, sealed};

/// The first line of a public key's file.
const PUBLIC: &str = "capstan publisher public key";
/// The first line of a private key's file.
const PRIVATE: &str = "capstan publisher private key";
/// The first line of a private key's file that only its passphrase opens.
pub(crate) const SEALED: &str = "capstan publisher private key, sealed with a passphrase";
/// Before the bytes of a public key.
const ALGORITHM: &str = "ed25519:";

/// The name of a public key: the SHA-256 of its 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub Digest);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A publisher's public key; written `ed25519:` and base64.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId(Digest::of(self.0.as_bytes()))
    }

    /// Whether these 64 bytes are its signature on the message. Points of small order and second spellings of a signature
    /// are refused.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }

    /// The text of its file.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{PUBLIC}\n{self}\n")
    }

    /// Reads a key's file, or the key alone.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        match lines.as_slice() {
            [key] | [PUBLIC, key] => key.parse(),
            [PRIVATE | SEALED, _] => Err(KeyError::Private),
            _ => Err(KeyError::NotAKey),
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}{}", STANDARD.encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let encoded = text.strip_prefix(ALGORITHM).ok_or(KeyError::NotAKey)?;
        let bytes = STANDARD.decode(encoded).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let key = VerifyingKey::from_bytes(&bytes.ok_or(KeyError::NotAKey)?).map_err(|_| KeyError::NotAKey)?;
        if key.is_weak() { Err(KeyError::NotAKey) } else { Ok(Self(key)) }
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

/// A publisher's private key; wiped when dropped.
pub struct PrivateKey(SigningKey);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey of {}", self.public().id())
    }
}

impl PrivateKey {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(|_| KeyError::Randomness)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The key of this seed.
    #[cfg(test)]
    pub(crate) fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// What others know it by.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// The text of its file; with a passphrase, nothing but that opens it.
    ///
    /// # Errors
    /// When the system gives no randomness, or no memory for the passphrase's key.
    pub fn to_text(&self, passphrase: Option<&str>) -> Result<Zeroizing<String>, KeyError> {
        let Some(passphrase) = passphrase else {
            let seed = Zeroizing::new(STANDARD.encode(self.0.as_bytes()));
            return Ok(Zeroizing::new(format!("{PRIVATE}\n{}\n", seed.as_str())));
        };
        let bytes = sealed::seal(passphrase, self.0.as_bytes())?;
        Ok(Zeroizing::new(format!("{SEALED}\n{}\n", STANDARD.encode(bytes))))
    }

    /// Reads a key's file.
    ///
    /// # Errors
    /// [`KeyError`]; [`KeyError::Sealed`] when it has a passphrase and none is given.
    pub fn from_text(text: &str, passphrase: Option<&str>) -> Result<Self, KeyError> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let decode = |line: &str| STANDARD.decode(line).map(Zeroizing::new).map_err(|_| KeyError::NotAKey);
        let seed = match lines.as_slice() {
            [PRIVATE, line] => decode(line)?,
            [SEALED, line] => sealed::open(passphrase.ok_or(KeyError::Sealed)?, &decode(line)?)?,
            [PUBLIC, _] => return Err(KeyError::Public),
            _ => return Err(KeyError::NotAKey),
        };
        let seed = seed.as_slice().try_into().map_err(|_| KeyError::NotAKey)?;
        Ok(Self(SigningKey::from_bytes(seed)))
    }
}

#[cfg(test)]
mod tests {
    use super::{PrivateKey, PublicKey};
    use crate::KeyError;

    #[test]
    fn keys_are_read_as_they_were_written() {
        let key = PrivateKey::generate().unwrap();
        let text = key.public().to_text();
        assert!(text.starts_with("capstan publisher public key\ned25519:"), "{text}");
        assert_eq!(PublicKey::from_text(&text).unwrap(), key.public());
        assert_eq!(PublicKey::from_text(&key.public().to_string()).unwrap(), key.public());
        let again = PrivateKey::from_text(&key.to_text(None).unwrap(), None).unwrap();
        assert_eq!(again.public(), key.public());
    }

    #[test]
    fn a_sealed_key_opens_with_its_passphrase_alone() {
        let key = PrivateKey::from_seed([7; 32]);
        let text = key.to_text(Some("correct horse")).unwrap();
        assert_eq!(PrivateKey::from_text(&text, Some("correct horse")).unwrap().public(), key.public());
        assert!(matches!(PrivateKey::from_text(&text, Some("wrong horse")), Err(KeyError::WrongPassphrase)));
        assert!(matches!(PrivateKey::from_text(&text, None), Err(KeyError::Sealed)));
    }

    #[test]
    fn the_signature_is_that_of_rfc_8032() {
        // RFC 8032, section 7.1, test 1: an empty message.
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len() / 2).map(|n| u8::from_str_radix(text.get(2 * n..2 * n + 2).unwrap(), 16).unwrap()).collect()
        };
        let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let key = PrivateKey::from_seed(seed.try_into().unwrap());
        let signature = hex(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        );
        assert_eq!(key.sign(b"").to_vec(), signature);
        assert!(key.public().verifies(b"", &signature));
        let mut flipped = signature;
        flipped[40] ^= 1;
        assert!(!key.public().verifies(b"", &flipped));
    }

    #[test]
    fn what_is_no_key_is_refused_and_a_private_one_is_no_public_one() {
        let private = PrivateKey::from_seed([7; 32]).to_text(None).unwrap();
        assert!(matches!(PublicKey::from_text(&private), Err(KeyError::Private)));
        let public = PrivateKey::from_seed([7; 32]).public();
        assert!(matches!(PrivateKey::from_text(&public.to_text(), None), Err(KeyError::Public)));
        // The last is the neutral element, which "signs" everything.
        let neutral = format!("ed25519:{}=", "A".repeat(43).replacen('A', "AQ", 1).get(..43).unwrap());
        for text in ["", "ed25519:", "ed25519:AAAA", "rsa:AAAA", "capstan publisher public key", &neutral] {
            assert!(matches!(PublicKey::from_text(text), Err(KeyError::NotAKey)), "{text}");
        }
    }
}
