//! Who is on the way to which touchpoint: joining, interrupting, and taking up again.
//!
//! ```text
//!  enter ──► running? ── yes ──► wait with the others
//!              │ no
//!              ▼
//!            begin, from where an interrupted visit was left, or anew
//!              │
//!              ├── ends ──────────────────► every caller gets the same entry
//!              └── last caller goes away ──► the ask leaves the screen; the visit is left for the next caller
//! ```

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Semaphore, watch};

use crate::drive::{Drive, Progress};
use crate::{Client, Entry, Error};

/// An interrupted visit is taken up again within this time, in milliseconds of elapsed time; later a new one begins.
const LEFT_FOR_MS: u64 = 30 * 60 * 1000;

/// The end of a drive, for everybody who waits for it.
type Ending = watch::Receiver<Option<Result<Entry, Error>>>;

/// The drives of one client.
pub(crate) struct Drives {
    running: Mutex<HashMap<String, Running>>,
    left: Mutex<HashMap<String, Left>>,
    turns: Mutex<HashMap<String, Seat>>,
    /// Only one ask is on the screen at a time; who has the permit has the screen.
    pub screen: Semaphore,
    /// How many visits were begun; names a flow.
    flows: AtomicU64,
}

struct Running {
    ending: Ending,
    callers: Weak<Callers>,
}

/// A visit that was interrupted.
struct Left {
    progress: Progress,
    at_elapsed_ms: u64,
}

/// A drive that an app takes turn by turn.
enum Seat {
    /// It waits for the next turn.
    Free(Box<Drive>),
    /// A turn is being taken.
    Taken,
}

impl Default for Drives {
    fn default() -> Self {
        Self {
            running: Mutex::default(),
            left: Mutex::default(),
            turns: Mutex::default(),
            screen: Semaphore::new(1),
            flows: AtomicU64::new(0),
        }
    }
}

impl Drives {
    /// Starts a drive beside its caller, or joins the one under way under the same name. `run` gets how far an
    /// interrupted visit had come, and hands back how far it has come itself.
    pub async fn join<F>(
        client: &Arc<Client>,
        name: &str,
        run: impl FnOnce(Progress, Interruption) -> F,
    ) -> Result<Entry, Error>
    where
        F: Future<Output = (Progress, Result<Entry, Error>)> + Send + 'static,
    {
        let begun = loop {
            match client.drives.joined(name) {
                Join::Under(ending, callers) => return wait(ending, callers).await,
                // Its callers are gone and it is about to end: wait for that, then begin.
                Join::Ending(mut ending) => drop(ending.wait_for(Option::is_some).await),
                Join::Begun(begun) => break begun,
            }
        };
        let Begun { done, ending, callers, interruption } = begun;
        let work = run(client.drives.take_up(client, name), Interruption(Some(interruption)));
        let leaves = Leaves { client: client.clone(), name: name.to_owned() };
        tokio::spawn(async move {
            let (progress, result) = work.await;
            if result.is_err() {
                leaves.client.drives.leave(&leaves.client, &leaves.name, progress);
            }
            // Off the list first: who enters after the end begins anew.
            drop(leaves);
            done.send_replace(Some(result));
        });
        wait(ending, callers).await
    }

    fn joined(&self, name: &str) -> Join {
        let mut running = held(&self.running);
        if let Some(under_way) = running.get(name) {
            let ending = under_way.ending.clone();
            return match under_way.callers.upgrade() {
                Some(callers) => Join::Under(ending, callers),
                None => Join::Ending(ending),
            };
        }
        let (asked_to_leave, interruption) = watch::channel(false);
        let (done, ending) = watch::channel(None);
        let callers = Arc::new(Callers(asked_to_leave));
        running
            .insert(name.to_owned(), Running { ending: ending.clone(), callers: Arc::downgrade(&callers) });
        Join::Begun(Begun { done, ending, callers, interruption })
    }

