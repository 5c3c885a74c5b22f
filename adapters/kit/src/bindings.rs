//! The contract as Rust types, generated from `wit/adapter.wit`; its comments are the documentation.
//!
//! Only [`crate::export!`] needs the paths in here; everything an author writes with is at the crate's root.

#![allow(
    clippy::all,
    clippy::allow_attributes,
    clippy::pedantic,
    missing_docs,
    unsafe_code,
    reason = "generated code; which of these it trips over differs between wasm32 and native builds, so `expect` cannot \
              be used"
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "provider",
    pub_export_macro: true,
    default_bindings_module: "adapter_kit::bindings",
    additional_derives: [PartialEq],
});
