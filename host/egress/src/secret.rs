//! Values that must not be seen: wiped when dropped, silent when printed.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::error::VaultError;

/// A secret text, such as one field of a credential. Wiped when dropped; its Debug output shows nothing of it.
///
/// Other crates can make one and hand it in; only this crate can read it.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over, so that no second copy stays behind.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret { .. }")
    }
}

/// The gateway's one key, 32 bytes, from which all others are derived. Wiped when dropped.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Takes 32 bytes of randomness as they are.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads a key from 64 hexadecimal digits, or from base64url of 32 bytes with or without padding. Blanks around it
    /// do not count, since files end in a newline.
    ///
    /// # Errors
    /// [`VaultError::BadMasterKey`] for anything else; the text is not repeated in it.
    pub fn from_text(text: &str) -> Result<Self, VaultError> {
        let text = text.trim();
        let decoded = if text.len() == 64 {
            decode_hex(text)
        } else {
            URL_SAFE_NO_PAD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok().map(Zeroizing::new)
        };
        let mut bytes = Zeroizing::new([0; 32]);
        let decoded = decoded.filter(|decoded| decoded.len() == bytes.len()).ok_or(VaultError::BadMasterKey)?;
        bytes.copy_from_slice(&decoded);
        Ok(Self(bytes))
    }

    /// Draws a new key from the system.
    ///
    /// # Errors
    /// [`VaultError::Randomness`] when the system gives no randomness.
    pub fn generate() -> Result<Self, VaultError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| VaultError::Randomness)?;
        Ok(Self(bytes))
    }

    /// The key as base64url without padding, to be written to the file that [`MasterKey::from_text`] reads.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0.as_slice()))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey { .. }")
    }
}

fn decode_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.as_bytes().chunks_exact(2) {
        let [high, low] = pair else { return None };
        bytes.push(hex_digit(*high)? << 4 | hex_digit(*low)?);
    }
    Some(bytes)
}

/// The value of a hexadecimal digit in either case.
pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
