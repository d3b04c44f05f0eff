//! The program: parses and calls.

/// Importing and indexing allocate and free small pieces all the time, on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    annuaire::cli::main()
}
