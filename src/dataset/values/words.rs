//! Words of made-up sentences: sorted, distinct, at most [`LONGEST`] letters each.

/// The most letters of a word.
pub const LONGEST: usize = 9;

/// What things are like.
#[rustfmt::skip]
pub const ADJECTIVES: [&str; 64] = [
    "amber", "ancient", "bright", "broad", "brown", "calm", "careful", "cheerful", "clean", "clear", "clever",
    "cold", "copper", "cosy", "curious", "daily", "deep", "distant", "early", "easy", "empty", "evening", "fair",
    "famous", "fine", "firm", "fresh", "gentle", "golden", "grand", "green", "grey", "heavy", "hidden", "honest",
    "large", "late", "lively", "local", "long", "lucky", "modern", "narrow", "new", "northern", "old", "open",
    "patient", "plain", "quick", "quiet", "rapid", "round", "silver", "simple", "slow", "small", "smooth", "soft",
    "steady", "strong", "warm", "wide", "wooden",
];

/// Things.
#[rustfmt::skip]
pub const NOUNS: [&str; 64] = [
    "anchor", "apple", "balcony", "basket", "bell", "bicycle", "boat", "book", "bottle", "box", "bridge", "bucket",
    "cabin", "candle", "carpet", "castle", "chair", "clock", "cloud", "corner", "cup", "door", "engine", "farm",
    "fence", "field", "flower", "forest", "garden", "gate", "hall", "harbour", "kettle", "key", "kitchen", "ladder",
    "lake", "lamp", "letter", "map", "market", "meadow", "mirror", "mountain", "notebook", "orchard", "painting",
    "path", "piano", "pillow", "river", "road", "rope", "school", "shelf", "ship", "station", "table", "tower",
    "train", "valley", "village", "wall", "window",
];

/// What one thing does to another.
#[rustfmt::skip]
pub const VERBS: [&str; 64] = [
    "admires", "answers", "avoids", "borrows", "brings", "builds", "buys", "carries", "checks", "chooses", "cleans",
    "collects", "counts", "covers", "crosses", "draws", "enters", "explains", "faces", "fetches", "fills", "finds",
    "finishes", "follows", "frames", "greets", "guards", "guides", "helps", "hides", "holds", "improves", "joins",
    "keeps", "leads", "lends", "lifts", "likes", "loads", "marks", "measures", "meets", "misses", "moves", "names",
    "needs", "notices", "offers", "opens", "orders", "packs", "paints", "passes", "plans", "prefers", "reaches",
    "reads", "repairs", "replaces", "returns", "shows", "surprises", "visits", "watches",
];

/// Where a thing is.
#[rustfmt::skip]
pub const PREPOSITIONS: [&str; 8] = [
    "above", "across", "along", "behind", "beside", "near", "under", "within",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_short_and_distinct() {
        for list in [&ADJECTIVES[..], &NOUNS, &VERBS, &PREPOSITIONS] {
            assert!(list.is_sorted_by(|a, b| a < b));
            let short = |word: &&str| (2..=LONGEST).contains(&word.len());
            assert!(list.iter().all(short));
            assert!(
                list.iter()
                    .all(|word| word.bytes().all(|it| it.is_ascii_lowercase()))
            );
        }
    }
}
