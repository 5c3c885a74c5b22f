//! What can go wrong in this room, and who is to blame for it.

/// Why the sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A setting makes no sense; the text is the rule that it breaks.
    #[error("sandbox settings: {0}")]
    Setting(&'static str),
    /// The engine refuses this machine.
    #[error("the WebAssembly engine cannot be set up: {0}")]
    Engine(String),
    /// The system gives no more threads.
    #[error("a thread of the sandbox cannot be started")]
    Thread(#[source] std::io::Error),
}

/// Why a component is not admitted. Nothing of a refused component is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// The file is larger than the operator allows.
    #[error("the component has {bytes} bytes; at most {most} are allowed")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        most: usize,
    },
    /// The bytes are not a WebAssembly component.
    #[error("not a component: {reason}")]
    NotAComponent {
        /// What they are, or where reading failed.
        reason: String,
    },
    /// The component asks for interfaces that adapters do not get.
    #[error("forbidden imports: {}", name.join(", "))]
    ForbiddenImport {
        /// Every such import, sorted, at most 50.
        name: Vec<String>,
    },
    /// The component does not keep to the contract's world: an export is missing, or a type differs.
    #[error("not an adapter: {reason}")]
    NotAnAdapter {
        /// What does not fit.
        reason: String,
    },
    /// The component is valid, and yet cannot be compiled or does not fit in the limits of a call.
    #[error("the component cannot be compiled: {reason}")]
    NotCompiled {
        /// What the compiler says.
        reason: String,
    },
    /// Nothing is known of the component: the process that compiles could not be started, or was lost.
    #[error("the compiler cannot be run: {reason}")]
    NoCompiler {
        /// What the system says.
        reason: String,
    },
    /// `describe` failed.
    #[error("no manifest: {0}")]
    Describe(CallError),
    /// The manifest cannot be used.
    #[error("manifest, {field}: {reason}")]
    BadManifest {
        /// Path of the field, such as `task-types[2].list-price`.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a call gave no step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The adapter is to blame; repeated ones quarantine it.
    #[error(transparent)]
    Adapter(#[from] AdapterFault),
    /// Too many calls wait already; the adapter did not see this one, and the caller may try again.
    #[error("the sandbox is busy")]
    Busy,
    /// The sandbox has ended.
    #[error("the sandbox has stopped")]
    Stopped,
}

impl CallError {
    /// A word for metrics: which kind of error it is.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Adapter(fault) => fault.name(),
            Self::Busy => "busy",
            Self::Stopped => "stopped",
        }
    }

    /// The adapter's fault, where the adapter is to blame.
    #[must_use]
    pub const fn fault(&self) -> Option<&AdapterFault> {
        match self {
            Self::Adapter(fault) => Some(fault),
            Self::Busy | Self::Stopped => None,
        }
    }
}

/// How an adapter broke a limit or the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdapterFault {
    /// The call's budget of time was used up.
    #[error("the adapter ran out of time")]
    OutOfTime,
    /// Memory, or a table, was refused, and the call failed.
    #[error("the adapter ran out of memory")]
    OutOfMemory,
    /// The stack was used up.
    #[error("the adapter ran out of stack")]
    OutOfStack,
    /// The adapter crashed.
    #[error("the adapter crashed: {reason}")]
    Trapped {
        /// What the engine says: one line, at most 300 characters, without control characters.
        reason: String,
    },
    /// The adapter returned more than the contract allows.
    #[error("the adapter's {what} is too large: {bytes} bytes, at most {most} are allowed")]
    OutputTooLarge {
        /// Which part of the answer.
        what: &'static str,
        /// Its size in bytes; a lower bound where the sandbox stopped reading.
        bytes: usize,
        /// The limit in bytes.
        most: usize,
    },
    /// The answer makes no sense under the contract.
    #[error("the adapter broke the contract: {what}")]
    BrokeContract {
        /// What is wrong with it.
        what: &'static str,
    },
}

impl AdapterFault {
    /// The fault's name in logs, in records of attempts and in the documentation.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OutOfTime => "out-of-time",
            Self::OutOfMemory => "out-of-memory",
            Self::OutOfStack => "out-of-stack",
            Self::Trapped { .. } => "trapped",
            Self::OutputTooLarge { .. } => "output-too-large",
            Self::BrokeContract { .. } => "broke-contract",
        }
    }
}
