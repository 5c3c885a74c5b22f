//! API keys, `cap_<12 public>_<43 secret><6 checksum>`, and contributors' tokens, `capx_…` of the same shape: all base62, so that
//! a double click selects the whole of it. Neither is ever good for what the other is.
//!
//! The secret has 256 bits, so a plain SHA-256 of the whole key is what is stored and looked up. The checksum (CRC-32 of
//! what stands before it) lets a scanner, and this gateway, tell a mistyped key from an unknown one without a look-up.

use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// What every API key begins with.
const PREFIX: &str = "cap_";
/// What every contributor's token begins with.
const TOKEN_PREFIX: &str = "capx_";
const PUBLIC_CHARS: usize = 12;
const SECRET_CHARS: usize = 43;
const CHECK_CHARS: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new key: shown once, never stored.
pub struct NewApiKey {
    /// The whole key.
    pub key: String,
    /// Its public part, by which people name it.
    pub public_id: String,
    /// What is stored.
    pub secret_hash: [u8; 32],
}

/// The system has no randomness to give.
#[derive(Debug, thiserror::Error)]
#[error("no randomness from the system")]
pub struct NoRandomness;

/// Makes a key from the system's randomness.
///
/// # Errors
/// [`NoRandomness`].
pub fn new_api_key() -> Result<NewApiKey, NoRandomness> {
    Ok(api_key_from_seed(&random_seed()?))
}

/// Makes a contributor's token from the system's randomness.
///
/// # Errors
/// [`NoRandomness`].
pub fn new_exchange_token() -> Result<NewApiKey, NoRandomness> {
    Ok(exchange_token_from_seed(&random_seed()?))
}

fn random_seed() -> Result<[u8; 64], NoRandomness> {
    let mut seed = [0u8; 64];
    getrandom::fill(&mut seed).map_err(|_| NoRandomness)?;
    Ok(seed)
}

/// The key of a seed: the same seed, the same key. As secret as its seed, of which at least 32 bytes must be random.
#[must_use]
pub fn api_key_from_seed(seed: &[u8]) -> NewApiKey {
    from_seed(PREFIX, seed)
}

/// The contributor's token of a seed, as [`api_key_from_seed`].
#[must_use]
pub fn exchange_token_from_seed(seed: &[u8]) -> NewApiKey {
    from_seed(TOKEN_PREFIX, seed)
}

fn from_seed(prefix: &str, seed: &[u8]) -> NewApiKey {
    let public_id = drawn_text(seed, b"public", PUBLIC_CHARS);
    let body = format!("{prefix}{public_id}_{}", drawn_text(seed, b"secret", SECRET_CHARS));
    let key = format!("{body}{}", checksum(&body));
    let secret_hash = hash(&key);
    NewApiKey { key, public_id, secret_hash }
}

/// The hash by which a key is looked up, or `None` for a text that cannot be a key of this gateway.
#[must_use]
pub fn lookup_hash(text: &str) -> Option<[u8; 32]> {
    hash_of(PREFIX, text)
}

/// The hash by which a contributor's token is looked up, or `None` for a text that cannot be one.
#[must_use]
pub fn token_lookup_hash(text: &str) -> Option<[u8; 32]> {
    hash_of(TOKEN_PREFIX, text)
}

fn hash_of(prefix: &str, text: &str) -> Option<[u8; 32]> {
    let (body, check) = text.split_at_checked(text.len().checked_sub(CHECK_CHARS)?)?;
    let (public_id, secret) = body.strip_prefix(prefix)?.split_once('_')?;
    let base62 = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_key = public_id.len() == PUBLIC_CHARS && secret.len() == SECRET_CHARS && base62(public_id) && base62(secret);
    (is_key && check == checksum(body)).then(|| hash(text))
}

/// HMAC-SHA256 (RFC 2104) of these parts, one after another.
pub(crate) fn keyed_digest(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // As the standard does it, a short key is padded with zeros (§2).
    let mut padded = Key::<Hmac<Sha256>>::default();
    padded.iter_mut().zip(key).for_each(|(slot, byte)| *slot = *byte);
    let mut mac = Hmac::<Sha256>::new(&padded);
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// Lower-case hexadecimal: how people read digests.
pub fn hex<'b>(bytes: impl IntoIterator<Item = &'b u8>) -> String {
    bytes.into_iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// Text drawn from SHA-256 over seed, label and a counter; uniform over the alphabet, since bytes that would favour its
/// beginning are left out.
fn drawn_text(seed: &[u8], label: &[u8], chars: usize) -> String {
    let mut text = String::with_capacity(chars);
    let mut counter = 0u64;
    while text.len() < chars {
        let block = Sha256::new().chain_update(seed).chain_update(label).chain_update(counter.to_le_bytes()).finalize();
        let fair = block.iter().filter(|b| **b < 248).filter_map(|b| ALPHABET.get(usize::from(b % 62)));
        text.extend(fair.take(chars - text.len()).map(|b| char::from(*b)));
        counter += 1;
    }
    text
}

fn checksum(body: &str) -> String {
    let mut left = crc32(body.as_bytes());
    let mut digits = [b'0'; CHECK_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get((left % 62) as usize).copied().unwrap_or(b'0');
        left /= 62;
    }
    digits.iter().map(|b| char::from(*b)).collect()
}

/// CRC-32 as in IEEE 802.3 (reflected, polynomial 0xEDB88320).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xEDB8_8320 } else { c >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_recognised_and_a_mistyped_one_is_not() {
        let made = new_api_key().unwrap();
        assert_eq!(lookup_hash(&made.key), Some(made.secret_hash));
        let mut typo = made.key.clone().into_bytes();
        typo[20] = if typo[20] == b'a' { b'b' } else { b'a' };
        assert_eq!(lookup_hash(std::str::from_utf8(&typo).unwrap()), None);
    }

    #[test]
    fn a_key_is_no_token_and_a_token_is_no_key() {
        let (key, token) = (new_api_key().unwrap(), new_exchange_token().unwrap());
        assert_eq!(token_lookup_hash(&token.key), Some(token.secret_hash));
        assert_eq!((lookup_hash(&token.key), token_lookup_hash(&key.key)), (None, None));
    }

    #[test]
    fn the_checksum_is_the_standard_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn anything_else_is_no_key() {
        for text in ["", "cap_", "x", "ключ", "cap_aaaaaaaaaaaa_bbbbbb", &"a".repeat(66)] {
            assert_eq!(lookup_hash(text), None, "{text}");
        }
    }
}
