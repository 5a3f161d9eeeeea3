//! Work that blocks, on a thread of its own.

use tokio::sync::oneshot;

/// Runs `work` beside the caller, whatever runtime polls it. Nothing comes back where no thread could be started, or
/// `work` panicked. Where the caller stops waiting, `work` goes on to its end.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = oneshot::channel();
    std::thread::Builder::new().spawn(move || drop(done.send(work()))).ok()?;
    result.await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_result_comes_back_and_a_panic_is_nothing() {
        assert_eq!(aside(|| 7).await, Some(7));
        assert_eq!(aside(|| -> u8 { panic!("work went wrong") }).await, None);
    }
}