    /// The drive of `name` for one turn: the one under way, or a new one.
    pub fn sit_down(
        client: &Arc<Client>,
        name: &str,
        begin: impl FnOnce(Progress) -> Drive,
    ) -> Result<Box<Drive>, Error> {
        let seat = held(&client.drives.turns).insert(name.to_owned(), Seat::Taken);
        match seat {
            Some(Seat::Free(drive)) => Ok(drive),
            Some(Seat::Taken) => Err(Error::Retry {
                after_seconds: 1,
                hint: format!(
                    "The last answer at `{name}` is still being taken in; call next when it is done."
                ),
            }),
            None => Ok(Box::new(begin(client.drives.take_up(client, name)))),
        }
    }

    /// Gives the drive back after a turn; nothing where the visit has ended.
    pub fn stand_up(&self, name: &str, drive: Option<Box<Drive>>) {
        let mut turns = held(&self.turns);
        match drive {
            Some(drive) => turns.insert(name.to_owned(), Seat::Free(drive)),
            None => turns.remove(name),
        };
    }

    /// Where an interrupted visit was left, or the beginning of a new one.
    fn take_up(&self, client: &Client, name: &str) -> Progress {
        let now_ms = client.host.clock.elapsed_ms();
        let left = held(&self.left).remove(name);
        match left {
            Some(left) if now_ms.saturating_sub(left.at_elapsed_ms) < LEFT_FOR_MS => left.progress,
            _ => {
                let flow = self.flows.fetch_add(1, Ordering::Relaxed) + 1;
                Progress::new(format!("{name}#{flow}"))
            }
        }
    }

    fn leave(&self, client: &Client, name: &str, progress: Progress) {
        let at_elapsed_ms = client.host.clock.elapsed_ms();
        held(&self.left).insert(name.to_owned(), Left { progress, at_elapsed_ms });
    }
}

/// What a caller finds.
enum Join {
    /// A drive that others wait for.
    Under(Ending, Arc<Callers>),
    /// A drive that nobody waits for any more; it ends soon.
    Ending(Ending),
    /// None: it is the caller's to run.
    Begun(Begun),
}

/// The two ends of a drive that begins.
struct Begun {
    done: watch::Sender<Option<Result<Entry, Error>>>,
    ending: Ending,
    callers: Arc<Callers>,
    interruption: watch::Receiver<bool>,
}

/// Everybody who waits for one drive. When the last one goes away, the drive is asked to leave the screen.
struct Callers(watch::Sender<bool>);

impl Drop for Callers {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

/// Comes when nobody waits for a drive any more.
pub(crate) struct Interruption(Option<watch::Receiver<bool>>);

impl Interruption {
    /// A drive that nobody can interrupt.
    pub fn never() -> Self {
        Self(None)
    }

    /// Whether it has come.
    pub fn has_come(&self) -> bool {
        self.0.as_ref().is_some_and(|asked| *asked.borrow())
    }

    /// Waits for it.
    pub async fn come(&mut self) {
        if let Some(asked) = &mut self.0
            && asked.wait_for(|asked| *asked).await.is_ok()
        {
            return;
        }
        std::future::pending().await
    }
}

/// Takes a drive off the list when it ends, also when a port panics.
struct Leaves {
    client: Arc<Client>,
    name: String,
}

impl Drop for Leaves {
    fn drop(&mut self) {
        held(&self.client.drives.running).remove(&self.name);
    }
}

/// Waits for the end among the others.
async fn wait(mut ending: Ending, callers: Arc<Callers>) -> Result<Entry, Error> {
    let result = match ending.wait_for(Option::is_some).await {
        Ok(result) => result.clone().unwrap_or_else(|| Err(broken_off())),
        Err(_) => Err(broken_off()),
    };
    drop(callers);
    result
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn broken_off() -> Error {
    Error::Retry { after_seconds: 0, hint: "The entry was interrupted; call enter again.".to_owned() }
}
