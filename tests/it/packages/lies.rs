//! A registry that lies: whatever it hands over, it is refused by name, and nothing of it is kept.

use anyhow::{Result, ensure};
use capstan_package::registry::{Login, Reference, Registry, RegistryError};
use capstan_package::{Package, ReadError};
use capstan_tests::registry::{ACCOUNT, Door, Lie, Registry as Fake};
use capstan_tests::suite::test;
use libtest_mimic::Trial;

use super::Desk;

pub(super) fn tests() -> Vec<Trial> {
    vec![
        test("packages: what a registry swaps, changes or never ends is refused, and nothing is kept", lies),
        test("packages: no password goes where a registry wants it by plain HTTP", realms),
        test("packages: a package that is signed well and stored under another's digest is refused", other_digest),
    ]
}

async fn stored(desk: &Desk, door: Door) -> Result<(Fake, Reference, Package)> {
    desk.publish("acme.key", "one.tar").await?;
    let package = Package::read(std::fs::File::open(desk.path("one.tar"))?)?;
    let fake = Fake::start(door).await?;
    let reference: Reference = format!("{}/acme/capsolver:1.0", fake.address()).parse()?;
    Ok((fake, reference, package))
}

async fn lies() -> Result<()> {
    let desk = Desk::new()?;
    let (fake, reference, package) = stored(&desk, Door::Open).await?;
    let pinned = Registry::new(reference.clone(), Login::Anonymous)?.push(&package).await?;
    for lie in [Lie::EndlessManifest, Lie::ChangedManifest, Lie::SwappedBlob, Lie::EndlessBlob, Lie::Elsewhere] {
        fake.lie(Some(lie));
        let refused = Registry::new(pinned.clone(), Login::Anonymous)?.pull().await;
        let is_named = match (lie, &refused) {
            (Lie::EndlessManifest, Err(RegistryError::Read(ReadError::TooLarge { what, .. }))) => {
                *what == "the manifest"
            }
            (Lie::ChangedManifest, Err(RegistryError::Read(ReadError::WrongDigest { what, .. }))) => {
                *what == "the manifest"
            }
            (Lie::SwappedBlob, Err(RegistryError::Read(ReadError::WrongDigest { what, .. }))) => {
                *what == "the configuration"
            }
            (Lie::EndlessBlob, Err(RegistryError::Read(ReadError::TooLarge { what, .. }))) => {
                *what == "the configuration"
            }
            (Lie::Elsewhere, Err(RegistryError::Redirect(_))) => true,
            _ => false,
        };
        ensure!(is_named, "{lie:?}: {refused:?}");
        desk.refused(&["pull", &pinned.to_string(), "--out", &desk.file("pulled.tar")])?;
        ensure!(!desk.path("pulled.tar").exists(), "{lie:?}: it was kept");
    }
    fake.lie(None);
    ensure!(Registry::new(pinned, Login::Anonymous)?.pull().await?.digest() == package.digest());
    // Whoever asks by the tag alone gets what the registry says; what nobody signed so is not believed.
    fake.lie(Some(Lie::ChangedManifest));
    let changed = Registry::new(reference, Login::Anonymous)?.pull().await?;
    ensure!(changed.digest() != package.digest() && changed.statement() == package.statement());
    Ok(())
}

async fn realms() -> Result<()> {
    let desk = Desk::new()?;
    let login = || Login::Account { name: ACCOUNT.0.to_owned(), password: ACCOUNT.1.to_owned().into() };
    for realm in ["http://token.example/token", "http://10.0.0.1/token", "file:///etc/passwd"] {
        let (_fake, reference, package) = match desk.path("one.tar").exists() {
            true => {
                let fake = Fake::start(Door::TokenFrom(realm.to_owned())).await?;
                let reference = format!("{}/acme/capsolver:1.0", fake.address()).parse()?;
                (fake, reference, Package::read(std::fs::File::open(desk.path("one.tar"))?)?)
            }
            false => stored(&desk, Door::TokenFrom(realm.to_owned())).await?,
        };
        let pulled = Registry::new(Clone::clone(&reference), login())?.pull().await;
        ensure!(matches!(pulled, Err(RegistryError::PlainHttp(_))), "{realm}: {pulled:?}");
        let pushed = Registry::new(reference, login())?.push(&package).await;
        ensure!(matches!(pushed, Err(RegistryError::PlainHttp(_))), "{realm}: {pushed:?}");
    }
    Ok(())
}

async fn other_digest() -> Result<()> {
    let desk = Desk::new()?;
    let (_fake, reference, package) = stored(&desk, Door::Open).await?;
    let other = reference.pinned(capstan_package::Digest::of(b"another package"));
    let pushed = Registry::new(other.clone(), Login::Anonymous)?.push(&package).await;
    ensure!(matches!(pushed, Err(RegistryError::Read(ReadError::WrongDigest { .. }))), "{pushed:?}");
    Registry::new(reference, Login::Anonymous)?.push(&package).await?;
    let pulled = Registry::new(other, Login::Anonymous)?.pull().await;
    ensure!(matches!(pulled, Err(RegistryError::Refused { status: 404, .. })), "{pulled:?}");
    Ok(())
}
