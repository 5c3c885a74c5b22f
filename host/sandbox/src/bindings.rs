//! The component's side of the contract, generated from `wit/`; only `convert.rs` and `call.rs` look inside.

wasmtime::component::bindgen!({ world: "provider", path: "../../wit" });
