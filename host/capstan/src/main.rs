//! The workspace's one binary.

fn main() -> std::process::ExitCode {
    capstan::main()
}
