//! What a component may ask for, read from its bytes before anything compiles them.

use wasmparser::{ComponentTypeRef, Encoding, Parser, Payload, TypeBounds};

use crate::AdmissionError;
use crate::notes::clean;

/// The contract's log.
pub(crate) const LOG: &str = "capstan:adapter/log";

/// Our own interfaces, in exactly these versions.
const OURS: [&str; 2] = ["capstan:adapter/log@1.0.0", "capstan:adapter/types@1.0.0"];

/// System interfaces that guests' standard libraries import, in any version 0.2.x; each has an inert stand-in. What is
/// not here (`wasi:http`, `wasi:sockets`, `wasi:filesystem`, …) is never linked.
const INERT: [&str; 18] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];

/// Most forbidden imports that an error names.
const MOST_NAMED: usize = 50;

/// An import's interface without its version.
pub(crate) fn interface(name: &str) -> &str {
    name.split_once('@').map_or(name, |(interface, _)| interface)
}

/// The component's imports, all of them allowed.
///
/// # Errors
/// [`AdmissionError::NotAComponent`] for other bytes, [`AdmissionError::ForbiddenImport`] with every forbidden name.
pub(crate) fn allowed(component: &[u8]) -> Result<Vec<String>, AdmissionError> {
    let names = read(component)?;
    let mut forbidden: Vec<String> =
        names.iter().filter(|name| !is_allowed(name)).map(|name| clean(name, 200)).collect();
    if forbidden.is_empty() {
        return Ok(names);
    }
    forbidden.sort();
    forbidden.dedup();
    forbidden.truncate(MOST_NAMED);
    Err(AdmissionError::ForbiddenImport { name: forbidden })
}

fn is_allowed(name: &str) -> bool {
    if OURS.contains(&name) {
        return true;
    }
    let Some((interface, version)) = name.split_once('@') else { return false };
    let patch = version.strip_prefix("0.2.").unwrap_or_default();
    INERT.contains(&interface) && !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit())
}

/// Names of the outermost component's imports. A component inside it gets only what the outermost one hands on.
fn read(component: &[u8]) -> Result<Vec<String>, AdmissionError> {
    let unreadable =
        |error: wasmparser::BinaryReaderError| AdmissionError::NotAComponent { reason: clean(&error.to_string(), 300) };
    let mut names = Vec::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(unreadable)? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(AdmissionError::NotAComponent { reason: "a core module, not a component".to_owned() });
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import.map_err(unreadable)?;
                    // A world's own names for types of its interfaces are imports too; they stand for nothing new.
                    if !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                        names.push(import.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::{allowed, is_allowed};
    use crate::AdmissionError;

    fn component(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn system_interfaces_are_allowed_in_any_version_0_2() {
        for name in ["wasi:io/streams@0.2.0", "wasi:cli/stdin@0.2.99", "capstan:adapter/log@1.0.0"] {
            assert!(is_allowed(name), "{name}");
        }
    }

    #[test]
    fn everything_else_is_forbidden() {
        for name in [
            "wasi:http/outgoing-handler@0.2.0",
            "wasi:io/streams",
            "wasi:io/streams@0.3.0",
            "wasi:io/streams@0.2.0-rc1",
            "wasi:io/streams@0.2.",
            "capstan:adapter/log@0.2.0",
            "capstan:adapter/secrets@1.0.0",
            "anything",
            "",
        ] {
            assert!(!is_allowed(name), "{name}");
        }
    }

    #[test]
    fn all_forbidden_imports_are_named_in_order() {
        let bytes = component(
            r#"(component
                (import "wasi:sockets/tcp@0.2.0" (instance))
                (import "wasi:io/poll@0.2.3" (instance))
                (import "wasi:http/types@0.2.0" (instance)))"#,
        );
        let name = vec!["wasi:http/types@0.2.0".to_owned(), "wasi:sockets/tcp@0.2.0".to_owned()];
        assert_eq!(allowed(&bytes), Err(AdmissionError::ForbiddenImport { name }));
    }

    #[test]
    fn imports_after_and_inside_nested_parts_are_told_apart() {
        let bytes = component(
            r#"(component
                (core module (import "env" "f" (func)))
                (component (import "inner" (instance)) (core module))
                (import "wasi:http/types@0.2.0" (instance)))"#,
        );
        let name = vec!["wasi:http/types@0.2.0".to_owned()];
        assert_eq!(allowed(&bytes), Err(AdmissionError::ForbiddenImport { name }));
    }

    #[test]
    fn a_name_for_a_known_type_is_no_import_and_a_resource_of_unknown_kind_is_one() {
        let bytes = component(
            r#"(component
                (type $number u32)
                (import "number" (type (eq $number)))
                (import "thing" (type (sub resource))))"#,
        );
        assert_eq!(allowed(&bytes), Err(AdmissionError::ForbiddenImport { name: vec!["thing".to_owned()] }));
    }

    #[test]
    fn what_is_no_component_is_refused_by_name() {
        let module = component("(module)");
        for bytes in [&b""[..], b"\0asm", b"\x7fELF and so on", b"(component)", &module] {
            assert!(matches!(allowed(bytes), Err(AdmissionError::NotAComponent { .. })), "{bytes:?}");
        }
    }
}
