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
/// At most 2 · `jobs` + 2 chunks exist at a time. A thread takes a buffer before it takes a task, so that the task the
/// consumer waits for always has one. Ends early with an error when `consume` fails or `stop` is set.
pub fn run(
    jobs: usize,
    tasks: usize,
    stop: &AtomicBool,
    make: impl Fn(usize, &mut Vec<u8>) -> u64 + Sync,
    mut consume: impl FnMut(usize, &Chunk) -> Result<()>,
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

/// What each thread does: a buffer, a task, and on.
fn work(
    tasks: usize,
    next: &AtomicUsize,
    stops: &[&AtomicBool],
    free: &Mutex<Receiver<Vec<u8>>>,
    done: Sender<(usize, Chunk)>,
    make: &(impl Fn(usize, &mut Vec<u8>) -> u64 + Sync),
) {
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
        let rows = make(task, &mut bytes);
        if done.send((task, Chunk { rows, bytes })).is_err() {
            return;
        }
    }
}

fn in_order(
    tasks: usize,
    finished: &Receiver<(usize, Chunk)>,
    give_back: &Sender<Vec<u8>>,
    stop: &AtomicBool,
    consume: &mut impl FnMut(usize, &Chunk) -> Result<()>,
) -> Result<()> {
    let mut early: BTreeMap<usize, Chunk> = BTreeMap::new();
    for task in 0..tasks {
        let chunk = loop {
            if let Some(chunk) = early.remove(&task) {
                break chunk;
            }
            match finished.recv() {
                Ok((number, chunk)) => early.insert(number, chunk),
                Err(_) => bail!("making rows was stopped"),
            };
        };
        if stop.load(Ordering::Relaxed) {
            bail!("making rows was stopped");
        }
        consume(task, &chunk)?;
        // Nobody waits for buffers once the last task is taken.
        let _ = give_back.send(chunk.bytes);
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
            1
        };
        run(jobs, tasks, &AtomicBool::new(false), make, |task, chunk| {
            all.push((task, chunk.bytes.clone()));
            Ok(())
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
            |_, _| 1,
            |task, _| {
                if task == 7 {
                    bail!("disk full")
                } else {
                    Ok(())
                }
            },
        );
        assert_eq!(result.unwrap_err().to_string(), "disk full");
    }

    #[test]
    fn a_stop_ends_the_threads() {
        let stop = AtomicBool::new(false);
        let result = run(
            4,
            10_000,
            &stop,
            |_, _| 1,
            |task, _| {
                stop.store(task >= 3, Ordering::Relaxed);
                Ok(())
            },
        );
        assert!(result.is_err());
    }
}
