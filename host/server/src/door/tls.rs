//! The certificate of the door: read from files, and read again when they change, without a connection being dropped.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_util::sync::CancellationToken;

/// The files of the certificate, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by those that lead to the root.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why the files are no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is not PEM.
    #[error("the TLS file {path} cannot be read")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// A file without a certificate.
    #[error("the TLS file {0} has no certificate in it")]
    NoCertificate(PathBuf),
    /// The two do not belong together, or cannot be used.
    #[error("the certificate {cert} and the key {key} cannot be used together")]
    Unusable {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What is known of a file without reading it: when it was changed, and its size.
type Mark = Option<(SystemTime, u64)>;

/// The certificate in force.
pub struct Certificate {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    in_force: ArcSwap<CertifiedKey>,
    seen: Mutex<[Mark; 2]>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads the files. They are small and on a disk of this machine, so that a thread of the reactor may do it.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let seen = Mutex::new(marks(&files));
        let in_force = ArcSwap::from_pointee(read(&files, &provider)?);
        Ok(Self { files, provider, in_force, seen })
    }

    /// TLS 1.2 and 1.3 with whatever certificate is in force, for HTTP/1.1: clients of this API speak it, and it has no
    /// streams that a client could open by the thousand.
    ///
    /// # Errors
    /// What rustls says.
    pub fn server_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, rustls::Error> {
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&self.provider)).with_safe_default_protocol_versions()?;
        let certificate: Arc<dyn ResolvesServerCert> = Arc::<Self>::clone(self);
        let mut config = builder.with_no_client_auth().with_cert_resolver(certificate);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Reads the files again; new connections get what is in them now.
    ///
    /// # Errors
    /// [`TlsError`]; the certificate that was in force stays in force then.
    pub fn reload(&self) -> Result<(), TlsError> {
        // Marked before the reading: what changes in between is read once more.
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = marks(&self.files);
        self.in_force.store(Arc::new(read(&self.files, &self.provider)?));
        Ok(())
    }

    /// Reads the files again and says in the log how it went.
    pub fn renew(&self) {
        match self.reload() {
            Ok(()) => tracing::info!(cert = %self.files.cert.display(), "the certificate was read again"),
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "the new certificate is refused; the one before stays in force"
            ),
        }
    }

    /// Looks at the files now and then, and reads them when they have changed. Two files that are replaced one after the
    /// other may not match in between; the next look finds them whole.
    pub(super) async fn watch(self: Arc<Self>, closing: CancellationToken) {
        loop {
            tokio::select! {
                () = closing.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let has_changed = *self.seen.lock().unwrap_or_else(PoisonError::into_inner) != marks(&self.files);
            if has_changed {
                self.renew();
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.in_force.load_full())
    }
}

fn marks(files: &TlsFiles) -> [Mark; 2] {
    [&files.cert, &files.key].map(|path| {
        let about = std::fs::metadata(path).ok()?;
        Some((about.modified().ok()?, about.len()))
    })
}

fn read(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let failed = |path: &PathBuf| {
        let path = path.clone();
        move |source| TlsError::File { path, source }
    };
    let certificates = CertificateDer::pem_file_iter(&files.cert).map_err(failed(&files.cert))?;
    let chain = certificates.collect::<Result<Vec<_>, _>>().map_err(failed(&files.cert))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(files.cert.clone()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(failed(&files.key))?;
    // This compares the key with the certificate, too.
    CertifiedKey::from_der(chain, key, provider).map_err(|source| TlsError::Unusable {
        cert: files.cert.clone(),
        key: files.key.clone(),
        source,
    })
}
