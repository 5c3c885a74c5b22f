//! The command line of packages. Doc comments are its help.

use std::path::PathBuf;

use capstan_package::registry::Reference;
use capstan_package::{Digest, Moment};
use clap::{Args, Subcommand};
use semver::Version;

/// Verbs on packages: what publishers make of adapters, and operators decide on.
#[derive(Debug, Subcommand)]
pub enum PackageCommand {
    /// Make a publisher's key pair: the private key in a file that only its owner can read, the public one beside it, in
    /// FILE.pub.
    #[command(
        after_help = "Examples:\n  capstan adapter keygen --out acme.key\n  capstan adapter keygen --out acme.key --passphrase-file passphrase.txt"
    )]
    Keygen {
        /// The private key's file; one that exists is left alone.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// A file with a passphrase (its first line; - is standard input), without which the key does not open.
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Hand over from one key to another: writes what whoever trusts the old one follows to the new (adapter trust follow).
    ///
    /// After --not-after nothing that the old key alone has signed is believed, whenever it was signed. Sign packages that
    /// are to stay in use with the new key, too (adapter sign).
    #[command(
        after_help = "Example:\n  capstan adapter rotate --key acme.key --new-key acme-2.key --not-after 90d --out acme.rotation.json"
    )]
    Rotate(RotateArgs),
    /// Make a component and its fixtures into a package, which nobody has signed yet.
    ///
    /// What the package says of the adapter is what the component says of itself, in the sandbox. Fixtures are replayed; where
    /// one differs nothing is packed. The same files give the same package.
    #[command(
        after_help = "Example:\n  capstan adapter pack adapter_capsolver.wasm --fixtures adapters/capsolver/fixtures --publisher acme.key.pub --out capsolver.tar"
    )]
    Pack(PackArgs),
    /// Sign a package. It keeps the signatures that it has, and gets another digest.
    #[command(after_help = "Example:\n  capstan adapter sign capsolver.tar --key acme.key")]
    Sign {
        /// The package's file, which is written anew.
        package: PathBuf,
        /// The private key's file.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// A file with the key's passphrase (its first line; - is standard input).
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Store a package in a registry, any that speaks the OCI distribution API. Says where it is, with its digest.
    #[command(
        after_help = "Examples:\n  capstan adapter push capsolver.tar registry.example/acme/capsolver:1.2.3\n  capstan adapter push capsolver.tar registry.example/acme/capsolver:1.2.3 --username acme --password-file token.txt"
    )]
    Push {
        /// The package's file.
        package: PathBuf,
        /// Where to: registry/repository:tag. Plain HTTP is for registries on this machine.
        reference: Reference,
        /// Who one is there.
        #[command(flatten)]
        login: LoginArgs,
    },
    /// Fetch a package from a registry into a file. Nothing of it is believed yet (adapter verify).
    #[command(
        after_help = "Examples:\n  capstan adapter pull registry.example/acme/capsolver:1.2.3\n  capstan adapter pull registry.example/acme/capsolver@sha256:… --out capsolver.tar"
    )]
    Pull {
        /// Where from: registry/repository:tag, or @sha256:… for exactly one package.
        reference: Reference,
        /// The file; else PROVIDER-VERSION.capstan.tar.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Who one is there.
        #[command(flatten)]
        login: LoginArgs,
    },
    /// Decide whether a package is to be believed: who signed it, whether that key is trusted for its provider and neither
    /// revoked nor past its time, whether component, fixtures and what the component says of itself are what was signed.
    ///
    /// Exits with 0 if so, else with 1; with --json the reason's name is in "refused".
    #[command(
        after_help = "Examples:\n  capstan adapter verify capsolver.tar --trust trust.toml\n  capstan adapter verify capsolver.tar --trust trust.toml --newest 1.2.2"
    )]
    Verify {
        /// The package's file.
        package: PathBuf,
        /// Whom you trust.
        #[command(flatten)]
        trust: TrustFile,
        /// The newest version of this provider's adapter that you have seen; an older one is refused.
        #[arg(long, value_name = "VERSION")]
        newest: Option<Version>,
        /// Take an older version all the same.
        #[arg(long, requires = "newest")]
        allow_downgrade: bool,
    },
    /// Search a signed index for packages by provider or family; an empty text finds all.
    #[command(
        after_help = "Example:\n  capstan adapter search turnstile --index https://acme.example/index.json --index-key acme-index.key.pub --serial-file acme-index.serial"
    )]
    Search(SearchArgs),
    /// Make a signed index of packages. Only what your own trust believes gets into it.
    #[command(
        after_help = "Example:\n  capstan adapter index capsolver.tar=registry.example/acme/capsolver:1.2.3 --trust trust.toml --key index.key --expires 30d --out index.json"
    )]
    Index(IndexArgs),
    /// Say whose packages you believe, in a file.
    Trust {
        /// The file.
        #[command(flatten)]
        trust: TrustFile,
        /// What to do with it.
        #[command(subcommand)]
        command: TrustCommand,
    },
}

