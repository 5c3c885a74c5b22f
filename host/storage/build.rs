//! Rebuilds the room when a migration is added: the macro that embeds them cannot notice new files by itself.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
