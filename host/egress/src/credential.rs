//! Sealed credentials: what they are bound to, how they are sealed, and the one place where they are opened.
//!
//! Layout: header (format, key id) · wrapped data key (72 bytes) · box of the fields. The data key is random per
//! credential and wrapped by the vault's key, so a new master key costs a re-wrap of 72 bytes and no new data key
//! meets old ciphertext. Both boxes authenticate the header and a digest of the binding.

use std::fmt;

use capstan_domain::adapter::{Place, Placement};
use capstan_domain::{AccountId, CredentialId, ProviderId};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::aead::{BoxKey, OVERHEAD_BYTES};
use crate::error::VaultError;
use crate::secret::Secret;
use crate::vault::{HEADER_BYTES, Vault};

const WRAPPED_KEY_BYTES: usize = 32 + OVERHEAD_BYTES;
const MAX_FIELDS: usize = 16;
const MAX_NAME_BYTES: usize = 64;
/// Shorter values occur in replies by chance, and removing them would damage the replies.
const MIN_VALUE_BYTES: usize = 6;
const MAX_VALUE_BYTES: usize = 4096;

/// What a credential was approved for. It opens only under the very binding that it was sealed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialBinding {
    /// The credential.
    pub credential: CredentialId,
    /// The provider at which it is a key.
    pub provider: ProviderId,
    /// The contributor; none for the platform's own.
    pub owner: Option<AccountId>,
    /// Every host that it may be sent to, the base URL's included: exact names, or `*.example.com`. Order and letter
    /// case do not count.
    pub hosts: Vec<String>,
    /// Every placement that a request may ask for. Order does not count.
    pub placements: Vec<Placement>,
}

impl CredentialBinding {
    /// SHA-256 over every part, each with its length, so that no two bindings share a text.
    fn digest(&self) -> [u8; 32] {
        let mut hosts: Vec<_> = self.hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let mut placements: Vec<_> = self.placements.iter().map(placement_texts).collect();
        placements.sort_unstable();
        placements.dedup();

        let mut hash = Sha256::new();
        let mut add = |part: &[u8]| {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        add(b"capstan credential binding 1");
        add(self.credential.0.as_bytes());
        add(self.provider.as_str().as_bytes());
        match self.owner {
            Some(account) => add(account.0.as_bytes()),
            None => add(b"platform"),
        }
        add(&(hosts.len() as u64).to_le_bytes());
        hosts.iter().for_each(|host| add(host.as_bytes()));
        for text in placements.iter().flatten() {
            add(text.as_bytes());
        }
        hash.finalize().into()
    }
}

/// Four texts per placement, whatever its kind, so that a list of them reads back in one way only.
fn placement_texts(placement: &Placement) -> [&str; 4] {
    let field = placement.field.as_str();
    match &placement.place {
        Place::JsonField(name) => [field, "json-field", name, ""],
        Place::FormField(name) => [field, "form-field", name, ""],
        Place::Query(name) => [field, "query", name, ""],
        Place::Header { name, prefix } => [field, "header", name, prefix],
        Place::Basic { user } => [field, "basic", user, ""],
    }
}

/// A sealed credential, as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedCredential(Vec<u8>);

impl SealedCredential {
    /// Takes what was stored; whether it is sound shows when it is opened.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// What is to be stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedCredential({} bytes)", self.0.len())
    }
}

/// An opened credential. Lives for one request, inside this crate.
pub(crate) struct OpenCredential {
    fields: Vec<(String, Secret)>,
}

impl OpenCredential {
    /// Fields of these names, each with a value that is nobody's.
    pub(crate) fn stand_in(names: impl Iterator<Item = String>) -> Self {
        Self { fields: names.map(|name| (name, Secret::new("stand-in".to_owned()))).collect() }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Secret> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Secret> {
        self.fields.iter().map(|(_, value)| value)
    }
}

impl Vault {
    /// Seals a credential's fields under its binding.
    ///
    /// # Errors
    /// [`VaultError::UnfitField`] for no or more than 16 fields, a name that is empty, over 64 bytes or given twice,
    /// and a value under 6 bytes (it could not be told from other text in replies), over 4096, or with control
    /// characters.
    pub fn seal_credential(
        &self,
        binding: &CredentialBinding,
        fields: &[(String, Secret)],
    ) -> Result<SealedCredential, VaultError> {
        check_fields(fields)?;
        let aad = self.credential_aad(binding);
        let data_key = BoxKey::random()?;
        let wrapped = self.credential_key().seal(&aad, data_key.bytes())?;
        let boxed = data_key.seal(&aad, &write_fields(fields))?;
        Ok(SealedCredential([self.header().as_slice(), &wrapped, &boxed].concat()))
    }

