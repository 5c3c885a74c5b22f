//! What is admitted, and what is refused by which name.

use std::time::Duration;

use capstan_domain::adapter::Abilities;
use capstan_sandbox::{AdapterFault, AdmissionError, CallError, Digest, SandboxSettings};

use crate::guest::{HOSTILE, sandbox, settings, with};

/// The guest with some of its bytes exchanged for as many others.
pub(crate) fn edited(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = HOSTILE.clone();
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).expect("the text is there");
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    bytes
}

fn refusal(component: &[u8]) -> AdmissionError {
    sandbox(settings()).admit(component).expect_err("it is refused")
}

fn text(component: &str) -> Vec<u8> {
    wat::parse_str(component).unwrap()
}

#[test]
fn an_admitted_adapter_shows_its_manifest_and_digest() {
    let adapter = sandbox(settings()).admit(&HOSTILE).unwrap();
    let manifest = adapter.manifest();
    assert_eq!(manifest.provider.as_str(), "hostile");
    assert_eq!(manifest.abilities, Abilities { balance: true, look_up: true, ..Abilities::default() });
    assert_eq!((manifest.task_types.len(), manifest.polling.max_batch), (2, 10));
    assert_eq!(adapter.digest(), Digest::of(&HOSTILE));
    assert_eq!(adapter.digest().to_string().len(), 64);
}

#[test]
fn a_component_that_wants_the_network_is_refused_by_name() {
    let component = text(r#"(component (import "wasi:http/outgoing-handler@0.2.0" (instance)))"#);
    let name = vec!["wasi:http/outgoing-handler@0.2.0".to_owned()];
    assert_eq!(refusal(&component), AdmissionError::ForbiddenImport { name });
}

#[test]
fn a_component_without_our_exports_is_no_adapter() {
    assert!(matches!(refusal(&text("(component)")), AdmissionError::NotAnAdapter { .. }));
}

#[test]
fn a_system_function_of_another_type_is_refused_and_an_unknown_one_is_not_offered() {
    let wrong = r#"(component (import "wasi:cli/environment@0.2.3" (instance
        (export "get-arguments" (func (param "secret" string) (result u64))))))"#;
    let AdmissionError::NotAnAdapter { reason } = refusal(&text(wrong)) else { panic!("it is no adapter") };
    assert!(reason.contains("get-arguments"), "{reason}");
    // An unknown function of a known interface links, as something that traps; what is missing here are our exports.
    let unknown = r#"(component (import "wasi:cli/exit@0.2.12" (instance (export "leave" (func)))))"#;
    let AdmissionError::NotAnAdapter { reason } = refusal(&text(unknown)) else { panic!("it is no adapter") };
    assert!(!reason.contains("leave"), "{reason}");
}

#[test]
fn a_component_that_is_too_large_is_not_even_read() {
    let settings = SandboxSettings { large: None, ..with(|s| s.component_bytes = 1_000) };
    let sandbox = sandbox(settings);
    let bytes = HOSTILE.len();
    assert_eq!(sandbox.admit(&HOSTILE).unwrap_err(), AdmissionError::TooLarge { bytes, most: 1_000 });
}

#[test]
fn garbage_and_halves_are_refused_without_harm() {
    let sandbox = sandbox(settings());
    let length = HOSTILE.len();
    for part in [0, 1, 7, 8, 9, 100, length / 4, length / 2, length - 1_000, length - 1] {
        assert!(sandbox.admit(&HOSTILE[..part]).is_err(), "the first {part} bytes");
    }
    assert!(sandbox.admit(&[0xff; 4_096]).is_err());
    assert!(sandbox.admit(b"\0asm\x01\0\0\0").is_err());
    assert!(sandbox.admit(b"\x7fELF\x02\x01\x01").is_err());
}

#[test]
fn flipped_bytes_never_harm_the_host() {
    // Structure is at the beginning and the end, code in between; whatever becomes of it, the host goes on.
    let sandbox = sandbox(with(|s| s.call_budget = Duration::from_millis(50)));
    let length = HOSTILE.len();
    for turn in 0..24 {
        let at = if turn % 2 == 0 { 8 + turn * 37 } else { length - 1 - turn * 41 };
        let mut bytes = HOSTILE.clone();
        bytes[at] ^= 0x55;
        drop(sandbox.admit(&bytes));
    }
    assert!(sandbox.admit(&HOSTILE).is_ok());
}

#[test]
fn a_guest_that_spins_or_crashes_in_describe_is_refused() {
    let sandbox = sandbox(with(|s| s.call_budget = Duration::from_millis(50)));
    let spins = edited("describe-mode:calm", "describe-mode:spin");
    let out_of_time = AdmissionError::Describe(CallError::Adapter(AdapterFault::OutOfTime));
    assert_eq!(sandbox.admit(&spins).unwrap_err(), out_of_time);
    let traps = edited("describe-mode:calm", "describe-mode:trap");
    let refused = sandbox.admit(&traps).unwrap_err();
    assert!(
        matches!(refused, AdmissionError::Describe(CallError::Adapter(AdapterFault::Trapped { .. }))),
        "{refused:?}"
    );
}

#[test]
fn a_manifest_that_cannot_be_used_is_refused_by_field() {
    for (from, to, named) in [
        ("https://hostile.example/api", "http://hostile.example/api/", "base-url"),
        ("*.hostile.example", "*.hostile_example", "hosts[0]"),
    ] {
        let AdmissionError::BadManifest { field, .. } = refusal(&edited(from, to)) else { panic!("{named}") };
        assert_eq!(field, named);
    }
}
