//! A private key under a passphrase: Argon2id, then XChaCha20-Poly1305.
//!
//! The costs are part of the file's form and not in the file, so that a file cannot ask for other ones.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::error::KeyError;
use crate::keys::SEALED;

/// 64 MiB, three passes, one lane: RFC 9106's second recommendation, with one lane since one thread computes it.
const COSTS: (u32, u32, u32) = (64 * 1024, 3, 1);
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 24;

/// Salt, nonce, box.
pub(crate) fn seal(passphrase: &str, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
    let (mut salt, mut nonce) = ([0; SALT_BYTES], [0; NONCE_BYTES]);
    getrandom::fill(&mut salt).map_err(|_| KeyError::Randomness)?;
    getrandom::fill(&mut nonce).map_err(|_| KeyError::Randomness)?;
    let payload = Payload { msg: plain, aad: SEALED.as_bytes() };
    let boxed = cipher(passphrase, &salt)?.encrypt(&XNonce::from(nonce), payload).map_err(|_| KeyError::Sealing)?;
    Ok([salt.as_slice(), &nonce, &boxed].concat())
}

/// The reverse of [`seal`].
pub(crate) fn open(passphrase: &str, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (salt, rest) = bytes.split_first_chunk::<SALT_BYTES>().ok_or(KeyError::NotAKey)?;
    let (nonce, boxed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(KeyError::NotAKey)?;
    let payload = Payload { msg: boxed, aad: SEALED.as_bytes() };
    let plain = cipher(passphrase, salt)?.decrypt(&XNonce::from(*nonce), payload);
    plain.map(Zeroizing::new).map_err(|_| KeyError::WrongPassphrase)
}

fn cipher(passphrase: &str, salt: &[u8]) -> Result<XChaCha20Poly1305, KeyError> {
    let (memory, passes, lanes) = COSTS;
    let params = Params::new(memory, passes, lanes, Some(32)).map_err(|_| KeyError::Sealing)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(|_| KeyError::Sealing)?;
    Ok(XChaCha20Poly1305::new((&*key).into()))
}
