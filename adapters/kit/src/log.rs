//! Notes for the adapter's author and the operator. Natively they go nowhere.
//!
//! Names and counts only: never parameters, solutions or replies.

#[cfg(target_arch = "wasm32")]
use crate::bindings::capstan::adapter::log::{Level, note};

/// A detail for the adapter's author.
pub fn debug(message: &str) {
    #[cfg(target_arch = "wasm32")]
    note(Level::Debug, message);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = message;
}

/// Something that the operator may want to know.
pub fn info(message: &str) {
    #[cfg(target_arch = "wasm32")]
    note(Level::Info, message);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = message;
}

/// Something that the operator should look into.
pub fn warn(message: &str) {
    #[cfg(target_arch = "wasm32")]
    note(Level::Warn, message);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = message;
}
