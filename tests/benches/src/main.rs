//! The benches: `cargo xtask bench` builds and starts them.
//!
//! Every table is of one run. Contenders take turns, the middle of 21 rounds is shown with its quartiles, and ratios are
//! made round by round. Nothing is asserted about time; what is asserted is that contenders agree.

mod bare;
mod consent;
mod gate;
mod measure;
mod sign_in;
mod table;
mod vault;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["gate"] => gate::run(),
        ["consent"] => consent::run(),
        ["signin", node, jvm] => sign_in::run(node, jvm),
        ["vault", ref others @ ..] => vault::run(others),
        _ => panic!("want gate, consent, signin NODE JVM, or vault; `cargo xtask bench` knows how"),
    }
}
