//! Many blocks at once on rayon's threads, handed on in order: the bytes do not depend on the number of threads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

/// A finished task's bytes.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The rows in it.
    pub rows: u64,
    /// Their bytes.
    pub bytes: Vec<u8>,
}

/// Runs tasks 0 to `tasks` on `jobs` threads and hands their chunks to `consume` in the order of their numbers.
///
/// `consume` returns a buffer for a later chunk, most often the chunk's own. At most 2 · `jobs` + 2 chunks exist at a
/// time. A thread takes a buffer before it takes a task, so that the task the consumer waits for always has one. Ends
/// early with an error when `make` or `consume` fails or `stop` is set.
pub fn run(
    jobs: usize,
    tasks: usize,
    stop: &AtomicBool,
    make: impl Fn(usize, &mut Vec<u8>) -> Result<u64> + Sync,
    mut consume: impl FnMut(usize, Chunk) -> Result<Vec<u8>>,
) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .thread_name(|index| format!("rows-{index}"))
        .build()
        .context("could not start the threads that make rows")?;
    let next = AtomicUsize::new(0);
    let ended = AtomicBool::new(false);
    let (give_back, free) = mpsc::channel();
    for _ in 0..2 * jobs + 2 {
        give_back
            .send(Vec::new())
            .context("could not set up buffers")?;
    }
    let free = Mutex::new(free);
    let (done, finished) = mpsc::channel();
    pool.in_place_scope(|scope| {
        for _ in 0..jobs {
            let done = done.clone();
            scope.spawn(|_| work(tasks, &next, &[stop, &ended], &free, done, &make));
        }
        drop(done);
        let result = in_order(tasks, &finished, &give_back, stop, &mut consume);
        ended.store(true, Ordering::Relaxed);
        // Threads that wait for a buffer see the channel close.
        drop(give_back);
        result
    })
}

/// A finished task's number and chunk; `None` when the thread panics.
type Message = Option<(usize, Result<Chunk>)>;

/// Tells the consumer that its thread panics: it would wait for ever for a chunk that never comes, and the other
/// threads for the buffers it doesn't give back.
struct PanicGuard(Sender<Message>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // A consumer that has gone needs no telling.
            let _ = self.0.send(None);
        }
    }
}

/// What each thread does: a buffer, a task, and on.
fn work(
    tasks: usize,
    next: &AtomicUsize,
    stops: &[&AtomicBool],
    free: &Mutex<Receiver<Vec<u8>>>,
    done: Sender<Message>,
    make: &(impl Fn(usize, &mut Vec<u8>) -> Result<u64> + Sync),
) {
    let alarm = PanicGuard(done);
    loop {
        let received = free.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut bytes) = received else { return };
        if stops.iter().any(|stop| stop.load(Ordering::Relaxed)) {
            return;
        }
        let task = next.fetch_add(1, Ordering::Relaxed);
        if task >= tasks {
            return;
        }
        bytes.clear();
        let chunk = make(task, &mut bytes).map(|rows| Chunk { rows, bytes });
        if alarm.0.send(Some((task, chunk))).is_err() {
            return;
        }
    }
}

fn in_order(
    tasks: usize,
    finished: &Receiver<Message>,
    give_back: &Sender<Vec<u8>>,
    stop: &AtomicBool,
    consume: &mut impl FnMut(usize, Chunk) -> Result<Vec<u8>>,
) -> Result<()> {
    let mut early: BTreeMap<usize, Chunk> = BTreeMap::new();
    for task in 0..tasks {
        let chunk = loop {
            if let Some(chunk) = early.remove(&task) {
                break chunk;
            }
            match finished.recv() {
                Ok(Some((number, chunk))) => early.insert(number, chunk?),
                Ok(None) | Err(_) => bail!("making rows was stopped"),
            };
        };
        if stop.load(Ordering::Relaxed) {
            bail!("making rows was stopped");
        }
        let buffer = consume(task, chunk)?;
        // The threads need no more buffers once the last task has started.
        let _ = give_back.send(buffer);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(jobs: usize, tasks: usize) -> Vec<(usize, Vec<u8>)> {
        let mut all = Vec::new();
        let make = |task: usize, out: &mut Vec<u8>| {
            out.extend_from_slice(task.to_string().as_bytes());
            Ok(1)
        };
        run(jobs, tasks, &AtomicBool::new(false), make, |task, chunk| {
            all.push((task, chunk.bytes.clone()));
            Ok(chunk.bytes)
        })
        .unwrap();
        all
    }

    #[test]
    fn chunks_come_in_order_whatever_the_threads() {
        let one = collected(1, 500);
        assert!(
            one.iter()
                .enumerate()
                .all(|(index, (task, _))| index == *task)
        );
        assert_eq!(one, collected(8, 500));
        assert!(collected(3, 0).is_empty());
    }

    #[test]
    fn a_failing_consumer_ends_the_threads() {
        let result = run(
            4,
            10_000,
            &AtomicBool::new(false),
            |_, _| Ok(1),
            |task, chunk| {
                if task == 7 {
                    bail!("disk full")
                } else {
                    Ok(chunk.bytes)
                }
            },
        );
        assert_eq!(result.unwrap_err().to_string(), "disk full");
    }

    #[test]
    fn a_block_that_cannot_be_made_ends_the_threads() {
        let make = |task: usize, _: &mut Vec<u8>| {
            if task == 7 {
                bail!("out of range")
            }
            Ok(1)
        };
        let stop = AtomicBool::new(false);
        let result = run(4, 10_000, &stop, make, |_, chunk| Ok(chunk.bytes));
        assert_eq!(result.unwrap_err().to_string(), "out of range");
    }

    #[test]
    fn never_holds_more_chunks_than_buffers() {
        const JOBS: usize = 3;
        let (begun, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let most = AtomicUsize::new(0);
        let make = |task: usize, _: &mut Vec<u8>| {
            let held = begun.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(
                held.saturating_sub(ended.load(Ordering::SeqCst)),
                Ordering::SeqCst,
            );
            // The consumer waits for the first one while the others run ahead as far as they may.
            if task == 0 {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            Ok(1)
        };
        run(JOBS, 200, &AtomicBool::new(false), make, |_, chunk| {
            ended.fetch_add(1, Ordering::SeqCst);
            Ok(chunk.bytes)
        })
        .unwrap();
        let most = most.into_inner();
        assert!((JOBS + 1..=2 * JOBS + 2).contains(&most), "{most}");
    }

    #[test]
    fn a_panic_in_one_thread_ends_them_all() {
        let result = std::panic::catch_unwind(|| {
            let make = |task: usize, _: &mut Vec<u8>| {
                assert!(task != 5, "a test's panic");
                Ok(1)
            };
            run(4, 10_000, &AtomicBool::new(false), make, |_, chunk| {
                Ok(chunk.bytes)
            })
        });
        assert!(result.is_err());
    }

    #[test]
    fn a_stop_ends_the_threads() {
        let stop = AtomicBool::new(false);
        let result = run(
            4,
            10_000,
            &stop,
            |_, _| Ok(1),
            |task, chunk| {
                stop.store(task >= 3, Ordering::Relaxed);
                Ok(chunk.bytes)
            },
        );
        assert!(result.is_err());
    }
}