    /// Seals a credential anew without showing it: under a new binding once the operator has approved the difference,
    /// or, with `opener` the vault of an older master key, under this vault's.
    ///
    /// # Errors
    /// As for opening with `opener` under `from`.
    pub fn reseal_credential(
        &self,
        opener: &Self,
        from: (&CredentialBinding, &SealedCredential),
        to: &CredentialBinding,
    ) -> Result<SealedCredential, VaultError> {
        let opened = opener.open_credential(from.0, from.1)?;
        self.seal_credential(to, &opened.fields)
    }

    /// Whether a credential opens here, without showing it: for whoever wants to know that the master key is the right one.
    ///
    /// # Errors
    /// [`VaultError::OtherMasterKey`] by its header, [`VaultError::UnknownFormat`], [`VaultError::DoesNotOpen`].
    pub fn check_credential(&self, binding: &CredentialBinding, sealed: &SealedCredential) -> Result<(), VaultError> {
        self.open_credential(binding, sealed).map(drop)
    }

    pub(crate) fn open_credential(
        &self,
        binding: &CredentialBinding,
        sealed: &SealedCredential,
    ) -> Result<OpenCredential, VaultError> {
        let boxes = self.without_header(&sealed.0)?;
        let (wrapped, boxed) = boxes.split_first_chunk::<WRAPPED_KEY_BYTES>().ok_or(VaultError::DoesNotOpen)?;
        let aad = self.credential_aad(binding);
        let unwrapped = self.credential_key().open(&aad, wrapped)?;
        let mut data_key = Zeroizing::new([0; 32]);
        data_key.copy_from_slice(unwrapped.first_chunk::<32>().ok_or(VaultError::DoesNotOpen)?);
        let plain = BoxKey::new(data_key).open(&aad, boxed)?;
        let fields = read_fields(&plain).ok_or(VaultError::DoesNotOpen)?;
        Ok(OpenCredential { fields })
    }

    fn credential_aad(&self, binding: &CredentialBinding) -> Vec<u8> {
        let mut aad = Vec::with_capacity(HEADER_BYTES + 32);
        aad.extend_from_slice(self.header());
        aad.extend_from_slice(&binding.digest());
        aad
    }
}

fn check_fields(fields: &[(String, Secret)]) -> Result<(), VaultError> {
    let unfit =
        |field: &str, why| Err(VaultError::UnfitField { field: field.chars().take(MAX_NAME_BYTES).collect(), why });
    if fields.is_empty() || fields.len() > MAX_FIELDS {
        return unfit("", "a credential has 1 to 16 fields");
    }
    for (index, (name, value)) in fields.iter().enumerate() {
        if name.is_empty() || name.len() > MAX_NAME_BYTES {
            return unfit(name, "its name is not 1 to 64 bytes long");
        }
        if fields.iter().take(index).any(|(earlier, _)| earlier == name) {
            return unfit(name, "it is given twice");
        }
        let value = value.reveal();
        if !(MIN_VALUE_BYTES..=MAX_VALUE_BYTES).contains(&value.len()) {
            return unfit(name, "its value is not 6 to 4096 bytes long");
        }
        if value.chars().any(char::is_control) {
            return unfit(name, "its value has control characters");
        }
    }
    Ok(())
}

/// Each text as its length (four bytes, little endian) and its bytes; name and value in turn.
fn write_fields(fields: &[(String, Secret)]) -> Zeroizing<Vec<u8>> {
    let texts = || fields.iter().flat_map(|(name, value)| [name.as_str(), value.reveal()]);
    // The exact size: a vector that grows leaves unwiped copies behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(texts().map(|text| 4 + text.len()).sum()));
    for text in texts() {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        plain.extend_from_slice(&length.to_le_bytes());
        plain.extend_from_slice(text.as_bytes());
    }
    plain
}

fn read_fields(mut plain: &[u8]) -> Option<Vec<(String, Secret)>> {
    let mut fields = Vec::new();
    while !plain.is_empty() {
        let name = take_text(&mut plain)?;
        let value = take_text(&mut plain)?;
        fields.push((name, Secret::new(value)));
    }
    Some(fields)
}

fn take_text(plain: &mut &[u8]) -> Option<String> {
    let (length, rest) = plain.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (text, rest) = rest.split_at_checked(length)?;
    *plain = rest;
    std::str::from_utf8(text).ok().map(str::to_owned)
}
