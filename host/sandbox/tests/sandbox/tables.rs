//! Tables that grow: memory of the host that no memory limit of the guest's own would count. Compilers grow none, so the
//! module is written by hand.

use std::path::Path;

use capstan_sandbox::{AdapterFault, AdmissionError, CallError};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::guest::{ATTEMPT, HOSTILE, reference, sandbox, settings};

/// An adapter whose `describe` does this.
fn describing(body: &str) -> Vec<u8> {
    let module = format!(
        r#"(module
            (table $kept 1 funcref)
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export "describe") (result i32) {body})
            (func (export "begin") (param i32) (result i32) unreachable)
            (func (export "advance") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable))"#
    );
    let mut module = wat::parse_str(module).unwrap();
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(contract).unwrap();
    let world = resolve.select_world(&[package], Some("provider")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}

#[tokio::test]
async fn a_guest_that_grows_a_table_runs_out_of_memory() {
    // Step by step until it is refused, and all at once.
    let by_steps =
        "(loop (br_if 0 (i32.ne (table.grow $kept (ref.null func) (i32.const 1000)) (i32.const -1)))) unreachable";
    let at_once = "(drop (table.grow $kept (ref.null func) (i32.const 0x7fffffff))) unreachable";
    let sandbox = sandbox(settings());
    for body in [by_steps, at_once] {
        let refused = sandbox.admit(&describing(body)).unwrap_err();
        let expected = AdmissionError::Describe(CallError::Adapter(AdapterFault::OutOfMemory));
        assert_eq!(refused, expected, "{body}");
    }
    assert_eq!(reference(&sandbox.admit(&HOSTILE).unwrap(), "echo").await, ATTEMPT.to_string());
}

#[test]
fn the_hand_written_adapter_fails_by_its_table_alone() {
    let refused = sandbox(settings()).admit(&describing("unreachable")).unwrap_err();
    assert!(
        matches!(&refused, AdmissionError::Describe(CallError::Adapter(AdapterFault::Trapped { .. }))),
        "{refused:?}"
    );
}
