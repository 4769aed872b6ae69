//! Rebuilds the program when a file of the embedded suite comes or goes, which the macro that embeds them does not notice.

fn main() {
    for directory in ["cases", "schemas"] {
        println!("cargo:rerun-if-changed={directory}");
    }
}
