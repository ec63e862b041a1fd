//! Days and times: created ≤ updated ≤ deleted, begin ≤ end; a fixed window, and no wall clock.

use crate::infer::domain::MakerToml;
use crate::infer::names::rule::Make::{By, Maker};
use crate::infer::names::rule::{Made, MatchedSibling, Scene};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::rules::subjects::PERSON;
use crate::infer::names::types::{DATE, INTERVAL, TIME, Types, WHEN};

/// The window that everything happens in.
const FIRST_DAY: &str = "2022-01-01";
const LAST_DAY: &str = "2024-12-31";
/// What comes after everything else.
const LATER: (&str, &str) = ("2025-01-01", "2025-12-31");

/// Names of the column that says when a row was made.
const CREATED: &str = "created at|created on|created|created date|created time|creation date|creation time|inserted at|created ts|date add|added at|added on|added date|registered at|registration date|signup date|signed up at|joined at|joined on|join date|order date|ordered at|purchase date|purchased at|placed at|posted at|post date|sale date|sold at|invoice date|invoiced at|issued at|issue date|issued on|issue time|occurred at|event time|event date|logged at|timestamp|recorded at|received at|received date|submitted at|submission date|enrollment date|enrolled at|hire date|hired at|hired on|transaction date|booked at|booking date|reported at|visited at|visit date|admission date|admitted at|prescribed at|prescribed on|requested at|request date|uploaded at|sent at|measured at|taken at|opened at|date";

/// Rules about times.
pub const RULES: &[Rule] = rules! {
    "updated at|updated on|updated|updated date|updated time|modified at|modified on|modified|modified date|modification date|last update|last updated|last updated at|last modified|last modified at|changed at|changed on|edited at|last edited at|update time|refreshed at|synced at|last synced at|touched at"
        [] WHEN, 0 => By(updated), "not before the row was made", "users.updated_at";
    "deleted at|deleted on|deleted|deleted date|deletion date|removed at|archived at|archived on|cancelled at|canceled at|revoked at|banned at|suspended at|blocked at|locked at|disabled at|deactivated at|discarded at|retired at|terminated at|termination date|closed at|rejected at|voided at|refunded at|failed at|unsubscribed at|expired at|abandoned at|cancellation date|withdrawn at|discontinued at|hidden at|locked until|escalated at"
        [] WHEN, 0 => By(rare), "seldom, and not before the row was made", "users.deleted_at";
    "expires at|expires on|expires|expiry|expiry date|expiration|expiration date|expire at|expire date|valid until|valid to|good until|best before|renewal date|renews at|trial ends at|trial end|due at|due date|due on|due|deadline|required date|needed by|target date|expected at|expected date|estimated delivery|delivery date|scheduled delivery|next run at|next billing date|promised date|warranty until|warranty expires|warranty end"
        [] WHEN, 0 => By(ahead), "weeks after the row was made", "coupons.expires_at";
    "end|ended at|ended on|ends at|ends on|end date|end time|end at|ending|end day|finish|finished at|finish date|finish time|finished on|completed at|completed on|completion date|stop|stopped at|stop time|valid thru|check out|checkout date|check out date|checked out at|departure|departed at|arrival time|arrived at|arrival date|until|date to|to date|period end|left at|left on|discharge date|discharged at|return date|returned at|released at|valid till|effective to|closed date|resolved at|resolution date|dropoff time|exit time|leave date"
        [] WHEN, 0 => By(end), "not before it begins", "events.ends_at";
    "start|started at|started on|starts at|starts on|start date|start time|start at|starting|start day|begin|begins at|begin date|begin time|began at|begin at|valid from|effective from|effective date|effective at|check in|checkin date|check in date|checked in at|arrival|from|from date|date from|period start|since|scheduled at|scheduled for|scheduled date|scheduled time|appointment date|appointment time|appointment at|pickup time|entry time|loan date|loaned at|borrowed at|rental date|rented at|departure date|departure time|trial starts at|launch date|launched at|opening date|kickoff|held on|held at|release date|admission time"
        [] WHEN, 0 => By(start), "within the window", "events.starts_at";
    "founded on|founded at|founded|established|established on|incorporated on|opened on|built on|inception date"
        [] WHEN, 0 => By(founded), "long ago", "companies.founded_on";
    "birthday|birth" PERSON WHEN, 0 => By(founded), "long ago", "persons.birth";
    "last login|last login at|last sign in at|last seen|last seen at|last active at|last activity|last activity at|last used at|last used|last access|last accessed at|accessed at|last visit|last run at|last run|current sign in at|last checked at|last attempt at|last ping at|last contacted at|last message at|last ordered at|last purchase at|last post at"
        [] WHEN, 0 => By(sometimes_later), "after the row was made", "users.last_login_at";
    "confirmed at|confirmation sent at|verified at|email verified at|activated at|approved at|approved on|accepted at|published at|published on|publication date|publish date|publish at|pub date|paid at|paid on|payment date|shipped at|shipped on|shipped date|ship date|delivered at|delivered on|processed at|read at|seen at|reviewed at|completed|resolved on|signed at|signed on|dispatched at|fulfilled at|acknowledged at|answered at|replied at|responded at|reset password sent at|remember created at|claimed at|redeemed at|used at|notified at|attempted at|scanned at|picked up at|merged at|assigned at|queued at|executed at|started|viewed at|clicked at|downloaded at|invited at|contacted at|collected at|dispensed at|administered at|performed at|performed on"
        [] WHEN, 0 => By(sometimes_later), "after the row was made", "posts.published_at";
    CREATED [] WHEN, 0 => By(created), "rises with the row", "users.created_at";
    "at|on|time|ts|day|week|month" [] WHEN, 0 => By(sometime), "within the window", "readings.noticed_at";
    "start time|opens at|opening time|open time|open|start|starts at|from|begin time" [] TIME, 0 => Maker(|| hours("07:00:00", "10:00:00")),
        "in the morning", "opening_hours.opens_at";
    "end time|closes at|closing time|close time|close|end|ends at|to|until" [] TIME, 0 => Maker(|| hours("16:00:00", "20:00:00")),
        "in the afternoon", "opening_hours.closes_at";
    "time|at" [] TIME, 0 => Maker(|| hours("08:00:00", "18:00:00")), "during the day", "appointments.appointment_time";
    "duration|length|elapsed|runtime|run time|playtime|time spent|timeout|interval|ttl|period|session length|delay|lead time|warranty|retention|age"
        [] INTERVAL, 0 => Maker(|| MakerToml::new("interval").with("min", 60).with("max", 14_400)), "up to four hours",
        "calls.duration";
};

