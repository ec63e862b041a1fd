//! Prose: descriptions, comments, notes, bodies.

use crate::infer::names::made::{phrase, word};
use crate::infer::names::rule::Make::{By, Entry};
use crate::infer::names::rule::{Made, Scene};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::types::TEXT;

/// Rules about prose.
pub const RULES: &[Rule] = rules! {
    "text|body|content" ["comment", "review", "reply", "answer", "message", "feedback", "chat", "tweet", "question"] TEXT, 20 => Entry("comments", 1), "a comment",
        "comments.text";
    "body|content|article body|body text|full text|text body|html|markdown|content html|body html|post body|page content|transcript|article text|long text|rendered|raw|story|post content|body markdown|plain text|content text|chapter text|terms|terms and conditions|letter"
        [] TEXT, 300 => By(body), "prose", "posts.body";
    "message|log message|status message|notification|notification text|error message|error|last error|exception|failure reason|sms text|alert message|push text|error text"
        ["log", "notification", "event", "alert", "error", "job", "run", "sms", "push", "audit", "task", "import", "queue", "status", "system", "webhook"] TEXT, 12
        => Entry("messages", 1), "a message", "notifications.message";
    "comment|comments|review|review text|feedback|reply|response|answer|comment text|comment body|review body|message|message text|message body|post text|testimonial|customer comment|chat message|question|question text|opinion|answer text|tweet|caption text|reply text"
        [] TEXT, 20 => Entry("comments", 1), "a comment", "reviews.comment";
    "note|notes|remark|remarks|memo|internal note|internal notes|instructions|special instructions|delivery instructions|reason|cancellation reason|order notes|customer note|admin notes|private notes|staff notes|additional info|comment internal|observations|note text|justification|special requests|delivery note|rejection reason|cancel reason|additional information|extra info|annotation|reason text|footnote|hint|tip|purpose"
        [] TEXT, 12 => Entry("notes", 1), "a remark", "orders.notes";
    "symptoms|complaint|complaints|findings|examination|assessment|treatment plan|medical history|history|anamnesis|plan of care|prognosis|recommendations|recommendation|conclusion|impressions|clinical notes|progress notes"
        [] TEXT, 20 => By(description), "prose", "visits.symptoms";
    "allergies|allergy|allergen" [] TEXT, 4 => By(allergies), "an allergy", "patients.allergies";
    "description|details|long description|product description|summary|abstract|overview|excerpt|about|meta description|seo description|synopsis|introduction|intro|explanation|full description|item description|text|information|info|lead text|job description|requirements|benefits|agenda|specification|specifications|plot|ingredients text|profile text|readme|changelog|release notes|documentation|help text|definition|statement|lyrics|deck|description text|scope text|body short|descriptions|narrative|resolution|content summary|blurb|og description|instructions text"
        [] TEXT, 20 => By(description), "prose", "products.description";
    "=description" [] TEXT, 5 => By(short), "a name", "codes.description";
    "value|setting value|option value|attribute value|meta value|string value|default value|text value|property value|answer value|old value|new value|content value|param value"
        [] TEXT, 5 => Entry("labels", 1), "a value", "settings.value";
};

fn body(_: &Scene) -> Option<Made> {
    let five = "{sentences} {sentences} {sentences} {sentences} {sentences}";
    let seven =
        "{sentences} {sentences} {sentences} {sentences}\\n\\n{sentences} {sentences} {sentences}";
    Some(Made::new(phrase(&[five, &seven.replace("\\n\\n", " ")])))
}

/// As long as the column takes.
fn description(scene: &Scene) -> Option<Made> {
    Some(Made::new(match scene.longest {
        250.. => phrase(&[
            "{sentences} {sentences} {sentences}",
            "{sentences} {sentences}",
        ]),
        60.. => phrase(&["{sentences}"]),
        _ => word("notes"),
    }))
}

fn short(_: &Scene) -> Option<Made> {
    Some(Made::new(word("labels")).guess())
}

fn allergies(_: &Scene) -> Option<Made> {
    let all = [
        "Penicillin",
        "Pollen",
        "Peanuts",
        "Latex",
        "Shellfish",
        "House dust",
        "Ibuprofen",
    ];
    Some(Made::new(crate::infer::names::made::one_of(&all, &[])).null(0.7))
}
