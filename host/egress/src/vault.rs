//! The master key's sub-keys, and small sealed blobs.

use capstan_domain::ProviderId;
use hkdf::{Hkdf, HkdfExtract};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::aead::BoxKey;
use crate::error::VaultError;
use crate::secret::{MasterKey, Secret};

/// Format of everything sealed; a reader that meets another one refuses instead of guessing.
const FORMAT: u8 = 1;
const KEY_ID_BYTES: usize = 4;
/// Format byte and key id, before every sealed blob and credential.
pub(crate) const HEADER_BYTES: usize = 1 + KEY_ID_BYTES;

/// What a small blob is; each purpose has its own key, so that one cannot be passed off as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A task's reference and memo at its provider.
    Reference,
    /// A solution.
    Solution,
    /// Where a contributor's payout goes.
    Payout,
}

/// Keeps the keys: one per purpose, derived from the master key by HKDF-SHA256 (RFC 5869).
///
/// Everything sealed starts with a format byte and an id of the master key that sealed it, so that a wrong key is told
/// apart from a damaged blob and keys can be rotated.
pub struct Vault {
    root: Zeroizing<[u8; 32]>,
    header: [u8; HEADER_BYTES],
    credential: BoxKey,
    fingerprint: Zeroizing<[u8; 32]>,
    reference: BoxKey,
    solution: BoxKey,
    payout: BoxKey,
}

impl Vault {
    /// Derives the sub-keys; the master key itself is wiped.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "the vault takes the master key over, so that it is wiped here")]
    pub fn new(master: MasterKey) -> Self {
        let (root, _) = Hkdf::<Sha256>::extract(Some(b"capstan master key"), master.bytes());
        let root = Zeroizing::new(<[u8; 32]>::from(root));
        let key_id = Zeroizing::new(expand(&root, &["key id"]));
        let mut header = [FORMAT; HEADER_BYTES];
        for (slot, byte) in header.iter_mut().skip(1).zip(key_id.iter()) {
            *slot = *byte;
        }
        let box_key = |label| BoxKey::new(Zeroizing::new(expand(&root, &["seal", label])));
        Self {
            header,
            credential: box_key("credential"),
            fingerprint: Zeroizing::new(expand(&root, &["fingerprint"])),
            reference: box_key("reference"),
            solution: box_key("solution"),
            payout: box_key("payout"),
            root,
        }
    }

    /// Seals a blob for one purpose, bound to `aad` (such as the task's id and the column's name).
    ///
    /// # Errors
    /// [`VaultError::Randomness`] when the system gives no randomness.
    pub fn seal(&self, purpose: Purpose, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let boxed = self.key(purpose).seal(&self.bound(aad), plain)?;
        Ok([self.header.as_slice(), &boxed].concat())
    }

    /// Opens what [`Vault::seal`] sealed for the same purpose and `aad`.
    ///
    /// # Errors
    /// [`VaultError::OtherMasterKey`] and [`VaultError::UnknownFormat`] by the header, [`VaultError::DoesNotOpen`] for
    /// a changed blob, another purpose or other `aad`.
    pub fn open(&self, purpose: Purpose, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let boxed = self.without_header(sealed)?;
        let mut plain = self.key(purpose).open(&self.bound(aad), boxed)?;
        Ok(std::mem::take(&mut *plain))
    }

    /// A keyed fingerprint of a credential, the same for the same fields at the same provider whatever their order:
    /// tells a credential that is contributed twice without opening any. HMAC-SHA256.
    #[must_use]
    pub fn fingerprint(&self, provider: &ProviderId, fields: &[(String, Secret)]) -> [u8; 32] {
        let mut fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
        fields.sort_unstable();
        // Extraction is HMAC with the salt as its key; fed piece by piece it leaves no copy of the fields behind.
        let mut mac = HkdfExtract::<Sha256>::new(Some(self.fingerprint.as_slice()));
        let mut add = |text: &str| {
            mac.input_ikm(&(text.len() as u64).to_le_bytes());
            mac.input_ikm(text.as_bytes());
        };
        add(provider.as_str());
        for (name, value) in fields {
            add(name);
            add(value);
        }
        mac.finalize().0.into()
    }

    /// A 32-byte key for another room, such as the one that vouches for compiled components. The same purpose gives the
    /// same key for as long as the master key stays.
    #[must_use]
    pub fn derive_key(&self, purpose: &'static str) -> [u8; 32] {
        expand(&self.root, &["room", purpose])
    }

    pub(crate) fn header(&self) -> &[u8; HEADER_BYTES] {
        &self.header
    }

    pub(crate) fn credential_key(&self) -> &BoxKey {
        &self.credential
    }

    /// What follows the header, when the header is ours.
    pub(crate) fn without_header<'a>(&self, sealed: &'a [u8]) -> Result<&'a [u8], VaultError> {
        let (header, boxed) = sealed.split_first_chunk::<HEADER_BYTES>().ok_or(VaultError::DoesNotOpen)?;
        if header.first() != Some(&FORMAT) {
            return Err(VaultError::UnknownFormat);
        }
        if header != &self.header {
            return Err(VaultError::OtherMasterKey);
        }
        Ok(boxed)
    }

    /// The header is authenticated along with what the caller binds.
    fn bound(&self, aad: &[u8]) -> Vec<u8> {
        [self.header.as_slice(), aad].concat()
    }

    fn key(&self, purpose: Purpose) -> &BoxKey {
        match purpose {
            Purpose::Reference => &self.reference,
            Purpose::Solution => &self.solution,
            Purpose::Payout => &self.payout,
        }
    }
}

/// HKDF-Expand to 32 bytes, with the labels' texts, each ended by a zero byte, as its info.
///
/// One block of it is `HMAC(root, info || 1)` (RFC 5869 §2.3), and extraction is HMAC, so that is how it is written:
/// the crate's own `expand` returns an error for lengths that do not occur here.
fn expand(root: &[u8; 32], labels: &[&str]) -> [u8; 32] {
    let mut mac = HkdfExtract::<Sha256>::new(Some(root));
    mac.input_ikm(b"capstan/");
    for label in labels {
        mac.input_ikm(label.as_bytes());
        mac.input_ikm(&[0]);
    }
    mac.input_ikm(&[1]);
    mac.finalize().0.into()
}

#[cfg(test)]
mod tests {
    use hkdf::Hkdf;
    use sha2::Sha256;

    use super::expand;

    #[test]
    fn one_block_of_expansion_is_what_the_standard_says() {
        let root = [7; 32];
        let mut expected = [0; 32];
        let standard = Hkdf::<Sha256>::from_prk(&root).unwrap();
        standard.expand(b"capstan/seal\0solution\0", &mut expected).unwrap();
        assert_eq!(expand(&root, &["seal", "solution"]), expected);
    }
}
