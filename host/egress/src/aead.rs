//! Sealing and opening with XChaCha20-Poly1305: one box around bytes, bound to what it is about.
//!
//! The nonce is 24 random bytes, long enough that drawing one per box never repeats in practice; it is written before
//! the box (draft-irtf-cfrg-xchacha-03).

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::error::VaultError;

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// How much longer a box is than what is in it.
pub(crate) const OVERHEAD_BYTES: usize = NONCE_BYTES + TAG_BYTES;

/// A key for boxes; wiped when dropped.
pub(crate) struct BoxKey(Zeroizing<[u8; 32]>);

impl BoxKey {
    pub(crate) fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    pub(crate) fn random() -> Result<Self, VaultError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| VaultError::Randomness)?;
        Ok(Self(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Nonce, then ciphertext with its tag.
    pub(crate) fn seal(&self, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| VaultError::Randomness)?;
        let boxed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad })
            .map_err(|_| VaultError::TooLong)?;
        let mut sealed = Vec::with_capacity(NONCE_BYTES + boxed.len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&boxed);
        Ok(sealed)
    }

    /// The reverse of [`BoxKey::seal`]; any change to the box, the key or `aad` makes it fail.
    pub(crate) fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (nonce, boxed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::DoesNotOpen)?;
        self.cipher()
            .decrypt(&XNonce::from(*nonce), Payload { msg: boxed, aad })
            .map(Zeroizing::new)
            .map_err(|_| VaultError::DoesNotOpen)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.bytes().into())
    }
}