/// Arguments of `capstan adapter rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// The private key's file that hands over.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// A file with its passphrase.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// The private key's file that follows.
    #[arg(long, value_name = "FILE")]
    pub new_key: PathBuf,
    /// A file with its passphrase.
    #[arg(long, value_name = "FILE")]
    pub new_passphrase_file: Option<PathBuf>,
    /// Until when the old key is good: 2027-01-31, 2027-01-31T12:00:00Z, or from now, such as 90d.
    #[arg(long, value_name = "TIME")]
    pub not_after: String,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Arguments of `capstan adapter pack`.
#[derive(Debug, Args)]
pub struct PackArgs {
    /// The component's file.
    pub component: PathBuf,
    /// The folder of its fixtures, one JSON file for each operation.
    #[arg(long, value_name = "DIR")]
    pub fixtures: PathBuf,
    /// The publisher's public key, which has to sign it.
    #[arg(long, value_name = "FILE")]
    pub publisher: PathBuf,
    /// The package's file.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// When the component was made, as 2027-01-31T12:00:00Z; else when its file was changed last.
    #[arg(long, value_name = "TIME")]
    pub created: Option<Moment>,
    /// Under which licences it may be used, as an SPDX expression.
    #[arg(long, value_name = "SPDX")]
    pub licences: Option<String>,
    /// Where its source is.
    #[arg(long, value_name = "URL")]
    pub source: Option<String>,
}

/// Who one is at a registry.
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// The account at the registry; without it, docker's configuration is asked, else one is nobody.
    #[arg(long, value_name = "NAME", requires = "password_file")]
    pub username: Option<String>,
    /// A file with its password or token (its first line; - is standard input).
    #[arg(long, value_name = "FILE", requires = "username")]
    pub password_file: Option<PathBuf>,
    /// The directory of docker's configuration; else .docker in your home directory.
    #[arg(long, value_name = "DIR", env = "DOCKER_CONFIG")]
    pub docker_config: Option<PathBuf>,
}

/// The file that says whom one trusts.
#[derive(Debug, Args)]
pub struct TrustFile {
    /// The file that says whom you trust.
    #[arg(long, value_name = "FILE", env = "CAPSTAN_TRUST", global = true, default_value = "trust.toml")]
    pub trust: PathBuf,
}

/// Arguments of `capstan adapter search`.
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// What a provider, its name or a family has in it.
    pub text: String,
    /// The index: a file, or an https address.
    #[arg(long, value_name = "FILE|URL")]
    pub index: String,
    /// The public key that has to have signed it.
    #[arg(long, value_name = "FILE")]
    pub index_key: PathBuf,
    /// A file that keeps the number of the newest index that was seen; an older one is refused.
    #[arg(long, value_name = "FILE")]
    pub serial_file: Option<PathBuf>,
}

/// Arguments of `capstan adapter index`.
#[derive(Debug, Args)]
pub struct IndexArgs {
    /// Each package's file and where it is to be had.
    #[arg(value_name = "FILE=REFERENCE", required = true)]
    pub packages: Vec<String>,
    /// Whom you trust.
    #[command(flatten)]
    pub trust: TrustFile,
    /// The private key's file that signs the index.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// A file with its passphrase.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Until when it may be believed: 2027-01-31, 2027-01-31T12:00:00Z, or from now, such as 30d.
    #[arg(long, value_name = "TIME")]
    pub expires: String,
    /// Its number, greater than that of every one before; else the seconds since 1970.
    #[arg(long, value_name = "N")]
    pub serial: Option<u64>,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Verbs on whom one trusts.
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Trust a publisher's key, for adapters of some providers or of all.
    #[command(
        after_help = "Example:\n  capstan adapter trust add acme.key.pub --name \"Acme\" --provider capsolver --trust trust.toml"
    )]
    Add {
        /// The public key's file. Compare its id with what its owner tells you in some other way.
        key: PathBuf,
        /// What its owner is called.
        #[arg(long, value_name = "TEXT")]
        name: String,
        /// A provider for whose adapters it is trusted; else for all. May be repeated.
        #[arg(long, value_name = "PROVIDER")]
        provider: Vec<String>,
    },
    /// Follow a key that you trust to the one that it hands over to.
    #[command(after_help = "Example:\n  capstan adapter trust follow acme.rotation.json --trust trust.toml")]
    Follow {
        /// The file that `adapter rotate` wrote.
        rotation: PathBuf,
    },
    /// List the keys, and what is revoked.
    List,
    /// Put the file in force in the gateway: it believes these keys' packages from now on, on every node, and takes out of force
    /// what is revoked.
    #[command(after_help = "Example:\n  capstan adapter trust enforce --trust trust.toml")]
    Enforce,
    /// Show whom the gateway trusts.
    InForce,
    /// Trust a key no more. What it signed is refused as anybody's.
    Remove {
        /// The key, by name or id.
        key: String,
    },
    /// Refuse what a key has signed, or one package or component, whoever signed it. Needs --reason.
    #[command(
        after_help = "Examples:\n  capstan adapter trust revoke --key Acme --reason \"stolen on 3 March\"\n  capstan adapter trust revoke --digest sha256:… --reason \"sends too much\""
    )]
    Revoke {
        /// The key, by name or id.
        #[arg(long, value_name = "KEY", conflicts_with = "digest", required_unless_present = "digest")]
        key: Option<String>,
        /// The package or component. A package that is signed once more has another digest; its component keeps its own.
        #[arg(long, value_name = "SHA256")]
        digest: Option<Digest>,
    },
}
