//! The migrations are compiled into the binary: a new one must cause a new build.
fn main() {
    println!("cargo:rerun-if-changed=schema/postgres");
}
