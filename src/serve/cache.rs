//! Answers kept for a while: fresh for an endpoint's TTL, then served as long again while one request renews them.
//!
//! Bounded by bytes and shared by the workers. Of several requests for an answer that isn't there, one asks Postgres, and
//! all get what comes of it, an error included.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::Shared;
use quick_cache::sync::{Cache as SharedCache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, Weighter};
use tokio::sync::oneshot;

use super::body::Body;
use super::pool::Unanswered;

/// What an entry takes beside its key and body, roughly.
const ENTRY_BYTES: u64 = 200;
/// A typical entry: decides how many the cache's index is made for.
const TYPICAL_ENTRY: u64 = 3_000;

/// What Postgres answered; `None` where there is no row.
type Answer = Result<Option<Arc<Entry>>, Unanswered>;

/// An answer that Postgres was asked for.
type Pending = Shared<oneshot::Receiver<Answer>>;

/// Answers by their key.
pub struct Cache {
    entries: SharedCache<String, Arc<Entry>, EntryWeighter>,
    pending: Mutex<HashMap<String, Pending>>,
}

/// A kept answer.
#[derive(Debug)]
pub struct Entry {
    /// The answer.
    pub body: Body,
    stored: Instant,
    ttl: Duration,
    renewing: AtomicBool,
}

#[derive(Clone)]
struct EntryWeighter;

impl Weighter<String, Arc<Entry>> for EntryWeighter {
    fn weight(&self, key: &String, entry: &Arc<Entry>) -> u64 {
        key.len() as u64 + entry.body.weight() + ENTRY_BYTES
    }
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// From the cache, within its TTL.
    Hit,
    /// From the cache, past its TTL.
    Stale,
    /// From Postgres.
    Miss,
}

impl Freshness {
    /// Its name in metrics and in the access log.
    pub fn name(self) -> &'static str {
        match self {
            Freshness::Hit => "hit",
            Freshness::Stale => "stale",
            Freshness::Miss => "miss",
        }
    }
}

impl Entry {
    /// An answer that is fresh from now on for `ttl`.
    pub fn new(body: Body, ttl: Duration) -> Entry {
        Entry {
            body,
            stored: Instant::now(),
            ttl,
            renewing: AtomicBool::new(false),
        }
    }

    /// How long ago Postgres gave it.
    pub fn age(&self) -> Duration {
        self.stored.elapsed()
    }

    fn freshness(&self) -> Option<Freshness> {
        let age = self.age();
        if age < self.ttl {
            Some(Freshness::Hit)
        } else if age < self.ttl * 2 {
            Some(Freshness::Stale)
        } else {
            None
        }
    }

    /// True for one caller: the one to renew it.
    fn begin_renewal(&self) -> bool {
        !self.renewing.swap(true, Ordering::Relaxed)
    }
}

impl Cache {
    /// A cache of at most so many bytes.
    pub fn new(bytes: u64) -> Cache {
        let items = usize::try_from(bytes / TYPICAL_ENTRY).unwrap_or(usize::MAX);
        Cache {
            entries: SharedCache::with(
                items.max(16),
                bytes,
                EntryWeighter,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            pending: Mutex::default(),
        }
    }

    /// The answer for a key. `load` asks Postgres, in a task of its own: where nothing is kept, or kept for too long, and once
    /// where what is kept is stale. What fails isn't kept, and `None` neither.
    pub async fn answer<L>(
        self: &Arc<Cache>,
        key: &str,
        load: impl FnOnce() -> L,
    ) -> Result<Option<(Arc<Entry>, Freshness)>, Unanswered>
    where
        L: Future<Output = Result<Option<Entry>, Unanswered>> + Send + 'static,
    {
        if let Some(entry) = self.entries.get(key)
            && let Some(freshness) = entry.freshness()
        {
            if freshness == Freshness::Stale && entry.begin_renewal() {
                tokio::spawn(Arc::clone(self).renew(key.to_owned(), Arc::clone(&entry), load()));
            }
            return Ok(Some((entry, freshness)));
        }
        let (pending, freshness) = self.pending(key, load);
        // It is lost only with the worker that asked.
        let answer = pending.await.unwrap_or(Err(Unanswered::Down))?;
        Ok(answer.map(|entry| (entry, freshness)))
    }

    /// The answer that somebody has asked for already, a hit; else one that Postgres is asked for now.
    fn pending<L>(self: &Arc<Cache>, key: &str, load: impl FnOnce() -> L) -> (Pending, Freshness)
    where
        L: Future<Output = Result<Option<Entry>, Unanswered>> + Send + 'static,
    {
        let mut all = self.all_pending();
        if let Some(pending) = all.get(key) {
            return (pending.clone(), Freshness::Hit);
        }
        let (sender, receiver) = oneshot::channel();
        let pending = receiver.shared();
        all.insert(key.to_owned(), pending.clone());
        let (cache, key, load) = (Arc::clone(self), key.to_owned(), load());
        tokio::spawn(async move {
            let answer = load.await.map(|entry| entry.map(Arc::new));
            if let Ok(Some(entry)) = &answer {
                cache.entries.insert(key.clone(), Arc::clone(entry));
            }
            cache.all_pending().remove(&key);
            // Nobody may be waiting any more.
            let _ = sender.send(answer);
        });
        (pending, Freshness::Miss)
    }

    fn all_pending(&self) -> MutexGuard<'_, HashMap<String, Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn renew(
        self: Arc<Cache>,
        key: String,
        stale: Arc<Entry>,
        load: impl Future<Output = Result<Option<Entry>, Unanswered>>,
    ) {
        match load.await {
            Ok(Some(entry)) => self.entries.insert(key, Arc::new(entry)),
            Ok(None) => drop(self.entries.remove(&key)),
            // The next request tries again.
            Err(_) => stale.renewing.store(false, Ordering::Relaxed),
        }
    }

