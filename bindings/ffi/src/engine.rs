//! The runtime all work happens on.

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinError, JoinHandle};

use crate::values::Error;

/// Two worker threads, alive while anybody needs them: the client, and every call under way.
///
/// A call holds the engine until it ends. So a call whose caller was cancelled, or whose client was let go, runs to its
/// end: that is what keeps a token rotation whole.
#[derive(Clone)]
pub(crate) struct Engine(Arc<Threads>);

struct Threads(Option<Runtime>);

impl Engine {
    /// Starts the threads.
    pub(crate) fn start() -> Result<Self, Error> {
        let runtime =
            Builder::new_multi_thread().worker_threads(2).thread_name("pforte").enable_all().build();
        match runtime {
            Ok(runtime) => Ok(Self(Arc::new(Threads(Some(runtime))))),
            Err(cause) => Err(Error::Unavailable {
                hint: format!(
                    "The system gave Pforte no threads ({cause}). Close other apps and start again."
                ),
            }),
        }
    }

    /// Runs `work` on the engine's threads and waits for it; it goes on when the waiting is cancelled.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let engine = self.clone();
        let task = self.spawn(async move {
            let result = work.await;
            drop(engine);
            result
        });
        match task {
            Some(task) => task.await.unwrap_or_else(|error| Err(broken_off(&error))),
            None => Err(closed()),
        }
    }

    /// Starts `work` without holding the engine: it ends with it.
    pub(crate) fn spawn<T, F>(&self, work: F) -> Option<JoinHandle<T>>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.0.0.as_ref().map(|runtime| runtime.spawn(work))
    }
}

impl Drop for Threads {
    /// The last holder may be a call on one of these very threads, which can't wait for itself.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What a call that panicked, or was cut off, tells its caller. A panic's own text may hold anything: it stays out.
fn broken_off(error: &JoinError) -> Error {
    if error.is_panic() {
        Error::Unavailable {
            hint: "Pforte made a mistake and stopped this call. What is stored stays readable. Start the app again, and \
                   report it with the steps that led here."
                .to_owned(),
        }
    } else {
        closed()
    }
}

fn closed() -> Error {
    Error::Cancelled { hint: "The client was closed. Start it again before the next call.".to_owned() }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;

    /// Work that waits to be let go, and then tells that it came to its end.
    fn work() -> (impl Future<Output = Result<(), Error>> + Send, oneshot::Sender<()>, mpsc::Receiver<()>) {
        let (go, wait) = oneshot::channel();
        let (end, ended) = mpsc::channel();
        let work = async move {
            wait.await.map_err(|_| closed())?;
            end.send(()).map_err(|_| closed())
        };
        (work, go, ended)
    }

    /// Begins to wait for `work`, and gives the waiting up.
    fn begin_and_cancel(engine: &Engine, work: impl Future<Output = Result<(), Error>> + Send + 'static) {
        let waiter = Engine::start().unwrap();
        let waiting = waiter
            .0
            .0
            .as_ref()
            .unwrap()
            .block_on(async { tokio::time::timeout(Duration::from_millis(20), engine.run(work)).await });
        assert!(waiting.is_err(), "the work can't have ended yet");
    }

    #[test]
    fn work_goes_on_when_the_waiting_is_cancelled() {
        let engine = Engine::start().unwrap();
        let (work, go, ended) = work();
        begin_and_cancel(&engine, work);
        go.send(()).unwrap();
        ended.recv_timeout(Duration::from_secs(5)).unwrap();
    }

    #[test]
    fn work_goes_on_when_the_engine_is_let_go() {
        let engine = Engine::start().unwrap();
        let (work, go, ended) = work();
        begin_and_cancel(&engine, work);
        drop(engine);
        go.send(()).unwrap();
        ended.recv_timeout(Duration::from_secs(5)).unwrap();
    }

    #[test]
    fn a_panic_arrives_as_an_error_without_its_text() {
        let engine = Engine::start().unwrap();
        let runtime = engine.0.0.as_ref().unwrap();
        let result: Result<(), Error> = runtime.block_on(engine.run(async { panic!("canary") }));
        let Err(Error::Unavailable { hint }) = result else { panic!("{result:?}") };
        assert!(!hint.contains("canary") && hint.contains("report it"), "{hint}");
    }
}
