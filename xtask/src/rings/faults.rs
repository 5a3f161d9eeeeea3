//! Processes that are killed, stopped and raced while they refresh. `PFORTE_KILLS` says how often (1,000 unless said),
//! `PFORTE_SEED` repeats a plan.

use crate::counts::Reader;
use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::Workspace;

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    if !cfg!(unix) {
        return Err(Stop::Missing("signals are Unix's; run this ring there".to_owned()));
    }
    tools::build_everything(workspace, run)?;
    for (title, test) in [("two processes", "two_processes"), ("kills", "kill_soak")] {
        let arguments = ["test", "--workspace", "--exclude", "xtask", "--test", test, "--", "--nocapture"];
        run.step(title, &mut workspace.cargo(arguments), Reader::CargoTest)?;
    }
    Ok(())
}
