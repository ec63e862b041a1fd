//! Yes and no: as booleans, as 0 and 1, as Y and N.

use crate::infer::domain::MakerToml;
use crate::infer::names::made::one_of;
use crate::infer::names::rule::Make::By;
use crate::infer::names::rule::{Made, Scene};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::tokens;
use crate::infer::names::types::{BOOL, INT, TEXT};

/// Rules about flags.
pub const RULES: &[Rule] = rules! {
    "is *|has *|can *|allow *|show *|enable *|should *|use *|needs *|requires *|was *|send *|allows *|accepts *|receive *|notify *|must *|flag *|include *|hide *|in *" [] BOOL, 0 => By(flag), "yes or no", "users.is_active";
    "flag|indicator|yn" [] BOOL, 0 => By(flag), "yes or no", "orders.gift_flag";
    "active|enabled|deleted|visible|hidden|archived|published|verified|approved|default|primary|locked|blocked|banned|admin|public|private|confirmed|available|completed|closed|paid|read|required|optional|featured|internal|valid|draft|processed|sent|favorite|pinned|sticky|spam|nsfw|removed|disabled|system|current|final|test|taxable|billable|refundable|online|in stock|discontinued|subscribed|opt in|newsletter|done|resolved|accepted|success|successful|failed|anonymous|automatic|manual|recurring|mandatory|unread|seen|starred|local|remote|bot|staff|superuser|suspended|open|expired|cancelled|canceled|revoked|redeemed|used|shipped|delivered|returned|sold|reserved|overdue|urgent|important|shared|editable|readonly|read only|downloadable|virtual|manager|vip|married|smoker|insured|certified|fragile|perishable|organic|vegetarian|vegan|correct|attended|present|absent|checked|selected|ignored|merged|synced|imported|exported|encrypted|compressed|fulfilled|yanked|protected|trusted|secure|dismissed|muted|two factor enabled|email verified|terms accepted|gdpr consent|consent|marketing consent|notifications|email notifications|sms notifications"
        [] BOOL, 0 => By(flag), "yes or no", "users.active";
    "is *|has *|can *|allow *" [] INT, 0 => By(zero_or_one), "0 or 1", "users.is_active";
    "active|enabled|deleted|visible|hidden|published|verified|approved|default|locked|flag|archived|featured" [] INT, 0 => By(zero_or_one), "0 or 1", "users.deleted";
    "is *|has *|can *|allow *" [] TEXT, 1 => By(letter), "Y or N", "users.is_active";
    "active|enabled|deleted|visible|flag|yn|indicator" [] TEXT, 1 => By(letter), "Y or N", "users.active";
};

/// Words that are mostly true of a row.
const MOSTLY: &[&str] = &[
    "active",
    "enabled",
    "visible",
    "published",
    "verified",
    "approved",
    "public",
    "confirmed",
    "available",
    "valid",
    "taxable",
    "billable",
    "in stock",
    "accepted",
    "success",
    "successful",
    "online",
    "open",
    "current",
    "editable",
    "allowed",
    "refundable",
    "subscribed",
    "required",
    "show",
    "allow",
    "enable",
    "email verified",
    "searchable",
    "insured",
    "correct",
    "attended",
    "present",
    "processed",
    "stock",
    "notifications",
    "consent",
];

/// Words that are seldom true of a row.
const SELDOM: &[&str] = &[
    "deleted",
    "hidden",
    "archived",
    "locked",
    "blocked",
    "banned",
    "admin",
    "disabled",
    "spam",
    "nsfw",
    "removed",
    "system",
    "test",
    "superuser",
    "staff",
    "suspended",
    "draft",
    "failed",
    "discontinued",
    "bot",
    "expired",
    "cancelled",
    "canceled",
    "revoked",
    "pinned",
    "sticky",
    "anonymous",
    "internal",
    "private",
    "overdue",
    "yanked",
    "moderator",
    "owner",
    "returned",
    "urgent",
    "vip",
    "muted",
    "protected",
    "gift",
    "featured",
    "error",
    "dismissed",
    "template",
    "fragile",
    "perishable",
    "absent",
    "merged",
    "confidential",
    "restricted",
    "hide",
];

/// How often a flag is set.
fn chance(scene: &Scene) -> (f64, bool) {
    let words = tokens::of_column(scene.column.name);
    let negated = words
        .iter()
        .any(|it| it == "not" || it == "no" || it == "never");
    let has = |of: &[&str]| words.iter().any(|word| of.contains(&word.as_str()));
    let (chance, sure) = match (has(SELDOM), has(MOSTLY)) {
        (true, _) => (0.04, true),
        (false, true) => (0.92, true),
        _ if has(&["default", "primary", "main"]) => (0.3, true),
        _ => (0.4, false),
    };
    (if negated { 1.0 - chance } else { chance }, sure)
}

fn flag(scene: &Scene) -> Option<Made> {
    let (chance, sure) = chance(scene);
    let made = Made::new(MakerToml::new("boolean").with("chance", chance));
    Some(if sure { made } else { made.guess() })
}

/// So many of 25, for weights.
fn in_25(chance: f64) -> (i64, i64) {
    match chance {
        it if it < 0.1 => (24, 1),
        it if it > 0.9 => (2, 23),
        _ => (15, 10),
    }
}

fn zero_or_one(scene: &Scene) -> Option<Made> {
    let (no, yes) = in_25(chance(scene).0);
    let maker = MakerToml::new("one-of").with("values", vec![0, 1]);
    Some(Made::new(maker.with("weights", vec![no, yes])))
}

fn letter(scene: &Scene) -> Option<Made> {
    let (no, yes) = in_25(chance(scene).0);
    match scene.longest {
        1 => Some(Made::new(one_of(&["N", "Y"], &[no, yes]))),
        2..=5 => Some(Made::new(one_of(&["no", "yes"], &[no, yes]))),
        _ => None,
    }
}
