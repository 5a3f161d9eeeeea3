//! Faults on purpose: processes that are killed, stopped and raced, stores that fail at every operation.
//!
//! **What it is.** [`phone`] is an account in a real folder with software keys, opened by this process or by another;
//! `pforte-faults-child` is a process that does nothing but refresh, and is killed for it; [`process`] starts, hears and
//! kills it; [`kept`] opens what a killed process left behind. The tests beside it use them against the development
//! provider.
//!
//! **What it proves.** `kill_soak`: by provider rule and by finger in time or late, how many sessions SIGKILL and lost
//! answers cost. None where the rule makes none possible; elsewhere each loss lies between the provider's rotation and
//! our durable write, and nowhere else. `two_processes`: two processes with 50 threads each send one refresh; a killed
//! holder of the lease delays the other by no more than the lease; a stopped one that wakes late overwrites nothing.
//! `crash_matrix`: every file and store operation below a session is cut, and what is found is the old or the new state.
//! `account_switch`: a late rotation never reaches the next person.
//!
//! **How to run it.** `cargo xtask test faults` kills 1,000 times. `PFORTE_KILLS=10000 cargo xtask test faults` kills
//! 10,000 times. The seed is printed; `PFORTE_SEED=N` takes it again (the times are those of a real machine, so the same
//! seed draws the same plan and not the same interleaving).
//!
//! **What it never does.** It signals no process but its own children, by their id. It reaches nothing but this machine.
//! SIGKILL is no power failure: what the kernel has, survives it. Lost flushes are `crash_matrix`'s.

pub mod kept;
pub mod phone;
pub mod process;
