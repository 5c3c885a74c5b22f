//! Programs that know a service by a literal address, unmodified: they run in a mount namespace of their own, where a hosts
//! file of the test's says that the services' names are a loopback address, and a gateway on that address shows a
//! certificate of a test authority. The machine's own hosts file, its trust store and its other addresses are not touched.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use anyhow::{Context as _, Result};
use capstan_server::door::tls::TlsFiles;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

use crate::suite::Unavailable;

/// The services' names, as clients of the field have them in their code.
pub const NAMES: &[&str] = &[
    "api.anti-captcha.com",
    "api.capsolver.com",
    "2captcha.com",
    "api.2captcha.com",
    "rucaptcha.com",
    "api.rucaptcha.com",
    "api.capmonster.cloud",
];

/// Where a program finds the authorities that it trusts, by the library that it uses: requests, OpenSSL, Node.
const TRUST: &[&str] = &["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];

/// An address, a certificate and a hosts file, for one gateway and the programs that it serves.
pub struct Overlay {
    files: TempDir,
    address: SocketAddr,
    namespace: &'static [&'static str],
}

impl Overlay {
    /// Prepares one. It may wait for a program of the system, so not on a thread of the reactor.
    ///
    /// # Errors
    /// [`Unavailable`] where this machine gives no mount namespace or no port 443; else what went wrong.
    pub fn prepare() -> Result<Self> {
        let namespace = namespace()?;
        let files = tempfile::tempdir()?;
        let address = free_address()?;
        write_certificates(files.path())?;
        let names = NAMES.join(" ");
        fs::write(files.path().join("hosts"), format!("127.0.0.1 localhost\n{} {names}\n", address.ip()))?;
        Ok(Self { files, address, namespace })
    }

    /// Where the gateway listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate that it shows.
    #[must_use]
    pub fn certificate(&self) -> TlsFiles {
        TlsFiles { cert: self.path("cert.pem"), key: self.path("key.pem") }
    }

    /// A command that sees the services' names at the gateway and trusts its certificate.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("unshare");
        command.args(self.namespace).args(["sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\""]);
        command.arg(self.path("hosts")).arg(program);
        command.envs(TRUST.iter().map(|name| (name, self.path("ca.pem"))));
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }
}

/// How a mount namespace is had on this machine: as root, or as root of a user namespace of one's own.
fn namespace() -> Result<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["--mount"], &["--map-root-user", "--mount"]];
    static WAY: OnceLock<Result<&'static [&'static str], String>> = OnceLock::new();
    let found = WAY.get_or_init(|| {
        let mut why = String::new();
        for way in WAYS {
            match Command::new("unshare").args(way).args(["mount", "--bind", "/dev/null", "/etc/hosts"]).output() {
                Ok(Output { status, .. }) if status.success() => return Ok(way),
                Ok(output) => why = String::from_utf8_lossy(&output.stderr).trim().to_owned(),
                Err(error) => why = error.to_string(),
            }
        }
        Err(format!("this machine gives no mount namespace (unshare: {why})"))
    });
    Ok(found.clone().map_err(Unavailable)?)
}

/// A loopback address of this overlay's own whose port 443 is free. The process's number is in it, so that test programs
/// that run at the same time do not meet.
fn free_address() -> Result<SocketAddr> {
    static NEXT: AtomicU8 = AtomicU8::new(2);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..u8::MAX {
        let last = NEXT.fetch_add(1, Ordering::Relaxed);
        let address = SocketAddr::from((Ipv4Addr::new(127, high, low, last), 443));
        match TcpListener::bind(address) {
            Ok(_) => return Ok(address),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => refused = error,
            Err(error) => {
                refused = error;
                break;
            }
        }
    }
    Err(Unavailable(format!("port 443 of a loopback address cannot be had: {refused}")).into())
}

fn write_certificates(folder: &Path) -> Result<()> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "an authority of the tests");
    let authority_key = KeyPair::generate()?;
    let root = authority.self_signed(&authority_key)?;

    let mut services = CertificateParams::new(NAMES.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
    services.use_authority_key_identifier_extension = true;
    services.distinguished_name.push(DnType::CommonName, "the services");
    let key = KeyPair::generate()?;
    let certificate = services.signed_by(&key, &Issuer::new(authority, authority_key))?;
    let files = [("ca.pem", root.pem()), ("cert.pem", certificate.pem()), ("key.pem", key.serialize_pem())];
    for (name, text) in files {
        fs::write(folder.join(name), text).with_context(|| format!("{name} cannot be written"))?;
    }
    Ok(())
}