    /// The bytes that it may hold, and those that it holds.
    pub fn size(&self) -> (u64, u64) {
        (self.entries.capacity(), self.entries.weight())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use bytes::Bytes;

    use super::*;

    fn entry(text: &'static str, ttl: Duration) -> Entry {
        Entry::new(Body::new(Bytes::from_static(text.as_bytes())), ttl)
    }

    async fn ask(
        cache: &Arc<Cache>,
        ttl: Duration,
        answer: Result<Option<&'static str>, Unanswered>,
    ) -> Result<Option<(Bytes, Freshness)>, Unanswered> {
        let load = || async move { answer.map(|text| text.map(|text| entry(text, ttl))) };
        let found = cache.answer("key", load).await?;
        Ok(found.map(|(entry, freshness)| (entry.body.plain().clone(), freshness)))
    }

    #[tokio::test]
    async fn an_answer_is_a_hit_then_stale_while_it_is_renewed() {
        let cache = Arc::new(Cache::new(1 << 20));
        let (short, long) = (Duration::from_millis(30), Duration::from_secs(60));
        let miss = ask(&cache, short, Ok(Some("old"))).await.unwrap();
        assert_eq!(miss, Some((Bytes::from("old"), Freshness::Miss)));
        let hit = ask(&cache, short, Ok(Some("unused"))).await.unwrap();
        assert_eq!(hit, Some((Bytes::from("old"), Freshness::Hit)));
        tokio::time::sleep(short).await;
        let stale = ask(&cache, long, Ok(Some("new"))).await.unwrap();
        assert_eq!(stale, Some((Bytes::from("old"), Freshness::Stale)));
        tokio::task::yield_now().await;
        let renewed = ask(&cache, long, Ok(Some("unused"))).await.unwrap();
        assert_eq!(renewed, Some((Bytes::from("new"), Freshness::Hit)));
    }

    #[tokio::test]
    async fn what_is_too_old_is_asked_for_again() {
        let cache = Arc::new(Cache::new(1 << 20));
        let short = Duration::from_millis(5);
        ask(&cache, short, Ok(Some("old"))).await.unwrap();
        tokio::time::sleep(short * 3).await;
        let miss = ask(&cache, short, Ok(Some("new"))).await.unwrap();
        assert_eq!(miss, Some((Bytes::from("new"), Freshness::Miss)));
    }

    #[tokio::test]
    async fn neither_errors_nor_missing_rows_are_kept() {
        let cache = Arc::new(Cache::new(1 << 20));
        let ttl = Duration::from_secs(60);
        let failed = ask(&cache, ttl, Err(Unanswered::Overloaded)).await;
        assert!(matches!(failed, Err(Unanswered::Overloaded)));
        assert_eq!(ask(&cache, ttl, Ok(None)).await.unwrap(), None);
        let miss = ask(&cache, ttl, Ok(Some("now"))).await.unwrap();
        assert_eq!(miss, Some((Bytes::from("now"), Freshness::Miss)));
    }

    /// Twenty requests at once, each with what it gets; and how many asked.
    async fn twenty(answer: Result<Option<&'static str>, Unanswered>) -> (u32, Vec<bool>) {
        let cache = Arc::new(Cache::new(1 << 20));
        let asked = Arc::new(AtomicU32::new(0));
        let request = || {
            let (cache, asked, answer) = (Arc::clone(&cache), Arc::clone(&asked), answer.clone());
            tokio::spawn(async move {
                let load = || async move {
                    asked.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    answer.map(|text| text.map(|text| entry(text, Duration::from_secs(60))))
                };
                cache.answer("key", load).await.is_ok()
            })
        };
        let requests: Vec<_> = (0..20).map(|_| request()).collect();
        let mut answered = Vec::new();
        for request in requests {
            answered.push(request.await.unwrap());
        }
        assert!(cache.all_pending().is_empty());
        (asked.load(Ordering::Relaxed), answered)
    }

    #[tokio::test]
    async fn one_of_many_asks_for_all_of_them() {
        assert_eq!(twenty(Ok(Some("once"))).await, (1, vec![true; 20]));
        // Nor does each wait for a failure of its own.
        let failed = twenty(Err(Unanswered::Overloaded)).await;
        assert_eq!(failed, (1, vec![false; 20]));
    }

    #[tokio::test]
    async fn it_never_holds_more_than_its_bytes() {
        let cache = Arc::new(Cache::new(100_000));
        for at in 0..1_000 {
            let body = Body::new(Bytes::from(vec![b'x'; 2_000]));
            let load = || async { Ok(Some(Entry::new(body, Duration::from_secs(60)))) };
            cache.answer(&at.to_string(), load).await.unwrap();
        }
        let (capacity, held) = cache.size();
        assert!(held > 0 && held <= capacity, "{held} of {capacity}");
    }
}
