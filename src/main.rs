//! The program: parses and calls.

/// Importing and indexing allocate small pieces all the time, on several threads: there this is a tenth faster.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    annuaire::cli::main()
}