fn hours(min: &str, max: &str) -> MakerToml {
    MakerToml::new("time").with("min", min).with("max", max)
}

/// Whether a column of these words, with this type, says when its row was made.
pub fn says_created(rule: &Rule) -> bool {
    rule.columns == CREATED
}

/// Whether it says when what the row is about begins.
pub fn says_begun(rule: &Rule) -> bool {
    rule.columns == RULES[4].columns
}

fn window(scene: &Scene, first: &str, last: &str) -> MakerToml {
    let make = if scene.types == DATE {
        "date"
    } else {
        "timestamp"
    };
    MakerToml::new(make).with("min", first).with("max", last)
}

/// After another column of some type, from a number of days to another.
fn after(scene: &Scene, (of, types): (&str, Types), least: i64, most: i64) -> MakerToml {
    let (unit, kind) = match scene.types == DATE {
        true => (1, "date"),
        false => (86_400, "timestamp"),
    };
    let maker = MakerToml::new("after").with("of", of);
    let maker = match types == scene.types {
        true => maker,
        false => maker.with("as", kind),
    };
    maker.with("min", least * unit).with("max", most * unit)
}

/// The sibling that says when the row was made: of this column's type, or of the other group.
fn made_at<'a>(scene: &Scene<'a>) -> Option<&'a MatchedSibling<'a>> {
    let is = |it: &&MatchedSibling| {
        WHEN.has(it.types) && it.prefix.is_empty() && it.rule.is_some_and(says_created)
    };
    let found = scene.siblings.iter().copied().filter(is);
    let rank = |it: &&MatchedSibling| {
        let is_created = it.column.name.to_lowercase().starts_with("creat");
        (it.types != scene.types, !is_created)
    };
    found.min_by_key(rank)
}

/// A sibling with its type, as [`after`] takes it.
fn typed<'a>(sibling: &MatchedSibling<'a>) -> (&'a str, Types) {
    (sibling.column.name, sibling.types)
}

