//! Compiled components between runs.
//!
//! Compiled code is native code: whoever can write it can do whatever the gateway can. So a file counts only with a tag
//! that needs the gateway's own key: HMAC-SHA256 over the file's key and its content. A file is read wholly into memory
//! first, so that what was checked is what is loaded.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::compile;
use crate::notes::clean;
use crate::{AdmissionError, CompileLimits, Compiler, Digest, SandboxSettings};

/// Bytes of the tag before the compiled code.
const TAG_BYTES: usize = 32;

/// A directory of compiled components, or none, and what makes more of them.
pub(crate) struct Cache {
    place: Option<(PathBuf, [u8; 32])>,
    compiler: Compiler,
    /// Held while one is compiled: it takes every core there is, and its limit of memory is for one.
    compiling: Mutex<()>,
    written: AtomicU64,
}

/// A compiled component, and whether its code came from a file.
pub(crate) struct Compiled {
    pub(crate) component: Component,
    pub(crate) from_cache: bool,
}

impl Cache {
    pub(crate) fn new(settings: &SandboxSettings) -> Self {
        let place = settings.cache_dir.clone().map(|dir| (dir, settings.cache_key));
        let compiler = settings.compiler.clone();
        Self { place, compiler, compiling: Mutex::new(()), written: AtomicU64::new(0) }
    }

    /// The component's code from its file, or compiled now and written down. What goes wrong with files is warned of
    /// and costs only time.
    ///
    /// # Errors
    /// [`AdmissionError::NotCompiled`] when the compiler refuses the bytes, [`AdmissionError::NoCompiler`] when there is none.
    pub(crate) fn load_or_compile(
        &self,
        engine: &Engine,
        limits: CompileLimits,
        bytes: &[u8],
    ) -> Result<Compiled, AdmissionError> {
        let key = key(engine, bytes);
        let kept = self.read(&key).and_then(|code| match load(engine, &code) {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(%error, %key, "compiled component cannot be loaded; compiling anew");
                None
            }
        });
        if let Some(component) = kept {
            return Ok(Compiled { component, from_cache: true });
        }
        let code = self.compile(engine, limits, bytes)?;
        let component = load(engine, &code).map_err(not_compiled)?;
        self.write(&key, &code);
        Ok(Compiled { component, from_cache: false })
    }

    fn compile(&self, engine: &Engine, limits: CompileLimits, bytes: &[u8]) -> Result<Vec<u8>, AdmissionError> {
        let _one_at_a_time = self.compiling.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.compiler {
            Compiler::Here => engine.precompile_component(bytes).map_err(not_compiled),
            Compiler::Process { program, args, environment } => {
                compile::in_process((program, args, environment), limits, bytes)
            }
        }
    }

    /// The code of a file whose tag is right.
    fn read(&self, key: &Digest) -> Option<Vec<u8>> {
        let (dir, secret) = self.place.as_ref()?;
        let mut file = match fs::read(path(dir, key)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(%error, %key, "compiled component cannot be read");
                return None;
            }
        };
        let code = file.split_off(file.len().min(TAG_BYTES));
        // Compared in constant time.
        if tag(secret, key, &code).is_some_and(|right| right.verify_slice(&file).is_ok()) {
            return Some(code);
        }
        tracing::warn!(%key, "compiled component has a wrong tag; compiling anew");
        None
    }

    fn write(&self, key: &Digest, code: &[u8]) {
        let Some((dir, secret)) = self.place.as_ref() else { return };
        let Some(tag) = tag(secret, key, code) else { return };
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let temporary = dir.join(format!("{key}.{}-{number}.tmp", std::process::id()));
        let written = store(dir, &temporary, &[tag.finalize().as_bytes().as_slice(), code])
            .and_then(|()| fs::rename(&temporary, path(dir, key)));
        if let Err(error) = written {
            fs::remove_file(&temporary).ok();
            tracing::warn!(%error, %key, "compiled component cannot be written down");
        }
    }
}

/// A file of its own, on the disk before anything gives it its final name.
fn store(dir: &Path, file: &Path, content: &[&[u8]]) -> std::io::Result<()> {
    fs::create_dir_all(dir)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    content.iter().try_for_each(|part| file.write_all(part))?;
    file.sync_all()
}

fn path(dir: &Path, key: &Digest) -> PathBuf {
    dir.join(format!("{key}.cwasm"))
}

fn tag(secret: &[u8; 32], key: &Digest, code: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(key.as_bytes());
    mac.update(code);
    Some(mac)
}

/// Names a component together with everything of the engine that its compiled code depends on.
fn key(engine: &Engine, bytes: &[u8]) -> Digest {
    let mut environment = Collected(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut environment);
    let environment: [u8; 32] = environment.0.finalize().into();
    Digest::of(&[Digest::of(bytes).as_bytes().as_slice(), &environment].concat())
}

/// Feeds what is hashed to SHA-256: 64 bits of an ordinary hasher are too few for a name that code is loaded by.
struct Collected(Sha256);

impl Hasher for Collected {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

fn not_compiled(error: wasmtime::Error) -> AdmissionError {
    AdmissionError::NotCompiled { reason: clean(&format!("{error:#}"), 300) }
}

#[expect(unsafe_code, reason = "loading compiled code trusts it; the tag says that this gateway compiled it")]
pub(crate) fn load(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `code` is what our own compiler made: in this process or in one that this process started from the same program
    // and that nobody else could write to, or else `read` has verified its tag, which covers the key and all of `code`. Nobody
    // else can change the bytes, since they are in our memory already.
    unsafe { Component::deserialize(engine, code) }
}
