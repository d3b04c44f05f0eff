//! The program: parses and calls.
fn main() -> std::process::ExitCode {
    annuaire::cli::main()
}