/// Rises with the row; not before the parent's, where that has one.
fn created(scene: &Scene) -> Option<Made> {
    if let Some(base) = made_at(scene)
        && is_before(base.column.name, scene.column.name)
    {
        return Some(Made::new(after(scene, typed(base), 0, 30)).null(0.0));
    }
    let most = if PERSON.contains(&scene.subject) {
        30
    } else {
        180
    };
    if let Some(made) = after_parent(scene, most) {
        return Some(made.null(0.0));
    }
    let window = window(scene, FIRST_DAY, LAST_DAY);
    Some(Made::new(window.with("rising", true)).null(0.0))
}

/// After the time of the row that a foreign key refers to.
fn after_parent(scene: &Scene, most: i64) -> Option<Made> {
    let parent = scene.column.parent?;
    let name = format!("{}_{}", parent.by, parent.column);
    let copy = MakerToml::new("copy")
        .with("by", parent.by)
        .with("column", parent.column);
    let maker = after(scene, (&name, Types::of(parent.data_type)), 0, most);
    Some(Made::new(maker).with_hidden(&name, copy))
}

/// Of two columns that say when a row was made, the one that the other comes after: `created…`, then the first by name.
fn is_before(name: &str, other: &str) -> bool {
    let rank = |name: &str| (!name.to_lowercase().starts_with("creat"), name.to_owned());
    rank(name) < rank(other)
}

/// After the row was made, or its parent; without a column for either, in the window.
fn later(scene: &Scene, least: i64, most: i64) -> Made {
    match made_at(scene) {
        Some(sibling) => Made::new(after(scene, typed(sibling), least, most)),
        None => after_parent(scene, most)
            .unwrap_or_else(|| Made::new(window(scene, FIRST_DAY, LAST_DAY))),
    }
}

fn updated(scene: &Scene) -> Option<Made> {
    Some(later(scene, 0, 90).null(0.0))
}

/// After the last change.
fn rare(scene: &Scene) -> Option<Made> {
    let updated = scene.siblings.iter().find(|it| {
        it.types == scene.types
            && it.prefix.is_empty()
            && it.rule.is_some_and(|rule| rule.columns == RULES[0].columns)
    });
    Some(match updated {
        Some(sibling) => Made::new(after(scene, typed(sibling), 0, 60)).null(0.95),
        None => later(scene, 1, 150).null(0.95),
    })
}

fn ahead(scene: &Scene) -> Option<Made> {
    Some(match start_of(scene).or_else(|| made_at(scene)) {
        Some(sibling) => Made::new(after(scene, typed(sibling), 14, 365)),
        None => Made::new(window(scene, LATER.0, LATER.1)),
    })
}

fn sometimes_later(scene: &Scene) -> Option<Made> {
    Some(later(scene, 0, 30).null(0.3))
}

/// The beginning that belongs to an end: of the same words before it.
fn start_of<'a>(scene: &Scene<'a>) -> Option<&'a MatchedSibling<'a>> {
    let begins = RULES[4].columns;
    let is = |it: &&MatchedSibling| {
        it.types == scene.types
            && it.prefix == scene.prefix
            && it.rule.is_some_and(|rule| rule.columns == begins)
    };
    scene.siblings.iter().copied().find(is)
}

fn end(scene: &Scene) -> Option<Made> {
    let Some(start) = start_of(scene) else {
        return Some(later(scene, 0, 60).null(0.2));
    };
    let longest = match scene.subject {
        "appointment" | "consultation" | "visit" | "slot" | "call" => 5_400,
        _ => 28_800,
    };
    let made = match scene.types {
        DATE => after(scene, typed(start), 0, 60),
        _ => MakerToml::new("after")
            .with("of", start.column.name)
            .with("min", 600)
            .with("max", longest),
    };
    Some(Made::new(made).null(0.1))
}

/// Never NULL: its end may need it.
fn start(scene: &Scene) -> Option<Made> {
    Some(later(scene, 0, 60).null(0.0))
}

fn founded(scene: &Scene) -> Option<Made> {
    Some(Made::new(window(scene, "1950-01-01", "2021-12-31")))
}

fn sometime(scene: &Scene) -> Option<Made> {
    Some(Made::new(window(scene, FIRST_DAY, LAST_DAY)).guess())
}
